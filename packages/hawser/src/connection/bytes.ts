// What an application may send, as the wire wants it.
import { describe } from "../wire/errors.ts";

/** A message to send: a string goes as text, bytes in any form as binary. */
export type Sendable = string | ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

/**
 * Bytes as a Uint8Array over the same memory; a string as it is.
 *
 * @throws TypeError for anything else, saying what it was
 */
export function sendable(data: Sendable): string | Uint8Array {
  if (typeof data === "string" || data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  throw new TypeError(
    `a message must be a string, an ArrayBuffer or a view of one (Buffer, Uint8Array, DataView, …), not ${describe(data)}`,
  );
}
