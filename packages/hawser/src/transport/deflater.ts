// Compressing the messages of one connection (RFC 7692 §7.2.1): small ones at once, the others on the thread pool.
import type { Buffer } from "node:buffer";
import type { DeflateDirection } from "../handshake/deflate-params.ts";
import type { DeflateOwner } from "../wire/codec.ts";
import type { DeflateJob, DeflateWork } from "./deflate-work.ts";
import { Window } from "./window.ts";
import { type DeflateSetting, deflateElsewhere, deflateHere, withoutTail } from "./zlib-calls.ts";

/**
 * Up to here a message is compressed at once. Measured with JSON, level 1, in microseconds of this thread, here and by way of the
 * pool: 1 KiB 27 and 34, 4 KiB 44 and 35, 8 KiB 78 and 51, 16 KiB 170 and 69, 64 KiB 1000 and 200.
 */
const INPUT_HERE = 8 * 1024;

/** A whole message; a piece of one, perhaps the last; a message that others send too. */
type Part = "message" | "piece" | "last-piece" | "shared";

/** Compresses one message after the other. */
export class Deflater {
  readonly #work: DeflateWork;
  readonly #setting: DeflateSetting;
  /** What was sent, where the next message may refer to it. */
  readonly #window: Window | undefined;
  /** What the next piece may refer to, where messages stand alone. */
  #pieces: Window | undefined;
  #job: CompressJob | undefined;

  constructor({ contextTakeover }: DeflateDirection, setting: DeflateSetting, work: DeflateWork) {
    this.#work = work;
    this.#setting = setting;
    this.#window = contextTakeover ? new Window(setting.windowBits) : undefined;
  }

  /** As `Codec.deflate`, `deflatePiece` and `deflateShared`. */
  compress(part: Part, input: Uint8Array, owner: DeflateOwner): Uint8Array | undefined {
    const small = input.length <= INPUT_HERE;
    if (small && this.#work.hasTime) return this.finished(part, input, this.here(part, input));
    // The application's bytes are its own again when this returns.
    const job = new CompressJob(this, part, new Uint8Array(input), owner);
    // What is shared is not this connection's alone, and goes on when it ends.
    if (part !== "shared") this.#job = job;
    if (small) this.#work.later(job);
    else this.#work.elsewhere(job);
    return undefined;
  }

  /** As `Codec.sentShared`. */
  sent(message: Uint8Array): void {
    this.#window?.append(message);
  }

  stop(): void {
    if (this.#job !== undefined) this.#job.dropped = true;
    this.#job = undefined;
  }

  here(part: Part, input: Uint8Array): Buffer {
    this.#work.spent(input.length);
    return deflateHere(input, this.#setting, this.#contextOf(part));
  }

  elsewhere(part: Part, input: Uint8Array, done: (output: Buffer) => void): void {
    deflateElsewhere(input, this.#setting, this.#contextOf(part), done);
  }

  /** What becomes of the output: what is to be sent. */
  finished(part: Part, input: Uint8Array, output: Buffer): Uint8Array {
    if (part !== "shared") this.#job = undefined;
    if (part === "message" || part === "shared") {
      const result = withoutTail(output);
      // Not shorter, it goes out as it is, and the peer's window does not get to see it.
      if (result.length >= input.length) return input;
      if (part === "message") this.#window?.append(input);
      return result;
    }
    if (this.#window === undefined) this.#pieces ??= new Window(this.#setting.windowBits);
    (this.#window ?? this.#pieces)?.append(input);
    if (part === "piece") return output;
    this.#pieces = undefined;
    return withoutTail(output);
  }

  #contextOf(part: Part): Uint8Array | undefined {
    return part === "shared" ? undefined : (this.#window ?? this.#pieces)?.bytes;
  }
}

class CompressJob implements DeflateJob {
  dropped = false;
  readonly #deflater: Deflater;
  readonly #part: Part;
  readonly #input: Uint8Array;
  readonly #owner: DeflateOwner;

  constructor(deflater: Deflater, part: Part, input: Uint8Array, owner: DeflateOwner) {
    this.#deflater = deflater;
    this.#part = part;
    this.#input = input;
    this.#owner = owner;
  }

  tryHere(): boolean {
    this.#settle(this.#deflater.here(this.#part, this.#input));
    return true;
  }

  doElsewhere(done: () => void): void {
    this.#deflater.elsewhere(this.#part, this.#input, (output) => {
      done();
      if (!this.dropped) this.#settle(output);
    });
  }

  #settle(output: Buffer): void {
    this.#owner.deflated(this.#deflater.finished(this.#part, this.#input, output));
  }
}
