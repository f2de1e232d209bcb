// ws, the package of that name, against our server.
import { describePeer } from "./peer-suite.ts";
import { ws } from "./ws-peer.ts";

describePeer(ws);
