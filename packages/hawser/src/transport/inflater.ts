// Inflating messages (RFC 7692 §7.2.2): small ones at once, the others on the thread pool.
import { AsyncResource } from "node:async_hooks";
import type { Buffer } from "node:buffer";
import type { DeflateDirection } from "../handshake/deflate-params.ts";
import type { InflateOwner } from "../wire/codec.ts";
import { LimitError, ProtocolError } from "../wire/errors.ts";
import type { DeflateJob, DeflateWork } from "./deflate-work.ts";
import { Window } from "./window.ts";
import { ended, inflateElsewhere, inflateHere, isTooLarge, reasonOf } from "./zlib-calls.ts";

/**
 * Up to here, by what comes in and by what comes out, a message is inflated at once. Measured by what comes out, as in deflater.ts:
 * 1 KiB 12 and 27, 8 KiB 35 and 35, 16 KiB 62 and 35, 32 KiB 130 and 45, 64 KiB 280 and 70. The pool takes longer to answer than that.
 */
const INPUT_HERE = 8 * 1024;
const OUTPUT_HERE = 32 * 1024;

type Result = Uint8Array | ProtocolError | LimitError;

/** Inflates one message after the other: for one connection, or, where they refer to nothing before them, for any number. */
export class Inflater {
  readonly #work: DeflateWork;
  /** What was received, where the next message may refer to it. */
  readonly #window: Window | undefined;
  /** What is under way. */
  #jobs: Map<InflateOwner, InflateJob> | undefined;

  constructor({ contextTakeover, windowBits }: DeflateDirection, work: DeflateWork) {
    this.#work = work;
    this.#window = contextTakeover ? new Window(windowBits) : undefined;
  }

  /** As `Codec.inflate`. */
  inflate(input: Uint8Array, max: number, owner: InflateOwner): Uint8Array | undefined {
    const whole = ended(input);
    const small = input.length <= INPUT_HERE;
    const here = small && this.#work.hasTime;
    const plain = here ? this.tryHere(whole, max) : undefined;
    if (plain !== undefined) return this.#learnt(plain);
    const job = new InflateJob(this, whole, max, owner);
    this.#jobs ??= new Map();
    this.#jobs.set(owner, job);
    if (small && !here) this.#work.later(job);
    else this.#work.elsewhere(job);
    return undefined;
  }

  /** As `Codec.hasTime`. */
  get hasTime(): boolean {
    return this.#work.hasTime;
  }

  /** As `Codec.inflateNow`. */
  now(input: Uint8Array, max: number): Uint8Array {
    return this.#now(ended(input), max);
  }

  /** As `Codec.finishInflating`. */
  finish(owner: InflateOwner): Uint8Array {
    const job = this.#jobs?.get(owner);
    this.stop(owner);
    if (job === undefined) throw new Error("nothing is being inflated");
    return this.#now(job.input, job.max);
  }

  stop(owner: InflateOwner): void {
    const job = this.#jobs?.get(owner);
    if (job === undefined) return;
    job.dropped = true;
    this.#jobs?.delete(owner);
  }

  /** Inflates if it is not too large for that: then it is undefined. Throws as `Codec.inflate`. */
  tryHere(whole: Buffer, max: number): Uint8Array | undefined {
    const most = Math.min(max, OUTPUT_HERE);
    const since = this.#work.now();
    try {
      const plain = inflateHere(whole, most, this.#window?.bytes);
      this.#work.spent(plain.length, since);
      return plain;
    } catch (error) {
      this.#work.spent(most, since);
      if (isTooLarge(error) && most < max) return undefined;
      throw reasonOf(error, max);
    }
  }

  elsewhere(whole: Buffer, max: number, done: (result: Result) => void): void {
    inflateElsewhere(whole, max, this.#window?.bytes, done);
  }

  /** A job is done, and was not dropped. */
  settle(owner: InflateOwner, result: Result): void {
    this.#jobs?.delete(owner);
    owner.inflated(result instanceof Uint8Array ? this.#learnt(result) : result);
  }

  #now(whole: Buffer, max: number): Uint8Array {
    const since = this.#work.now();
    try {
      const plain = inflateHere(whole, max, this.#window?.bytes);
      this.#work.spent(plain.length, since);
      return this.#learnt(plain);
    } catch (error) {
      this.#work.spent(isTooLarge(error) ? max : whole.length, since);
      throw reasonOf(error, max);
    }
  }

  #learnt(plain: Uint8Array): Uint8Array {
    this.#window?.append(plain);
    return plain;
  }
}

/** What waits for its turn, in the async context in which it was asked for: its own turn comes in that of whoever was before it. */
class InflateJob extends AsyncResource implements DeflateJob {
  dropped = false;
  readonly input: Buffer;
  readonly max: number;
  readonly #inflater: Inflater;
  readonly #owner: InflateOwner;

  constructor(inflater: Inflater, input: Buffer, max: number, owner: InflateOwner) {
    super("HawserInflating");
    this.#inflater = inflater;
    this.input = input;
    this.max = max;
    this.#owner = owner;
  }

  tryHere(): boolean {
    let result: Result | undefined;
    try {
      result = this.#inflater.tryHere(this.input, this.max);
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof LimitError)) throw error;
      result = error;
    }
    if (result !== undefined) this.#settle(result);
    return result !== undefined;
  }

  doElsewhere(done: () => void): void {
    this.#inflater.elsewhere(this.input, this.max, (result) => {
      done();
      if (!this.dropped) this.#settle(result);
    });
  }

  #settle(result: Result): void {
    this.runInAsyncScope(() => this.#inflater.settle(this.#owner, result));
  }
}
