// undici's WebSocket against our server.
import { describePeer } from "./peer-suite.ts";
import { undici } from "./undici-peer.ts";

describePeer(undici);
