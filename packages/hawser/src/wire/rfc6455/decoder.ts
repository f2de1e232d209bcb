// Chunks to frames: the framing rules of RFC 6455 §5, kept in fields so that nothing is allocated per frame.
import { Buffer } from "node:buffer";
import { ProtocolError } from "../errors.ts";
import type { Role } from "../wire.ts";
import { isAscii, wordsOf } from "./ascii.ts";
import { emptyHeader, type FrameHeader, MAX_HEADER, readHeader, readMask } from "./frame-header.ts";
import { applyMask, maskElsewhere, rotate } from "./mask.ts";
import { isControl, isReserved, Opcode } from "./opcode.ts";
import { isShortText, type ShortFrameHandler, shortFrameEnd, shortPayload } from "./short-frame.ts";

/** Who hears of frames. */
export interface FrameHandler {
  /** A frame's header is known, its masking key perhaps not yet. Throws to refuse the frame before its payload is read. */
  header(header: FrameHeader): void;
  /**
   * The next piece of the payload, in clear, or all of it: `bytes[start]` to `bytes[end]`. Take what is to be kept before you
   * call anybody: the memory may be used again.
   *
   * @param ascii every byte is known to be below 0x80
   * @param last the frame ends here
   * @returns false to stop decoding after this piece
   */
  payload(bytes: Buffer, start: number, end: number, ascii: boolean, last: boolean): boolean;
}

/** The first reserved bit, which permessage-deflate gives a meaning (RFC 7692 §6). */
export const RSV1 = 0x40;

/** `#left` between two frames. */
const NO_FRAME = -1;

/** What may be in frames, beside what RFC 6455 §5.2 allows. */
export interface DecoderOptions {
  /** permessage-deflate was agreed on: the first frame of a message may have RSV1 set. Default false. */
  readonly deflate?: boolean | undefined;
  /** Takes short frames on a faster way. */
  readonly short?: ShortFrameHandler | undefined;
  /** Lengths may be longer than they need to be, as before draft 14. Default false. */
  readonly longLengths?: boolean | undefined;
}

/** Reads frames out of chunks that are cut anywhere. Throws ProtocolError, and what its handler throws. */
export class Decoder {
  readonly #handler: FrameHandler;
  readonly #masked: boolean;
  readonly #deflate: boolean;
  readonly #longLengths: boolean;
  readonly #short: ShortFrameHandler | undefined;
  readonly #header: FrameHeader = emptyHeader();
  /** A header that was cut by the end of a chunk, as far as it came. */
  #cut: Buffer | undefined;
  #cutLength = 0;
  #announced = false;
  /** Bytes of the current payload still to come. */
  #left = NO_FRAME;
  #mask = 0;

  constructor(role: Role, handler: FrameHandler, options: DecoderOptions = {}) {
    this.#handler = handler;
    this.#deflate = options.deflate ?? false;
    this.#longLengths = options.longLengths ?? false;
    this.#short = options.short;
    // RFC 6455 §5.1: a client masks all frames, a server none.
    this.#masked = role === "server";
  }

  /** Part of a frame has come, and part of it has not. */
  get inFrame(): boolean {
    return this.#left !== NO_FRAME || this.#cutLength > 0;
  }

