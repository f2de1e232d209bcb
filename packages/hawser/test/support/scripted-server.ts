// A server for tests of clients, TCP or TLS on port 0: it reads the request, and then does what its script says, right or wrong.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { ReadFrame } from "./frames.ts";
import { Mailbox } from "./mailbox.ts";
import { RawClient } from "./raw-client.ts";

/** What a client asked. */
export interface Asked {
  readonly line: string;
  /** By name in lower case; several lines joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string;
}

/** What differs from the answer that is right. */
export interface AnswerChanges {
  /** The status line. Default: HTTP/1.1 101 Switching Protocols. */
  readonly line?: string;
  /** Values instead of the right ones, undefined for none, several for several lines; other names are added. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Lines as they are, behind the others. */
  readonly raw?: string;
}

/** RFC 6455 §4.2.2(5.4), in the words of the RFC. */
export function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** The bytes of a 101 (latin1). */
export function answerTo(key: string, { line, headers = {}, raw = "" }: AnswerChanges = {}): Buffer {
  const right = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": acceptOf(key) };
  const lines = Object.entries({ ...right, ...headers }).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${name}: ${one}\r\n`),
  );
  const first = line ?? "HTTP/1.1 101 Switching Protocols";
  return Buffer.from(`${first}\r\n${lines.join("")}${raw}\r\n`, "latin1");
}

/** The bytes of any other answer: its lines, an empty one, and the body. */
export function refusal(lines: readonly string[], body: string | Uint8Array = ""): Buffer {
  const head = Buffer.from([...lines, "", ""].join("\r\n"), "latin1");
  return Buffer.concat([head, Buffer.from(body as Uint8Array)]);
}

/** One client, seen from its server: bytes out as they are said, frames in. Nothing is closed by itself. */
export class Caller extends RawClient {
  readonly #tcp: Socket;

  /** @param tcp the socket that TLS is spoken on; default: there is no TLS */
  constructor(socket: Socket, tcp = socket) {
    super(socket);
    this.#tcp = tcp;
  }

  /** Reads the request. */
  async asked(): Promise<Asked> {
    const [line = "", ...lines] = (await this.readHead()).trimEnd().split("\r\n");
    const headers: Record<string, string> = {};
    for (const text of lines) {
      const [name = "", value = ""] = text.split(/: ?(.*)/s);
      const known = headers[name.toLowerCase()];
      headers[name.toLowerCase()] = known === undefined ? value : `${known}, ${value}`;
    }
    return { line, headers, key: headers["sec-websocket-key"] ?? "" };
  }

  /** Reads the request, and says yes. */
  async accept(changes?: AnswerChanges): Promise<Asked> {
    const asked = await this.asked();
    this.write(answerTo(asked.key, changes));
    return asked;
  }

  /** Reads the request, and says what is given. */
  async answer(...bytes: readonly (string | Uint8Array)[]): Promise<Asked> {
    const asked = await this.asked();
    this.write(...bytes);
    return asked;
  }

  write(...pieces: readonly (string | Uint8Array)[]): void {
    const bytes = pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece, "latin1") : piece));
    this.socket.write(Buffer.concat(bytes));
  }

  end(): void {
    this.socket.end();
  }

  /** All frames up to a Close, which ends our half as RFC 6455 §7.1.1 wants it of a server, and then up to the client's end. */
  async framesToClose(): Promise<ReadFrame[]> {
    const frames: ReadFrame[] = [];
    for (let frame = await this.frame(); frame !== undefined; frame = await this.frame()) {
      frames.push(frame);
      if (frame.opcode === 8) this.end();
    }
    return frames;
  }

  /** The client has ended its half, or is gone. */
  get ended(): boolean {
    return this.socket.readableEnded || this.socket.destroyed;
  }

  /** What was written is with the system. */
  drained(): Promise<unknown> {
    return new Promise((resolve) => this.socket.once("drain", resolve));
  }

  /** Nothing can be written any more. */
  gone(): Promise<unknown> {
    return new Promise((resolve) => {
      if (this.socket.destroyed) resolve(undefined);
      else this.socket.once("close", resolve);
    });
  }

  /** Goes with a reset of TCP: the client sees ECONNRESET. */
  reset(): void {
    // As `resetAndDestroy`, which sends a FIN before.
    Object.assign(this.#tcp, { resetAndClosing: true });
    this.#tcp.destroy();
    this.socket.destroy();
  }
}

/** What is done with each client, the first being number 0. What it throws fails the test at `close`. */
export type Script = (caller: Caller, nth: number) => unknown;

/** How a server listens. */
export interface ScriptedOptions {
  readonly tls?: TlsOptions | undefined;
  /** Default: 127.0.0.1. */
  readonly host?: string;
}

/** A server that plays a script. */
export class ScriptedServer {
  readonly port: number;
  readonly host: string;
  /** Clients as they come, for tests that go on where the script ends. */
  readonly callers: Mailbox<Caller> = new Mailbox();
  /** How many came. */
  count = 0;
  /** How many are there. */
  open = 0;
  readonly #server: Server;
  readonly #secure: boolean;
  readonly #sockets = new Set<Socket>();
  readonly #failures: unknown[] = [];

  private constructor(server: Server, secure: boolean, host: string) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.port = address.port;
    this.host = host;
    this.#server = server;
    this.#secure = secure;
  }

  /** Listens. Without a script clients only wait in `callers`. */
  static async listen(
    script: Script = () => undefined,
    { tls, host = "127.0.0.1" }: ScriptedOptions = {},
  ): Promise<ScriptedServer> {
    const server =
      tls === undefined
        ? createServer({ allowHalfOpen: true })
        : createTlsServer({ ...tls, allowHalfOpen: true });
    await once(server.listen(0, host), "listening");
    const scripted = new ScriptedServer(server, tls !== undefined, host);
    // Under TLS the sockets below count: those whose handshake never ends must be closed too.
    server.on("connection", (socket: Socket) => scripted.#keep(socket));
    server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      scripted.#play(script, socket);
    });
    // A client that does not like our certificate is what some tests are about.
    server.on("tlsClientError", () => undefined);
    return scripted;
  }

  /** With the address, or with a name that the certificate is for. */
  url(path = "/", name: string = this.host): string {
    return `${this.#secure ? "wss" : "ws"}://${name}:${this.port}${path}`;
  }

  /** How many there are, for `Guard.closing`. */
  busy(): number {
    return this.open;
  }

  /** Drops everybody. Throws what a script threw. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  #keep(socket: Socket): void {
    this.open += 1;
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.open -= 1;
      this.#sockets.delete(socket);
    });
  }

  #play(script: Script, socket: Socket): void {
    const tcp = [...this.#sockets].find(({ remotePort }) => remotePort === socket.remotePort);
    const caller = new Caller(socket, tcp);
    const nth = this.count;
    this.count += 1;
    this.callers.put(caller);
    const played = (async () => script(caller, nth))();
    played.catch((error: unknown) => this.#failures.push(error));
  }
}
