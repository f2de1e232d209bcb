// The floor under every server on Node: a socket that sends back what comes, with no WebSocket in it.
import { createServer } from "node:net";
import { announce } from "./lifetime.mjs";

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("data", (chunk) => socket.write(chunk));
  // The load generator resets its connections when it is done.
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => announce(server.address().port));