  /**
   * Decodes `chunk` from `from` on, unmasking in place, until its end or until the handler says stop.
   *
   * @returns where it stopped: what lies behind is to be handed in again, before any other chunk
   */
  decode(chunk: Buffer, from: number): number {
    const end = chunk.length;
    const words = this.#masked ? undefined : wordsOf(chunk);
    let at = from;
    while (at < end) {
      if (this.#left === NO_FRAME) {
        const short = this.#short;
        if (short !== undefined && this.#cutLength === 0) {
          const stop = shortFrameEnd(chunk, at, end, this.#masked, short.longestShort);
          if (stop > 0) {
            const goOn = this.#readShort(short, chunk, at, stop, words);
            at = stop;
            if (goOn) continue;
            return at;
          }
        }
        at = this.#readHeader(chunk, at, end);
        if (this.#left === NO_FRAME) return at;
      }
      const left = this.#left;
      let stop = left < end - at ? at + left : end;
      if (stop === at && left > 0) return at;
      let bytes = chunk;
      let start = at;
      let ascii = false;
      if (this.#masked) {
        const moved = maskElsewhere(chunk, at, stop, this.#mask);
        if (moved === undefined) {
          ascii = applyMask(chunk, at, stop, this.#mask);
        } else {
          ({ bytes, ascii } = moved);
          start = 0;
          stop = at + moved.size;
        }
      }
      const size = stop - at;
      const last = size === left;
      if (last) {
        this.#left = NO_FRAME;
      } else {
        this.#left = left - size;
        this.#mask = rotate(this.#mask, size);
      }
      at = stop;
      if (!this.#handler.payload(bytes, start, start + size, ascii, last)) return at;
    }
    return at;
  }

  #readShort(
    short: ShortFrameHandler,
    chunk: Buffer,
    at: number,
    stop: number,
    words: Int32Array | undefined,
  ): boolean {
    const text = isShortText(chunk, at);
    const start = shortPayload(chunk, at, this.#masked);
    const ascii = this.#masked
      ? applyMask(chunk, start, stop, readMask(chunk, start - 4))
      : text && isAscii(chunk, start, stop, words);
    return short.short(text, chunk, start, stop, ascii);
  }

  #readHeader(chunk: Buffer, at: number, end: number): number {
    const header = this.#header;
    if (this.#cutLength === 0) {
      const size = readHeader(header, chunk, at, end);
      if (size <= end - at) {
        this.#check(header);
        this.#begin(header);
        return at + size;
      }
    }
    return this.#readCutHeader(chunk, at, end);
  }

  /** Byte by byte, so that a frame is refused at the first byte that damns it, however the header is cut. */
  #readCutHeader(chunk: Buffer, from: number, end: number): number {
    const header = this.#header;
    this.#cut ??= Buffer.alloc(MAX_HEADER);
    for (let at = from; at < end; at += 1) {
      this.#cut[this.#cutLength] = chunk[at] ?? 0;
      this.#cutLength += 1;
      const size = readHeader(header, this.#cut, 0, this.#cutLength);
      if (this.#cutLength >= 2 && !this.#announced) this.#check(header);
      if (size === this.#cutLength) {
        this.#cutLength = 0;
        this.#begin(header);
        return at + 1;
      }
    }
    return end;
  }

  /** What can be said from the header alone; asked again while its length is still incomplete. */
  #check(header: FrameHeader): void {
    // RFC 6455 §5.2: "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values".
    if (header.reserved !== 0 && !this.#hasMeaning(header)) throw new ProtocolError("reserved-bits");
    if (isReserved(header.opcode)) throw new ProtocolError("reserved-opcode", String(header.opcode));
    if (header.masked !== this.#masked) throw new ProtocolError(header.masked ? "masked" : "not-masked");
    if (isControl(header.opcode)) {
      // RFC 6455 §5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."
      if (!header.fin) throw new ProtocolError("control-fragmented");
      if (header.lengthBytes !== 0) throw new ProtocolError("control-too-long");
    }
    if (header.length < 0) return;
    // RFC 6455 §5.2: "the minimal number of bytes MUST be used to encode the length".
    if (!this.#longLengths && header.length < leastLength(header))
      throw new ProtocolError("length-not-minimal");
    if (header.length >= 2 ** 63) throw new ProtocolError("length-top-bit");
    this.#announced = true;
    this.#handler.header(header);
  }

  /** RFC 7692 §6.1: RSV1 is for the first frame of a message, and neither for those that continue it nor for control frames. */
  #hasMeaning({ reserved, opcode }: FrameHeader): boolean {
    return this.#deflate && reserved === RSV1 && (opcode === Opcode.text || opcode === Opcode.binary);
  }

  #begin(header: FrameHeader): void {
    this.#announced = false;
    this.#left = header.length;
    this.#mask = header.mask;
  }
}

/** The least length that needs so many bytes. */
function leastLength({ lengthBytes }: FrameHeader): number {
  if (lengthBytes === 0) return 0;
  return lengthBytes === 2 ? 126 : 0x10000;
}
