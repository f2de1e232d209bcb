// One message compressed and framed once, for many connections with the same setting.
import { Buffer } from "node:buffer";
import type { Codec, DeflateOwner } from "../codec.ts";
import type { SharedBytes, SharedMessage, SharedWaiter } from "../encoded.ts";

import { RSV1 } from "./decoder.ts";
import { firstByte, sharedFrame } from "./encoder.ts";
import { Opcode } from "./opcode.ts";

/** A frame of a server's, which may still be in the making. */
export class CompressedFrame implements SharedMessage, DeflateOwner {
  readonly plain: Uint8Array;
  readonly #opcode: number;
  frame: SharedBytes | undefined;
  compressed = false;
  #waiters: SharedWaiter[] | undefined;

  constructor(data: string | Uint8Array, codec: Codec) {
    const text = typeof data === "string";
    this.#opcode = text ? Opcode.text : Opcode.binary;
    // A connection may take it later, for its window too, and by then the application may have written over its bytes.
    this.plain = text ? Buffer.from(data) : new Uint8Array(data);
    const compressed = codec.deflateShared(this.plain, this);
    if (compressed !== undefined) this.deflated(compressed);
  }

  deflated(result: Uint8Array): void {
    this.compressed = result.length < this.plain.length;
    this.frame = sharedFrame(firstByte(this.#opcode, true) | (this.compressed ? RSV1 : 0), result);
    const waiters = this.#waiters ?? [];
    this.#waiters = undefined;
    for (const waiter of waiters) waiter.sharedReady();
  }

  wait(waiter: SharedWaiter): void {
    this.#waiters ??= [];
    this.#waiters.push(waiter);
  }
}
