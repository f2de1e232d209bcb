// An echo server on hawser, as a session. Prints its port.
import { serve } from "hawser";

const server = await serve(
  { port: 0, host: "127.0.0.1", limits: { message: 16 * 1024 * 1024 } },
  async (ws) => {
    for await (const message of ws) ws.send(message);
  },
);
console.log(server.port);
