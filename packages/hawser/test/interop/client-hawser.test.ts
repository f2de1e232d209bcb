// Our client with our own server.
import { describeServer } from "./client-suite.ts";
import { hawserServer } from "./server-process.ts";

describeServer(hawserServer);
