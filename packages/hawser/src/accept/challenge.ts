// Challenge: the eight bytes that a client of hixie-76 to hybi-03 says behind its head, awaited after the answer has gone out.
//
// The answer goes first, because a proxy that waits for one may hold back what comes behind the request.
import type { Buffer } from "node:buffer";
import { GatheredBytes } from "../handshake/gathered-bytes.ts";
import { CHALLENGE_LENGTH } from "../handshake/legacy/key-number.ts";

/** What the eight bytes come to. */
export interface Met {
  readonly proof: Buffer;
  /** What came behind them: the first frames. */
  readonly rest: Buffer;
}

/** Gathers the bytes, however they are split. */
export class Challenge {
  /** Called once: with what came behind the eight bytes, or with nothing if they never came. */
  readonly done: (early: readonly Buffer[]) => void;
  readonly #proof: (body: Uint8Array) => Buffer;
  readonly #gathered = new GatheredBytes();

  constructor(proof: (body: Uint8Array) => Buffer, done: (early: readonly Buffer[]) => void) {
    this.#proof = proof;
    this.done = done;
  }

  /** Takes the next bytes; they are its own from now on. Undefined: it takes more. */
  read(bytes: Buffer): Met | undefined {
    this.#gathered.append(bytes);
    const all = this.#gathered.bytes;
    if (all.length < CHALLENGE_LENGTH) return undefined;
    return { proof: this.#proof(all.subarray(0, CHALLENGE_LENGTH)), rest: all.subarray(CHALLENGE_LENGTH) };
  }
}
