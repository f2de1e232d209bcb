// zlib's one-shot calls as permessage-deflate needs them (RFC 7692 §7.2): the only file that knows zlib.
//
// A zlib stream for each connection would cost up to 300 KiB; a call costs some microseconds and leaves nothing behind.
import { Buffer, constants as bufferConstants } from "node:buffer";
import {
  constants,
  deflateRaw,
  deflateRawSync,
  inflateRaw,
  inflateRawSync,
  type ZlibOptions,
} from "node:zlib";
import { LimitError, ProtocolError } from "../wire/errors.ts";

/** How to compress. */
export interface DeflateSetting {
  readonly level: number;
  readonly memLevel: number;
  readonly windowBits: number;
}

/** What a flush ends with, and what does not travel (RFC 7692 §7.2.1). */
const TAIL = 4;
/**
 * The tail again (§7.2.2), and behind it an empty final block: zlib then says whether the message ended where a block ends. Without
 * that a message that was cut would pass for a whole one.
 */
const ENDING = Buffer.from([0x00, 0x00, 0xff, 0xff, 0x03, 0x00]);

/** Output comes in pieces: at least so much, and no more than this however large a message is. */
const SMALLEST_CHUNK = 1024;
const LARGEST_CHUNK = 128 * 1024;
/** On the thread pool every piece is a way there and back. */
const SMALLEST_ELSEWHERE = 64 * 1024;

function chunkFor(guess: number, smallest: number = SMALLEST_CHUNK): number {
  return Math.max(smallest, Math.min(LARGEST_CHUNK, guess));
}

function deflateOptions(
  input: Uint8Array,
  { level, memLevel, windowBits }: DeflateSetting,
  dictionary: Uint8Array | undefined,
): ZlibOptions {
  return {
    level,
    memLevel,
    // zlib cannot compress with 8 bits without a header; with 9 it refers back by 250 bytes at most, since it keeps 262 for itself.
    windowBits: Math.max(windowBits, 9),
    finishFlush: constants.Z_SYNC_FLUSH,
    chunkSize: chunkFor(input.length + 64),
    ...(dictionary && { dictionary }),
  };
}

/** Compresses here and now, with the tail. */
export function deflateHere(
  input: Uint8Array,
  setting: DeflateSetting,
  dictionary: Uint8Array | undefined,
): Buffer {
  return deflateRawSync(input, deflateOptions(input, setting, dictionary));
}

/** Compresses on the thread pool, with the tail. */
export function deflateElsewhere(
  input: Uint8Array,
  setting: DeflateSetting,
  dictionary: Uint8Array | undefined,
  done: (output: Buffer) => void,
): void {
  deflateRaw(input, deflateOptions(input, setting, dictionary), (error, output) => {
    done(error === null ? output : stored(input));
  });
}

/** Takes the tail off. */
export function withoutTail(output: Buffer): Buffer {
  return output.subarray(0, output.length - TAIL);
}

/** What deflate data looks like that compresses nothing (RFC 1951 §3.2.4), with a tail: for when zlib has no memory. */
export function stored(input: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < input.length; at += 0xffff) {
    const block = input.subarray(at, at + 0xffff);
    const header = Buffer.alloc(5);
    header.writeUInt16LE(block.length, 1);
    header.writeUInt16LE(block.length ^ 0xffff, 3);
    parts.push(header, block);
  }
  return Buffer.concat([...parts, Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff])]);
}

function inflateOptions(
  input: Uint8Array,
  max: number,
  dictionary: Uint8Array | undefined,
  smallest?: number,
): ZlibOptions {
  return {
    chunkSize: chunkFor(Math.min(input.length * 4, max), smallest),
    maxOutputLength: Math.min(max, bufferConstants.MAX_LENGTH),
    ...(dictionary && { dictionary }),
  };
}

/** A message as it came, ready to be inflated: a copy, with its ending. */
export function ended(input: Uint8Array): Buffer {
  const whole = Buffer.allocUnsafe(input.length + ENDING.length);
  whole.set(input);
  ENDING.copy(whole, input.length);
  return whole;
}

/**
 * Inflates here and now.
 *
 * @param input as `ended` gives it
 * @throws what zlib throws: see `reasonOf`
 */
export function inflateHere(input: Buffer, max: number, dictionary: Uint8Array | undefined): Buffer {
  return inflateRawSync(input, inflateOptions(input, max, dictionary));
}

/** Inflates on the thread pool. */
export function inflateElsewhere(
  input: Buffer,
  max: number,
  dictionary: Uint8Array | undefined,
  done: (result: Buffer | ProtocolError | LimitError) => void,
): void {
  inflateRaw(input, inflateOptions(input, max, dictionary, SMALLEST_ELSEWHERE), (error, output) => {
    done(error === null ? output : reasonOf(error, max));
  });
}

/** More would have come than was allowed. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}

/** Why a message could not be inflated, in the words of the protocol. */
export function reasonOf(error: unknown, max: number): ProtocolError | LimitError {
  if (isTooLarge(error)) return new LimitError("limits.message", 1009, `the message is over ${max} bytes`);
  return new ProtocolError("invalid-deflate", error instanceof Error ? error.message : undefined);
}
