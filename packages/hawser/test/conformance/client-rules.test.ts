// Echo clients over sockets, put to the questions that conformance suites ask.
import { clients } from "./echo-client.ts";
import { describeRules } from "./rules.ts";

for (const [name, start] of Object.entries(clients))
  describeRules(`an echo client over ${name}`, "client", start);
