// Sending to a connection from outside: each client hears its id, and an HTTP request with that id reaches it, whichever process
// serves the client and whichever the request.
//
//   npx tsx examples/send-by-id.ts
//   curl -d 'your order has shipped' http://localhost:8080/send/1-1
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { defineHandler, type Pool, startPool } from "hawser";

export default defineHandler({
  open: (ws) => void ws.send(ws.id),
});

async function deliver(pool: Pool, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = /^\/send\/([\w-]+)$/.exec(request.url ?? "")?.[1];
  if (request.method !== "POST" || id === undefined) {
    response.writeHead(404).end();
    return;
  }
  const there = await pool.send(id, await text(request));
  response.writeHead(there ? 200 : 410).end(there ? "sent\n" : "gone\n");
}

const pool = await startPool({
  module: import.meta.url,
  workers: 2,
  port: Number(process.env["PORT"] ?? 8080),
  http: (request, response) => void deliver(pool, request, response).catch(() => response.destroy()),
});

if (pool.role === "primary") console.log(pool.url);
