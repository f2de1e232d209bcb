// The frame header: one struct, one read, one write (RFC 6455 §5.2).
import type { Buffer } from "node:buffer";

/** FIN, the three reserved bits, opcode, MASK, 64-bit length, key: no header is longer. */
export const MAX_HEADER = 14;

const FIN = 0x80;
const RESERVED = 0x70;
const OPCODE = 0x0f;
const MASKED = 0x80;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** The fields of one header. A decoder fills the same object again and again. */
export interface FrameHeader {
  fin: boolean;
  /** RSV1, RSV2, RSV3 as they stand in the first byte: 0x40, 0x20, 0x10. */
  reserved: number;
  opcode: number;
  masked: boolean;
  /** Of the payload, in bytes. Exact below 2^53; what is above reads as no less than 2^53, and with the top bit as no less than 2^63. */
  length: number;
  /** How many bytes carry the length: 0, 2 or 8 after the first two. */
  lengthBytes: 0 | 2 | 8;
  /** The four bytes of the masking key, the first in the lowest bits; 0 where there is none. */
  mask: number;
}

/** A header to be filled. */
export function emptyHeader(): FrameHeader {
  return { fin: false, reserved: 0, opcode: 0, masked: false, length: 0, lengthBytes: 0, mask: 0 };
}

/**
 * Reads as much of a header as there is from `bytes[at]` to `bytes[end]`.
 *
 * @returns how many bytes the header takes. If that is more than `end - at`, the header is incomplete: what is filled in
 *   then is all up to `masked` (from two bytes on) and `length` (once its bytes are there, -1 before).
 */
export function readHeader(header: FrameHeader, bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  header.fin = (first & FIN) !== 0;
  header.reserved = first & RESERVED;
  header.opcode = first & OPCODE;
  header.masked = (second & MASKED) !== 0;
  const short = second & LENGTH;
  let next = at + 2;
  if (short < LENGTH_16) {
    header.lengthBytes = 0;
    header.length = short;
  } else if (short === LENGTH_16) {
    header.lengthBytes = 2;
    header.length = next + 2 <= end ? ((bytes[next] ?? 0) << 8) | (bytes[next + 1] ?? 0) : -1;
    next += 2;
  } else {
    header.lengthBytes = 8;
    header.length = next + 8 <= end ? readLength64(bytes, next) : -1;
    next += 8;
  }
  if (!header.masked) {
    header.mask = 0;
    return next - at;
  }
  if (next + 4 <= end) header.mask = readMask(bytes, next);
  return next + 4 - at;
}

/** A masking key as in `FrameHeader.mask`. */
export function readMask(bytes: Buffer, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

function readLength64(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32BE(at);
  // Past 2^53 the low half is dropped: rounded into the sum it could turn 2^63 - 1 into 2^63.
  return high * 2 ** 32 + (high < 2 ** 21 ? bytes.readUInt32BE(at + 4) : 0);
}

/** How many bytes `writeHeader` takes for a payload of this length. */
export function headerSize(length: number, masked: boolean): number {
  return (length < LENGTH_16 ? 2 : length < 0x10000 ? 4 : 10) + (masked ? 4 : 0);
}

/**
 * Writes a header in its shortest form.
 *
 * @param first the first byte: FIN, reserved bits and opcode
 * @param mask the masking key as in `FrameHeader.mask`, or undefined for a frame that is not masked
 * @returns where the payload begins
 */
export function writeHeader(
  bytes: Buffer,
  at: number,
  first: number,
  length: number,
  mask: number | undefined,
): number {
  const flag = mask === undefined ? 0 : MASKED;
  let next = at + 2;
  bytes[at] = first;
  if (length < LENGTH_16) {
    bytes[at + 1] = flag | length;
  } else if (length < 0x10000) {
    bytes[at + 1] = flag | LENGTH_16;
    bytes[at + 2] = length >> 8;
    bytes[at + 3] = length;
    next = at + 4;
  } else {
    bytes[at + 1] = flag | LENGTH_64;
    bytes.writeUInt32BE(Math.floor(length / 2 ** 32), at + 2);
    bytes.writeUInt32BE(length % 2 ** 32, at + 6);
    next = at + 10;
  }
  if (mask !== undefined) {
    bytes.writeInt32LE(mask | 0, next);
    next += 4;
  }
  return next;
}
