// websocket-driver, of npm, as a server of hixie-75, hixie-76 and RFC 6455.
import { describeLegacyServer } from "./legacy-suite.ts";
import { node } from "./programs.ts";

describeLegacyServer({
  name: "websocket-driver",
  isThere: true,
  install: "npm install",
  command: node("websocket-driver-server.mjs"),
  versions: [{ version: "hixie-75" }, { version: "hixie-76" }, { version: "rfc6455" }],
  refused: [
    ["hybi-07", 400],
    ["hybi-08", 400],
  ],
  can: { fragments: false, ping: true },
});
