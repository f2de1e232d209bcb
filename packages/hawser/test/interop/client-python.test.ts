// Our client with a server of Python's websockets.
import { describeServer } from "./client-suite.ts";
import { pythonServer } from "./server-process.ts";

describeServer(pythonServer);
