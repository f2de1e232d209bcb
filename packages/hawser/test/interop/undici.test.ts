// undici's WebSocket against our server.
import { describePeer } from "./peer-suite.ts";
import { startUndici } from "./undici-peer.ts";

describePeer({ name: "undici", start: startUndici, isThere: true, install: "npm install" });
