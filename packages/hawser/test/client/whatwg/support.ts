// What the tests of WebSocket and WebSocketStream share: servers over ws and wss, honest ones and scripted ones, and a record of events.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type ServeOptions, type Session, serve } from "hawser";
import { afterEach } from "vitest";
import type { WebSocket } from "../../../src/client/whatwg/websocket.ts";
import { acceptFor } from "../../../src/handshake/key.ts";
import { certificateFor } from "../../serve/support/certificates.ts";
import { RawClient } from "../../support/raw-client.ts";

/** The two ways to connect, for `describe.each`. */
export const schemes = ["ws", "wss"] as const;
export type Scheme = (typeof schemes)[number];

/** Where to connect to, and what is needed for it beyond the standard. */
export interface Place {
  readonly url: string;
  readonly options: { readonly tls?: { readonly ca: string } };
}

const ends: (() => unknown)[] = [];

/** Has something undone when the test is over. */
export function later(undo: () => unknown): void {
  ends.push(undo);
}

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function placeOf(scheme: Scheme, port: number): Place {
  return {
    url: `${scheme}://localhost:${port}/`,
    options: scheme === "wss" ? { tls: { ca: certificateFor("localhost").cert } } : {},
  };
}

/** A server of ours, with this session for each connection. Default: it sends back what it gets. */
export async function serveWith(
  scheme: Scheme,
  session: Session<any, any> = echo,
  options: Partial<ServeOptions> = {},
): Promise<Place & { readonly size: () => number }> {
  const tls = scheme === "wss" ? { tls: certificateFor("localhost") } : {};
  const server = await serve(
    { port: 0, ...tls, ...options } as ServeOptions,
    session as Session<any, undefined>,
  );
  later(() => server.close({ deadline: 1000 }));
  return { ...placeOf(scheme, server.port), size: () => server.size };
}

const echo: Session<any, any> = async (ws) => {
  for await (const message of ws) ws.send(message);
};

/** One connection of a scripted server: it does nothing by itself. */
export class Peer extends RawClient {
  /** The request, once `requested` has read it. */
  request = "";

  async requested(): Promise<this> {
    this.request = await this.readHead();
    return this;
  }

  /** The value of a header of the request. */
  header(name: string): string | undefined {
    return new RegExp(`^${name}: (.*?)\r$`, "im").exec(this.request)?.[1];
  }

  /** The head of the right answer. */
  answer(lines: readonly string[] = []): Buffer {
    const accept = acceptFor(this.header("Sec-WebSocket-Key") ?? "");
    const own = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    return Buffer.from([...own, `Sec-WebSocket-Accept: ${accept}`, ...lines, "", ""].join("\r\n"));
  }

  /** Says yes, and then, in the same write, what is given. */
  async accept(...more: readonly Uint8Array[]): Promise<this> {
    await this.requested();
    this.socket.write(Buffer.concat([this.answer(), ...more]));
    return this;
  }
}

/** A server that does as it is told with each connection. */
export async function scripted(
  scheme: Scheme,
  act: (peer: Peer) => unknown,
): Promise<Place & { readonly connections: () => number }> {
  const sockets = new Set<Socket>();
  let count = 0;
  const onSocket = (socket: Socket) => {
    count += 1;
    void act(new Peer(socket));
  };
  const server: NetServer =
    scheme === "ws"
      ? createServer({ allowHalfOpen: true }, onSocket)
      : createTlsServer({ allowHalfOpen: true, ...certificateFor("localhost") }, onSocket);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "localhost");
  await once(server, "listening");
  later(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return { ...placeOf(scheme, (server.address() as AddressInfo).port), connections: () => count };
}

/** What happened at a WebSocket, in words: `open 1`, `message 1 hello`, `close 3 1000 bye clean`. The number is the ready state. */
export function record(ws: WebSocket): { readonly events: string[]; readonly closed: Promise<CloseFacts> } {
  const events: string[] = [];
  ws.addEventListener("open", () => events.push(`open ${ws.readyState}`));
  ws.addEventListener("message", ({ data }) => events.push(`message ${ws.readyState} ${wordsFor(data)}`));
  ws.addEventListener("error", () => events.push(`error ${ws.readyState}`));
  const closed = new Promise<CloseFacts>((resolve) => {
    ws.addEventListener("close", ({ code, reason, wasClean }) => {
      events.push(`close ${ws.readyState} ${code} ${reason}${wasClean ? " clean" : ""}`);
      resolve({ code, reason, wasClean });
    });
  });
  return { events, closed };
}

export interface CloseFacts {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

function wordsFor(data: unknown): string {
  if (data instanceof ArrayBuffer) return `buffer ${Buffer.from(data).toString("hex")}`;
  return data instanceof Blob ? `blob ${data.size}` : String(data);
}

/** The next event of a type. */
export async function next<Fired extends Event = MessageEvent>(
  target: EventTarget,
  type: string,
): Promise<Fired> {
  const [event] = (await once(target, type)) as [Fired];
  return event;
}

/** What a function throws. */
export function thrownBy(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it threw nothing");
}

/** Calls a function with arguments that its types do not allow. */
export function loosely(made: any): any {
  return made;
}

/** Puts a page around the test. */
export function page(location: object): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, "location");
  Object.defineProperty(globalThis, "location", { value: location, configurable: true });
  later(() => {
    if (before === undefined) Reflect.deleteProperty(globalThis, "location");
    else Object.defineProperty(globalThis, "location", before);
  });
}
