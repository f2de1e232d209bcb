// Chromium's own WebSocket against our server.
import { describePeer } from "./peer-suite.ts";
import { chromium } from "./chromium-peer.ts";

describePeer(chromium);
