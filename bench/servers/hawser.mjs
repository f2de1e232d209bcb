// Hawser, by hooks: echo on "/", and what comes to /pub goes to everybody on /sub.
import { broadcast, serve } from "hawser";
import { announce, compression, maxMessage } from "./lifetime.mjs";

const subscribers = new Set();

const echo = {
  message(ws, message) {
    ws.send(message);
  },
};

const publisher = {
  message(_ws, message) {
    broadcast(subscribers, message);
  },
};

const subscriber = {
  open(ws) {
    subscribers.add(ws);
  },
  close(ws) {
    subscribers.delete(ws);
  },
};

const server = await serve(
  {
    port: 0,
    host: "127.0.0.1",
    limits: { message: maxMessage },
    resources: { "/pub": publisher, "/sub": subscriber },
    ...(compression && { compression: true }),
  },
  echo,
);
announce(server.port);
