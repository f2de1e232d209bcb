// Messages to frames, written straight into the memory that goes out (RFC 6455 §5.2, §5.3).
import { Buffer } from "node:buffer";
import type { SharedBytes } from "../encoded.ts";
import type { MaskKey } from "../framing.ts";
import type { Output } from "../wire.ts";
import { headerSize, MAX_HEADER, writeHeader } from "./frame-header.ts";
import { applyMask, maskedCopy } from "./mask.ts";
import { Opcode } from "./opcode.ts";
import { sharedRoom } from "./shared-frame.ts";
import { encodeUtf8 } from "./text.ts";

const FIN = 0x80;
/** Up to here a payload is copied into the slab; above, the copy costs more than a second piece in the write. */
const COPIED = 16 * 1024;
/** A string of this many characters fits the slab whatever they are: three bytes each at most. */
const COPIED_CHARACTERS = Math.floor(COPIED / 3);
/** Up to here a loop over the characters beats the call into the engine. */
const LOOPED_CHARACTERS = 32;

/** The first byte of a frame. */
export function firstByte(opcode: number, fin: boolean): number {
  return fin ? FIN | opcode : opcode;
}

/** Writes frames to an output: as a client, masked with a fresh key each, or as a server, plain. */
export class Encoder {
  readonly #output: Output;
  readonly #maskKey: MaskKey;

  /** @param maskKey gives four unpredictable bytes (RFC 6455 §5.3, §10.3); undefined for a server */
  constructor(output: Output, maskKey: (() => number) | undefined) {
    this.#output = output;
    this.#maskKey = maskKey;
  }

  /** One text message in one frame. Lone surrogates go out as U+FFFD, as everywhere in the platform. */
  text(text: string): void {
    encodeText(this.#output, this.#maskKey, text);
  }

  /** One frame of any kind. A large payload of a server is not copied: it belongs to the output from now on. */
  frame(first: number, payload: Uint8Array): void {
    encodeFrame(this.#output, this.#maskKey, first, payload);
  }
}

/** As `Encoder.text`. */
export function encodeText(output: Output, maskKey: MaskKey, text: string): void {
  if (text.length > COPIED_CHARACTERS) {
    encodeLarge(output, maskKey, firstByte(Opcode.text, true), Buffer.from(text));
    return;
  }
  const mask = maskKey?.();
  const slab = output.reserve(MAX_HEADER + text.length * 3);
  const { bytes, used } = slab;
  // The header comes first, but its size hangs on what the text takes: guess, and move the text where the guess was wrong.
  const guess = used + headerSize(text.length, mask !== undefined);
  const size = writeText(bytes, text, guess);
  const start = used + headerSize(size, mask !== undefined);
  if (start !== guess) bytes.copyWithin(start, guess, guess + size);
  writeHeader(bytes, used, FIN | Opcode.text, size, mask);
  if (mask !== undefined) applyMask(bytes, start, start + size, mask);
  slab.used = start + size;
}

/** As `Encoder.frame`. */
export function encodeFrame(output: Output, maskKey: MaskKey, first: number, payload: Uint8Array): void {
  if (payload.length > COPIED) {
    encodeLarge(output, maskKey, first, payload);
    return;
  }
  const mask = maskKey?.();
  const slab = output.reserve(MAX_HEADER + payload.length);
  const { bytes } = slab;
  const start = writeHeader(bytes, slab.used, first, payload.length, mask);
  bytes.set(payload, start);
  if (mask !== undefined) applyMask(bytes, start, start + payload.length, mask);
  slab.used = start + payload.length;
}

function encodeLarge(output: Output, maskKey: MaskKey, first: number, payload: Uint8Array): void {
  const mask = maskKey?.();
  const slab = output.reserve(MAX_HEADER);
  slab.used = writeHeader(slab.bytes, slab.used, first, payload.length, mask);
  output.write(mask === undefined ? payload : maskedCopy(payload, mask));
}

/**
 * One whole message as the bytes of one frame, to be written to any number of connections.
 *
 * @param mask the masking key of a client, whose frame is for one connection; undefined for a server
 */
export function encodeMessage(data: string | Uint8Array, mask?: number): Buffer {
  const size = sizeOf(data);
  const frame = Buffer.allocUnsafeSlow(headerSize(size, mask !== undefined) + size);
  putMessage(frame, 0, data, size, mask);
  return frame;
}

/** One whole message in one frame of a server's, to be sent over many connections. */
export function sharedMessage(data: string | Uint8Array): SharedBytes {
  const size = sizeOf(data);
  const frame = sharedRoom(headerSize(size, false) + size);
  putMessage(frame.memory, frame.start, data, size, undefined);
  return frame;
}

/** As `sharedMessage`, for a payload and the first byte of its frame. */
export function sharedFrame(first: number, payload: Uint8Array): SharedBytes {
  const frame = sharedRoom(headerSize(payload.length, false) + payload.length);
  frame.memory.set(payload, writeHeader(frame.memory, frame.start, first, payload.length, undefined));
  return frame;
}

function sizeOf(data: string | Uint8Array): number {
  return typeof data === "string" ? Buffer.byteLength(data) : data.length;
}

function putMessage(
  bytes: Buffer,
  at: number,
  data: string | Uint8Array,
  size: number,
  mask: number | undefined,
): void {
  const text = typeof data === "string";
  const start = writeHeader(bytes, at, firstByte(text ? Opcode.text : Opcode.binary, true), size, mask);
  if (text) encodeUtf8(bytes, data, start);
  else bytes.set(data, start);
  if (mask !== undefined) applyMask(bytes, start, start + size, mask);
}

function writeText(bytes: Buffer, text: string, start: number): number {
  if (text.length > LOOPED_CHARACTERS) return encodeUtf8(bytes, text, start);
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character > 0x7f) return encodeUtf8(bytes, text, start);
    bytes[start + index] = character;
  }
  return text.length;
}
