// Compressing messages (RFC 7692 §7.2.1): small ones at once, the others on the thread pool.
import { AsyncResource } from "node:async_hooks";
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

/** Compresses one message after the other: for one connection, or, where they refer to nothing before them, for any number. */
export class Deflater {
  readonly #work: DeflateWork;
  readonly #setting: DeflateSetting;
  /** What was sent, where the next message may refer to it. */
  readonly #window: Window | undefined;
  /** What the next piece of a message may refer to, where messages stand alone. */
  #pieces: Map<DeflateOwner, Window> | undefined;
  /** What is under way for one owner alone. */
  #jobs: Map<DeflateOwner, CompressJob> | undefined;

  constructor({ contextTakeover }: DeflateDirection, setting: DeflateSetting, work: DeflateWork) {
    this.#work = work;
    this.#setting = setting;
    this.#window = contextTakeover ? new Window(setting.windowBits) : undefined;
  }

  /** As `Codec.deflate`, `deflatePiece` and `deflateShared`. */
  compress(part: Part, input: Uint8Array, owner: DeflateOwner): Uint8Array | undefined {
    const small = input.length <= INPUT_HERE;
    if (small && this.#work.hasTime) return this.finished(part, input, owner, this.here(part, input, owner));
    // The application's bytes are its own again when this returns.
    const job = new CompressJob(this, part, new Uint8Array(input), owner);
    // What is shared is not this connection's alone, and goes on when it ends.
    if (part !== "shared") {
      this.#jobs ??= new Map();
      this.#jobs.set(owner, job);
    }
    if (small) this.#work.later(job);
    else this.#work.elsewhere(job);
    return undefined;
  }

  /** As `Codec.sentShared`. */
  sent(message: Uint8Array): void {
    this.#window?.append(message);
  }

  /** As `Codec.stopDeflating`. */
  stop(owner: DeflateOwner): void {
    const job = this.#jobs?.get(owner);
    if (job !== undefined) job.dropped = true;
    this.#jobs?.delete(owner);
    this.#pieces?.delete(owner);
  }

  here(part: Part, input: Uint8Array, owner: DeflateOwner): Buffer {
    const since = this.#work.now();
    const output = deflateHere(input, this.#setting, this.#contextOf(part, owner));
    this.#work.spent(input.length, since);
    return output;
  }

  elsewhere(part: Part, input: Uint8Array, owner: DeflateOwner, done: (output: Buffer) => void): void {
    deflateElsewhere(input, this.#setting, this.#contextOf(part, owner), done);
  }

  /** What becomes of the output: what is to be sent. */
  finished(part: Part, input: Uint8Array, owner: DeflateOwner, output: Buffer): Uint8Array {
    if (part !== "shared") this.#jobs?.delete(owner);
    if (part === "message" || part === "shared") {
      const result = withoutTail(output);
      // Not shorter, it goes out as it is, and the peer's window does not get to see it.
      if (result.length >= input.length) return input;
      if (part === "message") this.#window?.append(input);
      return result;
    }
    this.#windowOfPieces(owner).append(input);
    if (part === "piece") return output;
    this.#pieces?.delete(owner);
    return withoutTail(output);
  }

  #contextOf(part: Part, owner: DeflateOwner): Uint8Array | undefined {
    return part === "shared" ? undefined : (this.#window ?? this.#pieces?.get(owner))?.bytes;
  }

  #windowOfPieces(owner: DeflateOwner): Window {
    const known = this.#window ?? this.#pieces?.get(owner);
    if (known !== undefined) return known;
    const made = new Window(this.#setting.windowBits);
    this.#pieces ??= new Map();
    this.#pieces.set(owner, made);
    return made;
  }
}

/** What waits for its turn, in the async context in which it was asked for: its own turn comes in that of whoever was before it. */
class CompressJob extends AsyncResource implements DeflateJob {
  dropped = false;
  readonly #deflater: Deflater;
  readonly #part: Part;
  readonly #input: Uint8Array;
  readonly #owner: DeflateOwner;

  constructor(deflater: Deflater, part: Part, input: Uint8Array, owner: DeflateOwner) {
    super("HawserCompressing");
    this.#deflater = deflater;
    this.#part = part;
    this.#input = input;
    this.#owner = owner;
  }

  tryHere(): boolean {
    this.#settle(this.#deflater.here(this.#part, this.#input, this.#owner));
    return true;
  }

  doElsewhere(done: () => void): void {
    this.#deflater.elsewhere(this.#part, this.#input, this.#owner, (output) => {
      done();
      if (!this.dropped) this.#settle(output);
    });
  }

  #settle(output: Buffer): void {
    const result = this.#deflater.finished(this.#part, this.#input, this.#owner, output);
    this.runInAsyncScope(() => this.#owner.deflated(result));
  }
}
