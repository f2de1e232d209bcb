// Close codes: which may travel, which an application may send, and the body of a close frame (RFC 6455 §5.5.1, §7.4).
import { Buffer, isUtf8 } from "node:buffer";
import { describe, ProtocolError } from "../errors.ts";
import type { CloseFrame } from "../wire.ts";

/** No code was in the frame; never sent (RFC 6455 §7.4.1). */
export const NO_STATUS = 1005;
/** The connection ended without a close frame; never sent (RFC 6455 §7.4.1). */
export const ABNORMAL = 1006;

/** A control frame holds 125 bytes, two of them are the code (RFC 6455 §5.5). */
const MAX_REASON = 123;

/** Whether a code may stand in a close frame: the registered ones below 1015, and 3000 to 4999 (RFC 6455 §7.4.2, IANA registry). */
export function mayTravel(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== NO_STATUS && code !== ABNORMAL;
}

/**
 * Checks what an application wants to close with.
 *
 * @throws TypeError if the code is no number or the reason no string
 * @throws RangeError if the code may not be sent, or the reason is over 123 bytes of UTF-8, or there is a reason without a code
 */
export function checkClose(code: unknown, reason: unknown): void {
  if (typeof reason !== "string")
    throw new TypeError(`a close reason must be a string, not ${describe(reason)}`);
  if (code === undefined) {
    if (reason !== "") throw new RangeError("a close reason needs a close code before it (RFC 6455 §5.5.1)");
    return;
  }
  if (typeof code !== "number") throw new TypeError(`a close code must be a number, not ${describe(code)}`);
  if (!Number.isInteger(code) || !mayTravel(code)) {
    throw new RangeError(
      `close code ${code} may not be sent; allowed are 1000–1003, 1007–1014 and 3000–4999 (RFC 6455 §7.4)`,
    );
  }
  const size = Buffer.byteLength(reason);
  if (size > MAX_REASON) {
    throw new RangeError(
      `a close reason holds at most ${MAX_REASON} bytes of UTF-8, not ${size} (RFC 6455 §5.5)`,
    );
  }
}

/** Cuts a reason of our own making to what a close frame holds, between characters. */
export function fitReason(reason: string): string {
  if (Buffer.byteLength(reason) <= MAX_REASON) return reason;
  let cut = reason.slice(0, MAX_REASON);
  while (Buffer.byteLength(cut) > MAX_REASON - 3) cut = cut.slice(0, -1);
  // Half a surrogate pair would come out as a replacement character.
  return `${cut.replace(/[\uD800-\uDBFF]$/u, "")}…`;
}

/** The payload of a close frame; empty for no code. */
export function printClose(code: number | undefined, reason: string): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  const body = Buffer.allocUnsafe(2 + Buffer.byteLength(reason));
  body.writeUInt16BE(code, 0);
  body.write(reason, 2);
  return body;
}

/** Reads the payload of a close frame; throws ProtocolError for what may not stand in one (RFC 6455 §5.5.1). */
export function parseClose(payload: Buffer): CloseFrame {
  if (payload.length === 0) return { code: NO_STATUS, reason: "" };
  if (payload.length === 1) throw new ProtocolError("close-truncated");
  const code = payload.readUInt16BE(0);
  if (!mayTravel(code)) throw new ProtocolError("close-code", String(code));
  const reason = payload.subarray(2);
  if (!isUtf8(reason)) throw new ProtocolError("invalid-utf8", "in a close reason");
  return { code, reason: reason.toString() };
}
