// A Codec without zlib, for tests of the machine: it counts runs of bytes, and work can be made to wait until the test says so.
import type { Codec, DeflateOwner, InflateOwner } from "hawser/wire";
import { LimitError, ProtocolError } from "hawser/wire";

/** What an empty message compresses to: no times this byte. */
const NOTHING = 0x78;

/**
 * Compressed data is a list of runs: how many times, and which byte. An odd length cannot be inflated.
 *
 * With `waits` set, nothing is done at once: `work()` does the next piece of what was asked for.
 */
export class PlainCodec implements Codec {
  readonly threshold: number;
  readonly setting: string;
  waits = false;
  hasTime = true;
  /** What was told of messages that were sent, though they were not compressed here. */
  readonly shared: string[] = [];
  readonly stopped: string[] = [];
  readonly #jobs: { readonly kind: "inflate" | "deflate" | "shared"; run(): void }[] = [];
  #input: Uint8Array | undefined;
  #max = 0;

  constructor(threshold = 4, setting = "runs") {
    this.threshold = threshold;
    this.setting = setting;
  }

  get waiting(): number {
    return this.#jobs.length;
  }

  /** Does so many jobs, those included that come of the ones before. */
  work(count = 1): void {
    for (let done = 0; done < count; done += 1) this.#jobs.shift()?.run();
  }

  inflate(input: Uint8Array, max: number, owner: InflateOwner): Uint8Array | undefined {
    if (!this.waits) return unpack(input, max);
    const own = new Uint8Array(input);
    this.#input = own;
    this.#max = max;
    this.#jobs.push({ kind: "inflate", run: () => owner.inflated(resultOf(own, max)) });
    return undefined;
  }

  inflateNow(input: Uint8Array, max: number): Uint8Array {
    return unpack(input, max);
  }

  finishInflating(): Uint8Array {
    this.#drop("inflate");
    return unpack(this.#input!, this.#max);
  }

  deflate(input: Uint8Array, owner: DeflateOwner): Uint8Array | undefined {
    return this.#deflate("deflate", shorter(input), owner);
  }

  deflatePiece(input: Uint8Array, _final: boolean, owner: DeflateOwner): Uint8Array | undefined {
    return this.#deflate("deflate", pack(input), owner);
  }

  deflateShared(input: Uint8Array, owner: DeflateOwner): Uint8Array | undefined {
    return this.#deflate("shared", shorter(input), owner);
  }

  sentShared(message: Uint8Array): void {
    this.shared.push(Buffer.from(message).toString());
  }

  stopInflating(): void {
    this.stopped.push("inflating");
    this.#drop("inflate");
  }

  stopDeflating(): void {
    this.stopped.push("deflating");
    this.#drop("deflate");
  }

  #deflate(kind: "deflate" | "shared", result: Uint8Array, owner: DeflateOwner): Uint8Array | undefined {
    if (!this.waits) return result;
    this.#jobs.push({ kind, run: () => owner.deflated(result) });
    return undefined;
  }

  #drop(kind: "inflate" | "deflate"): void {
    const kept = this.#jobs.filter((job) => job.kind !== kind);
    this.#jobs.splice(0, this.#jobs.length, ...kept);
  }
}

/** Runs of bytes, each as how many and which. */
export function pack(input: string | Uint8Array): Buffer {
  const bytes = Buffer.from(input as Uint8Array);
  const runs: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    let count = 1;
    while (count < 255 && bytes[at + count] === bytes[at]) count += 1;
    runs.push(count, bytes[at]!);
    at += count;
  }
  return Buffer.from(runs.length === 0 ? [0, NOTHING] : runs);
}

function shorter(input: Uint8Array): Uint8Array {
  const packed = pack(input);
  return packed.length < input.length ? packed : new Uint8Array(input);
}

function unpack(input: Uint8Array, max: number): Uint8Array {
  if (input.length % 2 !== 0) throw new ProtocolError("invalid-deflate");
  const bytes: number[] = [];
  for (let at = 0; at < input.length; at += 2) {
    for (let count = input[at]!; count > 0; count -= 1) bytes.push(input[at + 1]!);
  }
  if (bytes.length > max) throw new LimitError("limits.message", 1009, `the message is over ${max} bytes`);
  return Uint8Array.from(bytes);
}

function resultOf(input: Uint8Array, max: number): Uint8Array | ProtocolError | LimitError {
  try {
    return unpack(input, max);
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof LimitError) return error;
    throw error;
  }
}
