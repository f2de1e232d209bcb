// A queue of byte arrays that is read in slices: the output of one connection that was not handed to its stream yet.

const nothing: Uint8Array = new Uint8Array(0);
/** From this many entries on, those that were taken are cut off once they are more than half. */
const compactFrom = 256;

/** Byte arrays, first in, first out. None is copied. */
export class PartQueue {
  #parts: Uint8Array[] = [];
  /** The index of the first part that was not taken. */
  #head = 0;
  #bytes = 0;

  /** How many bytes the parts have together. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#head === this.#parts.length;
  }

  /** The size of the next part; 0 if there is none. */
  get nextSize(): number {
    return this.#parts[this.#head]?.length ?? 0;
  }

  push(part: Uint8Array): void {
    this.#bytes += part.length;
    this.#parts.push(part);
  }

  /** Takes the next part; of one that is larger than both numbers only the first `most` bytes. */
  shift(most: number, wholeUpTo: number): Uint8Array | undefined {
    const part = this.#parts[this.#head];
    if (part === undefined) return undefined;
    if (part.length > most && part.length > wholeUpTo) {
      this.#parts[this.#head] = part.subarray(most);
      this.#bytes -= most;
      return part.subarray(0, most);
    }
    this.#bytes -= part.length;
    // The array lives on while a peer is slow; the part must not.
    this.#parts[this.#head] = nothing;
    this.#head += 1;
    if (this.#head >= compactFrom && this.#head * 2 > this.#parts.length) {
      this.#parts = this.#parts.slice(this.#head);
      this.#head = 0;
    }
    return part;
  }

  /** Takes all parts. */
  takeAll(): Uint8Array[] {
    const parts = this.#parts.slice(this.#head);
    this.#parts = [];
    this.#head = 0;
    this.#bytes = 0;
    return parts;
  }
}
