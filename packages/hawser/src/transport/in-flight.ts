// Output that a stream has and did not take at once, and what comes behind it meanwhile.
import type { Slab } from "../wire/wire.ts";
import { newMemory } from "./slab.ts";

/** The least that a connection takes for itself while it waits, and up to where it takes twice as much each time. */
const smallestOwn = 1024;
const largestOwn = 16 * 1024;

/** Memory of a connection that waits: a shared slab would tie 64 KiB to a few bytes for as long as the peer likes. */
interface OwnSlab extends Slab {
  /** Where the bytes start that were not taken out yet. */
  start: number;
}

/** The callback of a write. */
export type Written = (error?: Error | null) => void;

/** How it stands with a stream that does not take everything at once, or does not say so. */
export class InFlight {
  /** Write callbacks that have not come yet, those of writes that were complete at once included. */
  awaited = 0;
  /** Bytes that the stream has and did not take at once. While there are any it gets no more. */
  bytes = 0;
  /** Output has waited since the owner was last told that all is gone. */
  waited = false;
  readonly #written: Written;
  #own: OwnSlab | undefined;

  constructor(written: Written) {
    this.#written = written;
  }

  /** Bytes that lie in memory of our own. */
  get held(): number {
    return this.#own === undefined ? 0 : this.#own.used - this.#own.start;
  }

  /** A callback for one more write. */
  callback(): Written {
    this.awaited += 1;
    return this.#written;
  }

  /** Whether there is room for `size` more bytes in the memory there is. */
  fits(size: number): boolean {
    return this.#own !== undefined && this.#own.used + size <= this.#own.bytes.length;
  }

  /** Memory with room for `size` more bytes. What was in the former was taken out, if it does not fit there. */
  reserve(size: number): Slab {
    const own = this.#own;
    if (own !== undefined && this.fits(size)) return own;
    const next = own === undefined ? smallestOwn : Math.min(own.bytes.length * 2, largestOwn);
    this.#own = { bytes: newMemory(Math.max(size, next)), used: 0, start: 0 };
    return this.#own;
  }

  /** Takes out what lies in memory of our own. */
  take(): Uint8Array | undefined {
    const own = this.#own;
    if (own === undefined || own.used === own.start) return undefined;
    const part = own.bytes.subarray(own.start, own.used);
    own.start = own.used;
    return part;
  }

  /** Nothing waits any more: no memory is needed. */
  forgetOwn(): void {
    this.#own = undefined;
  }
}
