// GatheredBytes: bytes that come in pieces, as one buffer, at a cost linear in their number whatever the pieces.
import { Buffer } from "node:buffer";

const smallestCopy = 1024;
const nothing = Buffer.alloc(0);

/**
 * Bytes that come in pieces.
 *
 * The first piece is kept as it is, so that what comes in one piece is never copied. From the second on all are copied into
 * one growing buffer: a list of pieces would let a peer make us keep some hundred bytes of bookkeeping for each byte it sends.
 */
export class GatheredBytes {
  #buffer: Buffer = nothing;
  #length = 0;

  /** Adds a piece, which is ours from now on. */
  append(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (this.#length === 0) {
      this.#buffer = piece;
    } else {
      if (length > this.#buffer.length) this.#grow(length);
      piece.copy(this.#buffer, this.#length);
    }
    this.#length = length;
  }

  /** All bytes so far: a view, good until the next `append`. */
  get bytes(): Buffer {
    return this.#length === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#length);
  }

  // Doubling keeps the copying linear in total.
  #grow(length: number): void {
    const grown = Buffer.allocUnsafe(Math.max(smallestCopy, 2 * length));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
