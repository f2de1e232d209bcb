// Chromium's own WebSocket against our server.
import { chromiumIsThere, startChromium } from "./chromium-peer.ts";
import { describePeer } from "./peer-suite.ts";

describePeer({
  name: "Chromium",
  start: startChromium,
  isThere: chromiumIsThere,
  install: "apt-get install chromium",
});
