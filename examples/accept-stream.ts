// A server of your own: any stream, the request looked at first, and a plain loop that reads.
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { fileURLToPath } from "node:url";
import { acceptStream } from "hawser";

async function serveOne(socket: Socket): Promise<void> {
  const pending = await acceptStream(socket);
  if (!pending.ok) {
    // No WebSocket was asked for, or not rightly. The client has had its HTTP answer.
    console.log(`refused with ${pending.error.status}: ${pending.error.message}`);
    return;
  }
  if (pending.request.path !== "/echo") {
    await pending.refuse(404, "there is only /echo");
    return;
  }
  const ws = await pending.accept({ headers: { "x-greeting": "hello" } });
  // Undefined is the end, for whatever reason: a client that vanishes throws nothing here.
  for (let message = await ws.receive(); message !== undefined; message = await ws.receive()) {
    ws.send(message);
  }
  const { code, cause } = await ws.closed;
  console.log(`client quit: ${code}, ${cause}`);
}

export async function start(
  port = 8084,
  tls?: { key: string; cert: string },
): Promise<{ url: string; close(): void }> {
  const listener = (socket: Socket) => void serveOne(socket);
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((listening) => server.listen(port, listening));
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "ws" : "wss"}://127.0.0.1:${taken}/echo`,
    close: () => void server.close(),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await start(Number(process.env["PORT"] ?? 8084));
  console.log(url);
}
