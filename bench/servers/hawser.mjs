// An echo server on hawser, by hooks. Prints its port.
import { serve } from "hawser";

const echo = {
  message(ws, message) {
    ws.send(message);
  },
};
const server = await serve({ port: 0, host: "127.0.0.1", limits: { message: 16 * 1024 * 1024 } }, echo);
console.log(server.port);
