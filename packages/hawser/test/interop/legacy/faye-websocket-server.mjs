// A server with faye-websocket that does what the path says (see legacy-suite.ts). Prints its port, then how each connection ended.
import { createServer } from "node:http";
import process from "node:process";
import WebSocket from "faye-websocket";

const onMessage = {
  "/echo": (ws, data) => ws.send(data),
  "/bye": (ws, _data, query) => ws.close(Number(query.get("code") ?? 1000), query.get("reason") ?? ""),
};

const server = createServer();
server.on("upgrade", (request, socket, head) => {
  const { pathname: path, searchParams: query } = new URL(request.url, "http://a");
  const ws = new WebSocket(request, socket, head);
  ws.onmessage = ({ data }) => onMessage[path]?.(ws, data, query);
  ws.onclose = ({ code, reason }) => console.log(JSON.stringify({ id: query.get("id"), code, reason }));
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit());
