// Randomness: keys that mask a client's frames, keys of handshakes, and numbers that spread things in time.
import type { Buffer } from "node:buffer";
import { randomBytes, randomFillSync, randomInt } from "node:crypto";

// One call to the generator costs some hundred nanoseconds however little it fills: fetch a thousand keys at once.
const pool: Int32Array = new Int32Array(1024);
let used: number = pool.length;

/**
 * A new masking key, from the system's cryptographic generator: it must be unpredictable, or a page could choose the bytes
 * that a client puts on the wire (RFC 6455 §5.3, §10.3).
 *
 * @returns 32 random bits as a signed integer (an unsigned one would often be a heap number)
 */
export function maskKey(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const key = pool[used] ?? 0;
  // Keys that were used are on the wire anyway, but a copy of the process's memory need not tell them.
  pool[used] = 0;
  used += 1;
  return key;
}

/** A number in [0, 1) for jitter. It is no secret: never make a key or a nonce of it. */
export function random(): number {
  return Math.random();
}

/** A new Sec-WebSocket-Key: base64 of sixteen bytes from the system's cryptographic generator (RFC 6455 §4.1(7)). */
export function handshakeKey(): string {
  return randomBytes(16).toString("base64");
}

/** What the handshakes of 2010 make of chance: whole numbers from 0 up, and bytes; nobody can foretell either. */
export const randomness: { integer(below: number): number; bytes(count: number): Buffer } = {
  integer: (below: number): number => randomInt(below),
  bytes: randomBytes,
};
