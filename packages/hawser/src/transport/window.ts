// The window of one direction: the last bytes of plain data, which the next message may refer to (RFC 7692 §7.1.1).
import { Buffer } from "node:buffer";

/** Where it begins; it grows with what is sent, up to its size. */
const FIRST = 1024;

/** Remembers the end of what went through. Plain data instead of zlib's state: that takes many times as much. */
export class Window {
  readonly #size: number;
  #bytes: Buffer | undefined;
  #used = 0;

  /** @param bits the size is 2 to this power */
  constructor(bits: number) {
    this.#size = 2 ** bits;
  }

  /** What is remembered; undefined for nothing. It changes with the next `append`. */
  get bytes(): Buffer | undefined {
    return this.#bytes?.subarray(0, this.#used);
  }

  append(plain: Uint8Array): void {
    if (plain.length === 0) return;
    const added = plain.length > this.#size ? plain.subarray(plain.length - this.#size) : plain;
    const kept = Math.min(this.#used, this.#size - added.length);
    const bytes = this.#roomFor(kept + added.length);
    bytes.copyWithin(0, this.#used - kept, this.#used);
    bytes.set(added, kept);
    this.#used = kept + added.length;
  }

  #roomFor(size: number): Buffer {
    const held = this.#bytes;
    if (held !== undefined && held.length >= size) return held;
    let capacity = Math.min(held?.length ?? FIRST, this.#size);
    while (capacity < size) capacity *= 2;
    const grown = Buffer.allocUnsafeSlow(capacity);
    if (held !== undefined) grown.set(held.subarray(0, this.#used));
    this.#bytes = grown;
    return grown;
  }
}
