// A server in a process that has few descriptors left. Prints its port, and ends when its stdin does.
import { closeSync, openSync } from "node:fs";
import { serve } from "../../../src/index.ts";

const LEFT = 20;

const server = await serve({ port: 0, host: "127.0.0.1" }, async (ws) => {
  for await (const message of ws) ws.send(message);
});
// What is loaded at first use is loaded now, while there are descriptors for it.
console.log(server.port);
await new Promise((resolve) => process.stdin.once("data", resolve));

const held = [];
try {
  for (;;) held.push(openSync("/dev/null"));
} catch (error) {
  if (error.code !== "EMFILE") throw error;
}
for (const descriptor of held.splice(0, LEFT)) closeSync(descriptor);
console.log("ready");
for await (const _ of process.stdin);
for (const descriptor of held) closeSync(descriptor);
await server.close({ deadline: 100 });
