// Python's websockets against our server.
import { describePeer } from "./peer-suite.ts";
import { python } from "./python-peer.ts";

describePeer(python);
