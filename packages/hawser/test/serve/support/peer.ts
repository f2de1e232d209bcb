// The other end in tests of servers: a bare socket, TCP or TLS, that says what it is told and writes down all it hears.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { expect } from "vitest";
import { masked, type ReadFrame, readFrames } from "../../support/frames.ts";

/** Where a server listens. */
export interface Target {
  readonly port?: number;
  readonly path?: string;
  readonly tls?: ConnectionOptions | undefined;
}

/** An HTTP answer. */
export interface Answer {
  readonly status: number;
  /** By name in lower case; several lines joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a server let go: a FIN, an error by its code, or a close without either. */
type End = "fin" | "closed" | (string & {});

/** One connection. It closes nothing by itself: what the server does to it can be seen. */
export class Peer {
  readonly socket: Socket;
  /** Set once the server has let go. */
  end: End | undefined;
  #ready = false;
  #chunks: Buffer[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(socket: Socket, readyEvent = "connect") {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.once(readyEvent, () => {
      this.#ready = true;
      this.#wake();
    });
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    socket.on("end", () => this.#ended("fin"));
    socket.on("error", (error) => this.#ended("code" in error ? String(error.code) : error.message));
    socket.on("close", () => this.#ended("closed"));
  }

  /** Connects, under TLS if the target says so; rejects if that fails. */
  static async dial(target: Target): Promise<Peer> {
    const { tls, path, port = 0 } = target;
    const place = path === undefined ? { port, host: "127.0.0.1" } : { path };
    const where = { ...place, allowHalfOpen: true };
    const socket = tls === undefined ? connectPlain(where) : connectTls({ ...where, ...tls });
    const peer = new Peer(socket, tls === undefined ? "connect" : "secureConnect");
    await peer.until(() => peer.#ready || peer.end !== undefined);
    if (peer.end !== undefined) throw new Error(`no connection: ${peer.end}`);
    return peer;
  }

  /** What came and was not taken yet. */
  get bytes(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = all.length === 0 ? [] : [all];
    return all;
  }

  get text(): string {
    return this.bytes.toString("latin1");
  }

  write(...pieces: readonly (string | Uint8Array)[]): this {
    this.socket.write(
      Buffer.concat(
        pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece, "latin1") : piece)),
      ),
    );
    return this;
  }

  /** Waits for the condition, looked at whenever something has happened. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The next `size` bytes, fewer if the server lets go before. */
  async take(size: number): Promise<Buffer> {
    await this.until(() => this.bytes.length >= size || this.end !== undefined);
    const taken = Buffer.from(this.bytes.subarray(0, size));
    this.#take(taken.length);
    return taken;
  }

  /** The next answer. Its body ends by Content-Length, or with the connection. */
  async answer(): Promise<Answer> {
    await this.until(() => this.text.includes("\r\n\r\n") || this.end !== undefined);
    const size = this.text.indexOf("\r\n\r\n") + 4;
    if (size === 3) throw new Error(`no answer but ${JSON.stringify(this.text)}, then ${this.end}`);
    const [first = "", ...lines] = this.text.slice(0, size - 4).split("\r\n");
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const [name = "", value = ""] = line.split(/: ?(.*)/s);
      const key = name.toLowerCase();
      headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
    }
    this.#take(size);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? Number.NaN);
    return { status, headers, body: await this.#body(status, headers) };
  }

  /** The handshake was accepted. */
  async opened(): Promise<Answer> {
    const answer = await this.answer();
    expect(answer).toMatchObject({ status: 101, headers: { upgrade: "websocket" } });
    return answer;
  }

  /** The next `count` frames, fewer if the server lets go before. */
  async frames(count = 1): Promise<ReadFrame[]> {
    await this.until(() => this.#wholeFrames().length >= count || this.end !== undefined);
    const frames = this.#wholeFrames().slice(0, count);
    this.#take(frames.reduce((sum, { size }) => sum + size, 0));
    return frames.map(({ frame }) => frame);
  }

  /** All frames until the server lets go. */
  framesToEnd(): Promise<ReadFrame[]> {
    return this.frames(Number.POSITIVE_INFINITY);
  }

  /** The text of the next message. */
  async message(): Promise<string> {
    const [frame] = await this.frames();
    expect(frame, `a message, not the end (${this.end})`).toMatchObject({ opcode: 1, fin: true });
    return frame!.payload.toString();
  }

  /** The code of the Close that comes next, and that nothing comes behind it. */
  async closeCode(): Promise<number> {
    const frames = await this.framesToEnd();
    expect(frames.map(({ opcode }) => opcode)).toEqual([8]);
    expect(this.bytes).toHaveLength(0);
    return frames[0]!.payload.readUInt16BE(0);
  }

  /** Sends a message and waits for it to come back. */
  async echo(text: string): Promise<void> {
    this.write(masked.text(text));
    expect(await this.message()).toBe(text);
  }

  /** Waits for the server to let go, and says how. */
  async over(): Promise<End> {
    await this.until(() => this.end !== undefined);
    return this.end!;
  }

  /** Half-closes, and waits until the server has closed too. */
  async hangUp(): Promise<void> {
    this.socket.resume();
    this.socket.end();
    if (!this.socket.closed) await once(this.socket, "close");
  }

  /** Goes with a reset: the other end sees ECONNRESET. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  #ended(end: End): void {
    this.end ??= end;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #take(size: number): void {
    const rest = this.bytes.subarray(size);
    this.#chunks = rest.length === 0 ? [] : [rest];
  }

  async #body(status: number, headers: Answer["headers"]): Promise<string> {
    if (status < 200 || status === 204) return "";
    const length = headers["content-length"] === undefined ? undefined : Number(headers["content-length"]);
    await this.until(() => this.end !== undefined || (length !== undefined && this.bytes.length >= length));
    const body = this.bytes.subarray(0, length).toString();
    this.#take(length ?? this.bytes.length);
    return body;
  }

  #wholeFrames(): { frame: ReadFrame; size: number }[] {
    const found: { frame: ReadFrame; size: number }[] = [];
    let rest = this.bytes;
    for (let size = frameSize(rest); size <= rest.length; size = frameSize(rest)) {
      found.push({ frame: readFrames(rest.subarray(0, size))[0]!, size });
      rest = rest.subarray(size);
    }
    return found;
  }
}

/** The size of the frame that begins here, Infinity while that cannot be known. */
function frameSize(bytes: Buffer): number {
  if (bytes.length < 2) return Number.POSITIVE_INFINITY;
  const short = bytes[1]! & 0x7f;
  const keyed = bytes[1]! & 0x80 ? 4 : 0;
  if (short < 126) return 2 + keyed + short;
  if (bytes.length < 10) return Number.POSITIVE_INFINITY;
  return short === 126 ? 4 + keyed + bytes.readUInt16BE(2) : 10 + keyed + Number(bytes.readBigUInt64BE(2));
}
