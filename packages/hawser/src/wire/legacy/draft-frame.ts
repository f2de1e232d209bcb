// The frames of the drafts hybi-01 to hybi-06: a header of two bytes with opcodes of its own, and no masking key in it.
//
// What differs from draft to draft is how the first bit says whether more fragments follow, and how a client masks: see the
// files named after the drafts. Read into the terms of RFC 6455, so that everything behind is the same.
import { Buffer } from "node:buffer";
import type { SharedBytes } from "../encoded.ts";
import { ProtocolError } from "../errors.ts";
import type { MaskKey, Reader, ReaderSettings } from "../framing.ts";
import { Assembler, type MessageHandler } from "../rfc6455/assembler.ts";
import type { FrameHandler } from "../rfc6455/decoder.ts";
import { firstByte } from "../rfc6455/encoder.ts";
import {
  emptyHeader,
  type FrameHeader,
  headerSize,
  MAX_HEADER,
  readHeader,
  writeHeader,
} from "../rfc6455/frame-header.ts";
import { isControl, Opcode } from "../rfc6455/opcode.ts";
import { sharedRoom } from "../rfc6455/shared-frame.ts";
import type { Output } from "../wire.ts";

/** What the frames of one draft have of their own. */
export interface DraftRules {
  /** What the first bit says: that this is the last fragment, or that more follow. */
  readonly firstBit: "fin" | "more";
  /**
   * The bytes that a client's frame is combined with from its first byte to its last, over and over, made from the four that
   * stand before it; undefined where frames go out as they are.
   */
  readonly maskOf: ((nonce: Buffer) => Uint8Array) | undefined;
}

const FIRST_BIT = 0x80;
const NONCE = 4;
/** Up to here a payload is copied behind its header. */
const COPIED = 16 * 1024;
/** The old opcodes by their numbers: as RFC 6455 numbers them. */
const opcodes = [
  Opcode.continuation,
  Opcode.close,
  Opcode.ping,
  Opcode.pong,
  Opcode.text,
  Opcode.binary,
] as const;
const NO_FRAME = -1;

// Reading.

/** A reader for the messages of a draft. */
export function draftReader(rules: DraftRules, settings: ReaderSettings, handler: MessageHandler): Reader {
  const assembler = new Assembler(handler, settings.limits.message, settings.accepts, true);
  const decoder = new DraftDecoder(rules, settings.role === "server", assembler);
  return {
    decoder,
    get atRest() {
      return !decoder.inFrame && !assembler.inMessage;
    },
    giveBack: () => undefined,
  };
}

class DraftDecoder {
  readonly #rules: DraftRules;
  readonly #masked: boolean;
  readonly #handler: FrameHandler;
  readonly #header: FrameHeader = emptyHeader();
  /** The header as far as it came, unmasked, behind the nonce of a masked frame. */
  readonly #head = Buffer.alloc(NONCE + MAX_HEADER);
  #headLength = 0;
  #mask: Uint8Array | undefined;
  /** How many bytes behind the nonce were unmasked. */
  #unmasked = 0;
  #left = NO_FRAME;

  constructor(rules: DraftRules, fromClient: boolean, handler: FrameHandler) {
    this.#rules = rules;
    this.#masked = fromClient && rules.maskOf !== undefined;
    this.#handler = handler;
  }

  get inFrame(): boolean {
    return this.#left !== NO_FRAME || this.#headLength > 0;
  }

