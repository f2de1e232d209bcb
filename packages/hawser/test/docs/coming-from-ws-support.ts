// What the snippets of "Coming from ws" talk to: servers and clients of `ws`, closed behind each test.
import { once } from "node:events";
import { createServer as createHttpServer, Server as HttpServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Server as NetServer } from "node:net";
import { type Connection, type Server, serve } from "hawser";
import { onTestFinished } from "vitest";
import { type ServerOptions, WebSocket, WebSocketServer } from "ws";
import type { ConnectOptions, PeerSocket } from "../interop/peer.ts";
import { ws as wsPeer } from "../interop/ws-peer.ts";

const port = 0;

/** Both ways to do a thing, for `test.each`: a title and the function. */
export function both<Ws, Hawser>(ws: Ws, hawser: Hawser): readonly (readonly [string, Ws | Hawser])[] {
  return [
    ["ws", ws],
    ["Hawser", hawser],
  ];
}

/** The URL of a server that listens or is about to; closes it behind the test. */
export async function urlOf(server: WebSocketServer | HttpServer | Server): Promise<string> {
  if (server instanceof WebSocketServer) return urlOfWs(server);
  if (server instanceof HttpServer) return urlOfHttp(server);
  onTestFinished(async () => void (await server.close()));
  return local(server.port);
}

async function urlOfWs(server: WebSocketServer): Promise<string> {
  onTestFinished(() => {
    // Not there with clientTracking: false, whatever the types say.
    for (const client of (server.clients as Set<WebSocket> | undefined) ?? []) client.terminate();
    server.close();
  });
  if (server.address() === null) await once(server, "listening");
  return local((server.address() as AddressInfo).port);
}

async function urlOfHttp(server: HttpServer): Promise<string> {
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  if (!server.listening) await once(server, "listening");
  return local((server.address() as AddressInfo).port);
}

/** The port of a server of any kind, for which it listens; closes it behind the test. */
export async function portOf(server: NetServer): Promise<number> {
  onTestFinished(() => void server.close());
  server.listen(port);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** All servers listen on both families. */
export function local(taken: number): string {
  return `ws://127.0.0.1:${taken}`;
}

/** An HTTP server that answers "hello"; the snippet has it listen. */
export function helloServer(): HttpServer {
  return createHttpServer((_request, response) => void response.end("hello"));
}

/** A client of `ws` that is connected. Rejects with `PeerRefused`, which has the status. */
export async function dial(url: string, options?: ConnectOptions): Promise<PeerSocket> {
  const peer = await wsPeer.start();
  const socket = await peer.connect(url, options);
  onTestFinished(() => socket.drop());
  return socket;
}

/** The status with which a client is refused, if it is. */
export async function refusalOf(url: string, options?: ConnectOptions): Promise<unknown> {
  return dial(url, options).then(
    () => undefined,
    (error: { status?: unknown; message: string }) => error.status ?? error.message,
  );
}

/** A server of `ws` for clients to talk to, that does this with each connection. */
export async function peerServer(
  welcome: (ws: WebSocket, request: IncomingMessage) => unknown = () => undefined,
  options: Omit<ServerOptions, "port"> = {},
): Promise<string> {
  const server = new WebSocketServer({ ...options, ...(options.server === undefined && { port }) });
  server.on("connection", welcome);
  if (options.server === undefined) return urlOf(server);
  options.server.listen(port);
  return urlOf(options.server);
}

/** A server's end of a connection of `ws`, and its peer. */
export async function wsPair(): Promise<{ ws: WebSocket; peer: PeerSocket }> {
  const server = new WebSocketServer({ port });
  const url = await urlOf(server);
  const connected = once(server, "connection");
  const peer = await dial(url);
  const [ws] = await connected;
  if (!(ws instanceof WebSocket)) throw new TypeError("no WebSocket");
  ws.on("error", () => undefined);
  return { ws, peer };
}

/** A server's end of a connection of ours, and its peer. */
export async function hawserPair(): Promise<{ ws: Connection; peer: PeerSocket }> {
  return new Promise((resolve, reject) => {
    const session = (ws: Connection) => {
      dialled.then((peer) => resolve({ ws, peer }), reject);
      return ws.closed;
    };
    const dialled = serve({ port }, session).then(urlOf).then(dial);
  });
}

type Pair = Awaited<ReturnType<typeof wsPair>> | Awaited<ReturnType<typeof hawserPair>>;

/** For `test.each`: a title, and what opens a connection, at whose end the snippet is to run, with its peer. */
export function ends<Result>(
  viaWs: (ws: WebSocket) => Result,
  viaHawser: (ws: Connection) => Result,
): readonly (readonly [string, () => Promise<{ peer: Pair["peer"]; run: () => Result }>])[] {
  const atWs = async () => {
    const { ws, peer } = await wsPair();
    return { peer, run: () => viaWs(ws) };
  };
  const atHawser = async () => {
    const { ws, peer } = await hawserPair();
    return { peer, run: () => viaHawser(ws) };
  };
  return both(atWs, atHawser);
}

/** Terminates a client behind the test. */
export function dropped(ws: WebSocket | Connection): void {
  onTestFinished(() => void ws.terminate());
}
