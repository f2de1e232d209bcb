// OutputBuffer: an Output that collects bytes, for people who bring their own transport, and for tests.
import { Buffer } from "node:buffer";
import type { SharedBytes } from "./encoded.ts";
import type { Output, Slab } from "./wire.ts";

const SLAB = 4096;

/** Collects what a machine writes until somebody takes it. */
export class OutputBuffer implements Output {
  #slab: Slab = { bytes: Buffer.alloc(0), used: 0 };
  /** Where the part of the slab begins that is not among the pieces yet. */
  #from = 0;
  #pieces: Uint8Array[] = [];

  reserve(size: number): Slab {
    if (this.#slab.bytes.length - this.#slab.used < size) {
      this.#closePiece();
      this.#slab = { bytes: Buffer.allocUnsafeSlow(Math.max(size, SLAB)), used: 0 };
      this.#from = 0;
    }
    return this.#slab;
  }

  write(bytes: Uint8Array): void {
    this.#closePiece();
    this.#pieces.push(bytes);
  }

  writeShared({ memory, start, end }: SharedBytes): void {
    this.write(memory.subarray(start, end));
  }

  /** All bytes since the last call, in one array. */
  take(): Buffer {
    this.#closePiece();
    const taken = Buffer.concat(this.#pieces);
    this.#pieces = [];
    return taken;
  }

  #closePiece(): void {
    const { bytes, used } = this.#slab;
    if (used > this.#from) this.#pieces.push(bytes.subarray(this.#from, used));
    this.#from = used;
  }
}
