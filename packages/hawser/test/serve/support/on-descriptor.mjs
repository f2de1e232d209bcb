// A server on a descriptor that listens already: the third, as systemd hands it over. Ends when its stdin does.
import { serve } from "../../../src/index.ts";

const server = await serve({ fd: 3 }, (ws) => {
  ws.send("by descriptor");
});
console.log(server.port, server.url);
for await (const _ of process.stdin);
await server.close({ deadline: 100 });
