// Beside Express, and beside another WebSocket library, on one port.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import express from "express";
import { broadcast, upgrade } from "hawser";
import { WebSocketServer } from "ws";

export async function start(port = 8082): Promise<{ url: string; close(): Promise<unknown> }> {
  const app = express();
  const http = createServer(app);

  // Only paths with a resource are answered here; all others are left to whoever else listens for "upgrade".
  const live = upgrade(http, {
    resources: {
      // Without a message hook, what clients send is read and dropped.
      "/live/:topic": {
        open: (ws) => ws.send(`you hear of ${ws.request.params["topic"] ?? ""}`),
      },
    },
  });

  // A plain request may speak to the WebSockets, since both are in one process.
  app.post("/announce/:text", (request, response) => {
    response.json({ heard: broadcast(live, request.params.text) });
  });

  const other = new WebSocketServer({ noServer: true });
  other.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  http.on("upgrade", (request, socket, head) => {
    const path = request.url ?? "";
    if (path === "/other") other.handleUpgrade(request, socket, head, (ws) => other.emit("connection", ws));
    // Somebody must answer what nobody wants: Node leaves such a socket open for ever.
    else if (!path.startsWith("/live/")) socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
  });

  await new Promise<void>((listening) => http.listen(port, listening));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async close() {
      http.close();
      await live.close();
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await start(Number(process.env["PORT"] ?? 8082));
  console.log(`${url} (WebSockets at /live/tea and /other)`);
}
