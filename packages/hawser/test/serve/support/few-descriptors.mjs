// A server for a process that has few descriptors. Prints its port, and ends when its stdin does.
import { serve } from "../../../src/index.ts";

const server = await serve({ port: 0, host: "127.0.0.1" }, async (ws) => {
  for await (const message of ws) ws.send(message);
});
console.log(server.port);
for await (const _ of process.stdin);
await server.close({ deadline: 100 });
