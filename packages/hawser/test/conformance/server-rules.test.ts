// Echo servers over sockets, put to the questions that conformance suites ask.
import { servers } from "./echo-server.ts";
import { describeRules } from "./rules.ts";

for (const [name, start] of Object.entries(servers))
  describeRules(`an echo server by ${name}`, "server", start);
