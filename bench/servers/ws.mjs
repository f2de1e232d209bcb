// npm ws: echo on "/", and what comes to /pub goes to everybody on /sub.
import { WebSocketServer } from "ws";
import { announce, compression } from "./lifetime.mjs";

const subscribers = new Set();

function open(ws, { url }) {
  if (url === "/sub") {
    subscribers.add(ws);
    ws.on("close", () => subscribers.delete(ws));
  } else if (url === "/pub") {
    ws.on("message", (data, binary) => {
      for (const subscriber of subscribers) subscriber.send(data, { binary });
    });
  } else {
    ws.on("message", (data, binary) => ws.send(data, { binary }));
  }
}

const server = new WebSocketServer({
  port: 0,
  host: "127.0.0.1",
  perMessageDeflate: compression,
  clientTracking: false,
});
server.on("connection", open);
server.on("listening", () => announce(server.address().port));