  decode(chunk: Buffer, from: number): number {
    const end = chunk.length;
    let at = from;
    while (at < end) {
      if (this.#left === NO_FRAME) at = this.#readHeader(chunk, at);
      const left = this.#left;
      if (left === NO_FRAME || (at === end && left > 0)) return at;
      const start = at;
      at = Math.min(end, start + left);
      this.#unmask(chunk, start, at);
      const last = at - start === left;
      this.#left = last ? NO_FRAME : left - (at - start);
      if (!this.#handler.payload(chunk, start, at, false, last)) return at;
    }
    return at;
  }

  #readHeader(chunk: Buffer, from: number): number {
    const start = this.#masked ? NONCE : 0;
    for (let at = from; at < chunk.length; at += 1) {
      if (this.#headLength >= start) this.#unmask(chunk, at, at + 1);
      this.#head[this.#headLength] = chunk[at] ?? 0;
      this.#headLength += 1;
      if (this.#masked && this.#headLength === NONCE) {
        this.#mask = this.#rules.maskOf?.(Buffer.from(this.#head.subarray(0, NONCE)));
      }
      const length = this.#headLength - start;
      if (length >= 2 && this.#isWhole(start, length)) {
        this.#handler.header(this.#header);
        this.#headLength = 0;
        this.#left = this.#header.length;
        return at + 1;
      }
    }
    return chunk.length;
  }

  /** Reads what there is of the header, and refuses it at the first byte that damns it. */
  #isWhole(start: number, length: number): boolean {
    const header = this.#header;
    const size = readHeader(header, this.#head, start, start + length);
    const opcode = opcodes[header.opcode];
    // The bit that became MASK in draft 7 was the fourth reserved one.
    if (header.reserved !== 0 || header.masked) throw new ProtocolError("reserved-bits");
    if (opcode === undefined) throw new ProtocolError("reserved-opcode", String(header.opcode));
    header.opcode = opcode;
    header.fin = header.fin === (this.#rules.firstBit === "fin");
    if (isControl(opcode)) {
      if (!header.fin) throw new ProtocolError("control-fragmented");
      if (header.lengthBytes !== 0) throw new ProtocolError("control-too-long");
    }
    if (size > length) return false;
    if (header.length >= 2 ** 63) throw new ProtocolError("length-top-bit");
    this.#unmasked = length;
    return true;
  }

  #unmask(bytes: Buffer, start: number, end: number): void {
    const mask = this.#mask;
    if (mask === undefined) return;
    const before = this.#left === NO_FRAME ? this.#headLength - NONCE : this.#unmasked;
    combine(bytes, start, end, mask, before);
    if (this.#left !== NO_FRAME) this.#unmasked = (before + end - start) % mask.length;
  }
}

// Writing.

/** The first byte of a frame as the draft has it, from that of RFC 6455. */
function draftFirstByte({ firstBit }: DraftRules, first: number): number {
  const fin = (first & FIRST_BIT) !== 0;
  return firstByte(
    opcodes.findIndex((opcode) => opcode === (first & 0x0f)),
    fin === (firstBit === "fin"),
  );
}

/** Writes one frame; see `Framing`. */
export function encodeDraftFrame(
  rules: DraftRules,
  output: Output,
  maskKey: MaskKey,
  first: number,
  payload: Uint8Array,
): void {
  if (maskKey !== undefined && rules.maskOf !== undefined) {
    output.write(draftFrame(rules, maskKey, first, payload));
    return;
  }
  const copied = payload.length <= COPIED;
  const slab = output.reserve(MAX_HEADER + (copied ? payload.length : 0));
  const { bytes } = slab;
  slab.used = writeHeader(bytes, slab.used, draftFirstByte(rules, first), payload.length, undefined);
  if (copied) {
    bytes.set(payload, slab.used);
    slab.used += payload.length;
  } else {
    output.write(payload);
  }
}

/** One frame in memory of its own. */
export function draftFrame(rules: DraftRules, maskKey: MaskKey, first: number, payload: Uint8Array): Buffer {
  const { maskOf } = rules;
  const start = maskKey === undefined || maskOf === undefined ? 0 : NONCE;
  const frame = Buffer.allocUnsafeSlow(start + headerSize(payload.length, false) + payload.length);
  frame.set(payload, writeHeader(frame, start, draftFirstByte(rules, first), payload.length, undefined));
  if (maskKey === undefined || maskOf === undefined) return frame;
  frame.writeInt32LE(maskKey() | 0, 0);
  combine(frame, NONCE, frame.length, maskOf(Buffer.from(frame.subarray(0, NONCE))), 0);
  return frame;
}

/** One plain frame with a whole message, to be sent over many connections. */
export function sharedDraftFrame(rules: DraftRules, data: string | Uint8Array): SharedBytes {
  const payload = typeof data === "string" ? Buffer.from(data) : data;
  const size = headerSize(payload.length, false) + payload.length;
  const room = sharedRoom(size);
  const first = draftFirstByte(rules, messageByte(data));
  room.memory.set(payload, writeHeader(room.memory, room.start, first, payload.length, undefined));
  return room;
}

/** The first byte, by RFC 6455, of a frame that is a message by itself. */
export function messageByte(data: string | Uint8Array): number {
  return firstByte(typeof data === "string" ? Opcode.text : Opcode.binary, true);
}

/** @param before how many bytes before `start` were combined with the mask */
function combine(bytes: Uint8Array, start: number, end: number, mask: Uint8Array, before: number): void {
  const { length } = mask;
  let index = before % length;
  for (let at = start; at < end; at += 1) {
    bytes[at] = (bytes[at] ?? 0) ^ (mask[index] ?? 0);
    index = index + 1 === length ? 0 : index + 1;
  }
}
