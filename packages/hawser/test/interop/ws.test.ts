// ws, the client of the package of that name, against our server.
import { describePeer } from "./peer-suite.ts";
import { startWs } from "./ws-peer.ts";

describePeer({ name: "ws", start: startWs, isThere: true, install: "npm install" });
