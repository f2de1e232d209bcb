// Bus: messages between the primary and one member, as structured clones, over a pipe of their own.
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { deserialize, serialize } from "node:v8";

/** Which of a member's descriptors the pipe is. */
export const BUS = 4;
/** Before each message stands its length, in so many bytes. */
const HEADER = 4;

/**
 * One end of the pipe.
 *
 * Not the channel that `fork` opens: there everything waits behind sockets, of which Node sends one at a time, each when the one
 * before it has been acknowledged.
 */
export class Bus<In, Out> {
  readonly #stream: Duplex;
  readonly #hears: (message: unknown) => message is In;
  readonly #heard: (message: In) => void;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes that the next message needs, its header included. */
  #wanted = HEADER;

  constructor(stream: Duplex, hears: (message: unknown) => message is In, heard: (message: In) => void) {
    this.#stream = stream;
    this.#hears = hears;
    this.#heard = heard;
    stream.on("data", (chunk: Buffer) => this.#received(chunk));
    // A pipe breaks when the process at its other end has ended, and that is heard of by itself.
    stream.on("error", () => undefined);
  }

  /** @throws what v8.serialize throws for what cannot be cloned */
  tell(message: Out): void {
    if (!this.#stream.writable) return;
    const body = serialize(message);
    const header = Buffer.alloc(HEADER);
    header.writeUInt32LE(body.length);
    this.#stream.cork();
    this.#stream.write(header);
    this.#stream.write(body);
    this.#stream.uncork();
  }

  #received(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= this.#wanted) this.#cut();
  }

  /** Takes one message off what has come, or, if that is not all there, learns its length. */
  #cut(): void {
    const [first = Buffer.alloc(0)] = this.#chunks;
    const all = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#size);
    const end = HEADER + all.readUInt32LE(0);
    const whole = all.length >= end;
    const rest = whole ? all.subarray(end) : all;
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    this.#wanted = whole ? HEADER : end;
    if (!whole) return;
    const message: unknown = deserialize(all.subarray(HEADER, end));
    if (this.#hears(message)) this.#heard(message);
  }
}
