// A server that does with its sockets what a test says, and knows which of them are still open.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { eventually, type Guard } from "../../serve/support/guard.ts";

/** Where to listen. Default: a free port of 127.0.0.1. */
export interface ListenerOptions {
  readonly host?: string;
  readonly path?: string;
  readonly tls?: TlsOptions;
}

/** A server, and the sockets that came to it. */
export interface Listener {
  readonly port: number;
  /** Every socket that came, in order. */
  readonly sockets: readonly Socket[];
  /** How many of them are open. */
  open(): number;
  /** Waits for the socket with this number. */
  socket(index?: number): Promise<Socket>;
}

/** Listens until the test is over. By then all sockets must be closed, without the server's doing. */
export async function listen(
  guard: Guard,
  onSocket: (socket: Socket) => void = () => undefined,
  { tls, path, host = "127.0.0.1" }: ListenerOptions = {},
): Promise<Listener> {
  const sockets: Socket[] = [];
  let open = 0;
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on("connection", (socket: Socket) => {
    open += 1;
    socket.on("close", () => {
      open -= 1;
    });
    socket.on("error", () => undefined);
  });
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.on("tlsClientError", () => undefined);
  if (path === undefined) server.listen(0, host);
  else server.listen(path);
  await once(server, "listening");
  guard.closing({ close: () => server.close(), busy: () => open });
  const address = server.address() as AddressInfo | string;
  return {
    port: typeof address === "string" ? 0 : address.port,
    sockets,
    open: () => open,
    async socket(index = 0) {
      await eventually(() => sockets.length > index, `socket ${index} at the server`);
      return sockets[index] as Socket;
    },
  };
}

/** A port of 127.0.0.1 where nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Reads until the end of a request's head, and calls with it and with what came behind it, once. */
export function onHead(socket: Socket, use: (head: string, rest: Buffer) => void): void {
  let bytes = Buffer.alloc(0);
  const read = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) return;
    socket.off("data", read);
    use(bytes.toString("latin1", 0, end + 2), bytes.subarray(end + 4));
  };
  socket.on("data", read);
}
