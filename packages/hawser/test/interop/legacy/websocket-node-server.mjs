// A server with websocket, the package, that does what the path says (see legacy-suite.ts). Prints its port, then how each connection ended.
import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import process from "node:process";
import websocket from "websocket";

const LIMIT = 4 * 1024 * 1024;
const onMessage = {
  "/echo": (ws, data) => ws.send(data),
  "/fragments": (ws, data) => {
    // It cuts what is longer than this, which is one setting for all connections.
    const { config } = ws;
    const { fragmentationThreshold } = config;
    config.fragmentationThreshold = Math.max(1, Math.ceil(Buffer.byteLength(data) / 3));
    ws.send(data);
    config.fragmentationThreshold = fragmentationThreshold;
  },
  "/bye": (ws, _data, query) => ws.close(Number(query.get("code") ?? 1000), query.get("reason") ?? ""),
  "/ping": (ws, data) => ws.ping(data),
};

const http = createServer();
const server = new websocket.server({
  httpServer: http,
  keepalive: false,
  maxReceivedFrameSize: LIMIT,
  maxReceivedMessageSize: LIMIT,
});
server.on("request", (request) => {
  const { pathname: path, searchParams: query } = new URL(request.resource, "http://a");
  const ws = request.accept(request.requestedProtocols[0], request.origin);
  ws.on("message", (message) => onMessage[path]?.(ws, message.utf8Data ?? message.binaryData, query));
  ws.on("pong", (payload) => ws.send(`pong ${payload}`));
  ws.on("close", (code, reason) => console.log(JSON.stringify({ id: query.get("id"), code, reason })));
});

http.listen(0, "127.0.0.1", () => console.log(http.address().port));
process.stdin.resume().on("end", () => process.exit());
