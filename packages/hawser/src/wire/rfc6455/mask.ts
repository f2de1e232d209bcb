// Masking: XOR with a key of four bytes, in place (RFC 6455 §5.3). Doing and undoing are the same.
//
// Most messages are short: a byte loop beats everything up to some fifty bytes. Above, four bytes at a time through an
// Int32Array, eight words a round; for a few kilobytes and more, SIMD. All of them OR together what comes out, which tells for
// free whether it is all ASCII.
import { Buffer } from "node:buffer";
import { type SimdMask, simdMask } from "./mask-simd.ts";

const WORDS_FROM = 48;
/** From here on the copies into the memory of WebAssembly and out of it cost less than they save. */
const SIMD_FROM = 2048;
const HIGH_BITS = 0x80808080 | 0;

/** The key as it lies in memory on this machine: `mask` has its first byte in the lowest bits. */
const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The key as the payload's byte number `phase` meets it. */
export function rotate(mask: number, phase: number): number {
  const bits = (phase & 3) << 3;
  return bits === 0 ? mask : (mask >>> bits) | (mask << (32 - bits));
}

/**
 * XORs `bytes[start]` to `bytes[end]` with the key, in place.
 *
 * @param mask the key, first byte in the lowest bits, turned so that it meets `bytes[start]` (see `rotate`)
 * @returns whether every byte that came out is below 0x80
 */
export function applyMask(bytes: Uint8Array, start: number, end: number, mask: number): boolean {
  return end - start < WORDS_FROM
    ? maskBytes(bytes, start, end, mask) < 0x80
    : maskWords(bytes, start, end, mask);
}

/** A piece that was masked or unmasked, from the first byte of `bytes` on. */
export interface MovedPiece {
  readonly bytes: Buffer;
  readonly size: number;
  /** Every byte is below 0x80. */
  readonly ascii: boolean;
}

/**
 * Masks or unmasks a large piece, or as much of it as fits, into memory that is used again at the next call.
 *
 * @param mask as for `applyMask`
 * @returns undefined where `applyMask` is faster, or all there is
 */
export function maskElsewhere(
  bytes: Uint8Array,
  start: number,
  end: number,
  mask: number,
  simd: SimdMask | undefined = simdMask,
): MovedPiece | undefined {
  if (simd === undefined || end - start < SIMD_FROM) return undefined;
  const size = Math.min(end - start, simd.bytes.length);
  const rounds = simd.copyRounds(bytes, start, start + size, mask);
  const rest = maskBytes(simd.bytes, Math.abs(rounds), size, mask);
  return { bytes: simd.bytes, size, ascii: rounds >= 0 && rest < 0x80 };
}

/** A masked copy: what an application gave stays as it is. */
export function maskedCopy(bytes: Uint8Array, mask: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  let done = 0;
  for (;;) {
    // Whole pieces are multiples of four bytes long, so the key is never turned.
    const moved = maskElsewhere(bytes, done, bytes.length, mask);
    if (moved === undefined) break;
    moved.bytes.copy(copy, done, 0, moved.size);
    done += moved.size;
  }
  copy.set(bytes.subarray(done), done);
  applyMask(copy, done, copy.length, rotate(mask, done));
  return copy;
}

/** The byte loop. Returns the OR of what came out. */
function maskBytes(bytes: Uint8Array, start: number, end: number, mask: number): number {
  const key0 = mask & 0xff;
  const key1 = (mask >>> 8) & 0xff;
  const key2 = (mask >>> 16) & 0xff;
  const key3 = mask >>> 24;
  let seen = 0;
  let at = start;
  for (const last = end - 3; at < last; at += 4) {
    const byte0 = (bytes[at] ?? 0) ^ key0;
    const byte1 = (bytes[at + 1] ?? 0) ^ key1;
    const byte2 = (bytes[at + 2] ?? 0) ^ key2;
    const byte3 = (bytes[at + 3] ?? 0) ^ key3;
    bytes[at] = byte0;
    bytes[at + 1] = byte1;
    bytes[at + 2] = byte2;
    bytes[at + 3] = byte3;
    seen |= byte0 | byte1 | byte2 | byte3;
  }
  for (let phase = 0; at < end; at += 1, phase += 8) {
    const byte = (bytes[at] ?? 0) ^ ((mask >>> phase) & 0xff);
    bytes[at] = byte;
    seen |= byte;
  }
  return seen;
}

/** Bytes up to a word boundary, words, bytes to the end. */
function maskWords(bytes: Uint8Array, start: number, end: number, mask: number): boolean {
  const before = -(bytes.byteOffset + start) & 3;
  const from = start + before;
  const count = (end - from) >> 2;
  const turned = rotate(mask, before);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + from, count);
  const seenWords = maskWordArray(words, littleEndian ? turned : swapBytes(turned));
  const seenBytes = maskBytes(bytes, start, from, mask) | maskBytes(bytes, from + (count << 2), end, turned);
  return (seenWords & HIGH_BITS) === 0 && seenBytes < 0x80;
}

function maskWordArray(words: Int32Array, key: number): number {
  const count = words.length;
  let seen = 0;
  let at = 0;
  for (const last = count - 7; at < last; at += 8) {
    const word0 = (words[at] ?? 0) ^ key;
    const word1 = (words[at + 1] ?? 0) ^ key;
    const word2 = (words[at + 2] ?? 0) ^ key;
    const word3 = (words[at + 3] ?? 0) ^ key;
    const word4 = (words[at + 4] ?? 0) ^ key;
    const word5 = (words[at + 5] ?? 0) ^ key;
    const word6 = (words[at + 6] ?? 0) ^ key;
    const word7 = (words[at + 7] ?? 0) ^ key;
    words[at] = word0;
    words[at + 1] = word1;
    words[at + 2] = word2;
    words[at + 3] = word3;
    words[at + 4] = word4;
    words[at + 5] = word5;
    words[at + 6] = word6;
    words[at + 7] = word7;
    seen |= word0 | word1 | word2 | word3 | word4 | word5 | word6 | word7;
  }
  for (; at < count; at += 1) {
    const word = (words[at] ?? 0) ^ key;
    words[at] = word;
    seen |= word;
  }
  return seen;
}

/** For machines with the high byte first. */
export function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
