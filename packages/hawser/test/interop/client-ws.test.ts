// Our client with a server of ws, the package of that name.
import { describeServer } from "./client-suite.ts";
import { wsServer } from "./server-process.ts";

describeServer(wsServer);
