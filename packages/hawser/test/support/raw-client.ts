// A client on a bare socket, for tests of whole servers: it sends any bytes in any chops and reads frames as they come.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type ReadFrame, readFrames } from "./frames.ts";

/** The request of a client that wants nothing special. */
export const REQUEST: Buffer = Buffer.from(
  [
    "GET / HTTP/1.1",
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "",
    "",
  ].join("\r\n"),
);

/** How bytes are cut for sending: whole, or into chops of so many bytes. */
export type Chop = "whole" | number;

/** One connection. It never closes its side by itself, so that what the server does to it can be seen. */
export class RawClient {
  readonly socket: Socket;
  #chunks: Buffer[] = [];
  #size = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#wake?.();
    });
    // The server may have gone while we still write: what it said before is what counts.
    socket.on("error", () => undefined);
    const end = () => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on("end", end);
    socket.on("close", end);
  }

  /** Connects, and has the handshake done. */
  static async open(port: number, request: Buffer = REQUEST): Promise<RawClient> {
    const client = await RawClient.dial(port);
    client.socket.write(request);
    const head = await client.readHead();
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`no 101: ${head}`);
    return client;
  }

  /** Connects, and says nothing. */
  static async dial(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Sends bytes; each chop is a write of its own, which the server reads before the next. */
  async send(bytes: Uint8Array, chop: Chop = "whole"): Promise<void> {
    const size = chop === "whole" ? Math.max(bytes.length, 1) : chop;
    for (let at = 0; at < bytes.length && this.socket.writable; at += size) {
      const taken = this.socket.write(bytes.subarray(at, at + size));
      if (chop === "whole") return;
      await nextTurn();
      if (!taken && this.socket.writableNeedDrain) await this.#drained();
    }
  }

  /** Reads a head, up to its empty line. */
  async readHead(): Promise<string> {
    for (;;) {
      const all = Buffer.concat(this.#chunks);
      const end = all.indexOf("\r\n\r\n");
      if (end !== -1) {
        this.#restore(all.subarray(end + 4));
        return all.toString("latin1", 0, end + 4);
      }
      if (this.#ended) throw new Error(`the head is cut: ${all.toString("latin1")}`);
      await this.#more();
    }
  }

  /** The next `size` bytes. */
  async bytes(size: number): Promise<Buffer> {
    const bytes = await this.#peek(size);
    if (bytes === undefined) throw new Error(`only ${this.#size} of ${size} bytes came`);
    this.#skip(size);
    return bytes;
  }

  /** The next frame; undefined when the server has ended the stream instead. */
  async frame(): Promise<ReadFrame | undefined> {
    const first = await this.#peek(2);
    if (first === undefined) return this.#nothing();
    const short = first[1]! & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const head = await this.#peek(2 + extended);
    if (head === undefined) return this.#nothing();
    const length =
      extended === 2 ? head.readUInt16BE(2) : extended === 8 ? Number(head.readBigUInt64BE(2)) : short;
    const size = head.length + (first[1]! & 0x80 ? 4 : 0) + length;
    const whole = await this.#peek(size);
    if (whole === undefined) return this.#nothing();
    this.#skip(size);
    return readFrames(whole)[0];
  }

  async frames(count: number): Promise<ReadFrame[]> {
    const frames: ReadFrame[] = [];
    while (frames.length < count) {
      const frame = await this.frame();
      if (frame === undefined) break;
      frames.push(frame);
    }
    return frames;
  }

  /** All frames until the server ends the stream, which this client does nothing for. */
  framesToEnd(): Promise<ReadFrame[]> {
    return this.frames(Number.POSITIVE_INFINITY);
  }

  /** Resolves when nobody holds the socket any more; ends our side first. */
  async hangUp(): Promise<void> {
    if (this.socket.destroyed) return;
    this.socket.end();
    if (!this.socket.closed) await once(this.socket, "close");
  }

  #nothing(): undefined {
    if (this.#size > 0) throw new Error(`a frame is cut after ${this.#size} bytes`);
  }

  /** The next `size` bytes, which stay where they are; undefined if the stream ends before. */
  async #peek(size: number): Promise<Buffer | undefined> {
    while (this.#size < size) {
      if (this.#ended) return undefined;
      await this.#more();
    }
    let [first] = this.#chunks;
    if (first === undefined || first.length < size) {
      first = Buffer.concat(this.#chunks);
      this.#chunks = [first];
    }
    return first.subarray(0, size);
  }

  /** Lets go of bytes that were peeked at. */
  #skip(size: number): void {
    const [first] = this.#chunks;
    if (first !== undefined) this.#chunks[0] = first.subarray(size);
    this.#size -= size;
  }

  #restore(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.socket.once("drain", resolve);
      this.socket.once("close", resolve);
    });
  }
}
