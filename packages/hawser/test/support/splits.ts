// The ways a stream of bytes can be cut into chunks. A machine must not tell them apart.
import { Buffer } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";

/** Every way to cut bytes into two parts that are not empty. */
export function* everySplit(input: Uint8Array): Generator<Buffer[]> {
  for (let at = 1; at < input.length; at += 1) yield cutAt(input, [at]);
}

/** One byte to a chunk. */
export function byteByByte(input: Uint8Array): Buffer[] {
  return inChunks(input, 1);
}

/** Chunks of `size` bytes, the last one perhaps shorter. */
export function inChunks(input: Uint8Array, size: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < input.length; at += size) chunks.push(Buffer.from(input.subarray(at, at + size)));
  return chunks;
}

/** Every way at all to cut bytes into chunks: 2^(n-1) of them, so at most 12 bytes are taken. */
export function* allSplits(input: Uint8Array): Generator<Buffer[]> {
  if (input.length > 12) throw new RangeError(`${input.length} bytes can be cut in too many ways`);
  for (let cuts = 0; cuts < 2 ** (input.length - 1); cuts += 1) {
    const places: number[] = [];
    for (let at = 1; at < input.length; at += 1) if (cuts & (1 << (at - 1))) places.push(at);
    yield cutAt(input, places);
  }
}

/** Bytes cut at the given places, ascending. The chunks are copies: a machine may write into them. */
export function cutAt(input: Uint8Array, places: readonly number[]): Buffer[] {
  const from = [0, ...places];
  return from.map((start, index) => Buffer.from(input.subarray(start, from[index + 1] ?? input.length)));
}

/** Above this size only the cuts near both ends are tried: those of headers and of the last bytes. */
const EVERY_SPLIT = 512;
const LONG = 4096;

/**
 * Runs something on bytes whole, cut in two everywhere, byte by byte or in small chunks, and in all ways if they are few, and expects the same each time.
 *
 * @param few up to so many bytes are cut in all ways, of which each byte more doubles the number
 * @returns what came out
 */
export function underEverySplit<Result>(
  input: Uint8Array,
  run: (chunks: Buffer[]) => Result,
  few = 12,
): Result {
  const whole = run([Buffer.from(input)]);
  const same = (chunks: Buffer[]) => {
    const sizes = chunks.map((chunk) => chunk.length);
    const result = run(chunks);
    // There are thousands of ways: the cheap comparison first, the one that shows the difference only where there is one.
    if (isDeepStrictEqual(result, whole)) return;
    expect(
      result,
      `cut into ${sizes.length > 30 ? `${sizes.length} chunks` : sizes.join("+")}`,
    ).toStrictEqual(whole);
    expect.fail("the results differ, but not in what can be shown");
  };
  if (input.length <= EVERY_SPLIT) {
    for (const chunks of everySplit(input)) same(chunks);
  } else {
    for (let at = 1; at <= 20; at += 1) {
      same(cutAt(input, [at]));
      same(cutAt(input, [input.length - at]));
    }
  }
  // What is long is payload: its bytes one by one show nothing that small chunks do not, and take their time.
  same(input.length <= LONG ? byteByByte(input) : inChunks(input, 61));
  if (input.length <= few) for (const chunks of allSplits(input)) same(chunks);
  return whole;
}
