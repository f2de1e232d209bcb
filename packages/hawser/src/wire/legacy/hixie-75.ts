// hixie-75 (February 2010): text between the bytes 00 and FF, and no Close. hixie-76 is the same with one: see its file.
//
// A frame whose type has the high bit set announces its length instead, seven bits a byte. No version ever gave such frames, or
// other types, a meaning: they are read and dropped.
import { Buffer } from "node:buffer";
import type { SharedBytes } from "../encoded.ts";
import { ProtocolError, UnsupportedError } from "../errors.ts";
import type { Framing, Reader, ReaderSettings } from "../framing.ts";
import type { MessageHandler } from "../rfc6455/assembler.ts";
import { Opcode } from "../rfc6455/opcode.ts";
import { sharedRoom } from "../rfc6455/shared-frame.ts";
import type { Output, WireVersion } from "../wire.ts";
import { textOnly } from "./capabilities.ts";
import { checkSize, GrowingText } from "./growing-text.ts";
import { plainClose } from "./plain-close.ts";

const TEXT = 0x00;
const END = 0xff;
/** The type of a frame that says how long it is. */
const HAS_LENGTH = 0x80;
/** The only such frame that ever meant something: with length 0 it is the Close of hixie-76. */
const CLOSE = 0xff;
/** Seven bits each: more would say what no number holds, or nothing at all in as many zeros as a peer likes. */
const LENGTH_BYTES = 8;

/** Where in a frame the reader stands. */
type Place = "between" | "text" | "unknown" | "length" | "skipped";

/** Reads the frames of hixie-75 and hixie-76. */
class SentinelReader implements Reader {
  readonly decoder = this;
  readonly #settings: ReaderSettings;
  readonly #handler: MessageHandler;
  readonly #text: GrowingText;
  readonly #hasClose: boolean;
  #place: Place = "between";
  #type = 0;
  /** Bytes of a frame that is dropped: those that came, or are still to come. */
  #count = 0;
  #lengthBytes = 0;

  constructor(settings: ReaderSettings, handler: MessageHandler, hasClose: boolean) {
    this.#settings = settings;
    this.#handler = handler;
    this.#text = new GrowingText(settings, handler);
    this.#hasClose = hasClose;
  }

  get inFrame(): boolean {
    return this.#place !== "between";
  }

  get atRest(): boolean {
    return this.#place === "between";
  }

  giveBack(): void {
    // One for each connection that reads: nobody else has a use for it.
  }

  decode(chunk: Buffer, from: number): number {
    let at = from;
    let goOn = true;
    while (goOn && at < chunk.length) {
      if (this.#place === "between") {
        this.#begin(chunk[at] ?? 0);
        at += 1;
      } else if (this.#place === "length") {
        goOn = this.#readLength(chunk[at] ?? 0);
        at += 1;
      } else if (this.#place === "skipped") {
        const skipped = Math.min(this.#count, chunk.length - at);
        this.#count -= skipped;
        if (this.#count === 0) this.#place = "between";
        at += skipped;
      } else {
        const end = chunk.indexOf(END, at);
        const piece = chunk.subarray(at, end < 0 ? chunk.length : end);
        at = end < 0 ? chunk.length : end + 1;
        goOn = this.#readPiece(piece, end >= 0);
      }
    }
    return at;
  }

  #begin(type: number): void {
    this.#type = type;
    this.#count = 0;
    this.#lengthBytes = 0;
    if (type >= HAS_LENGTH) this.#place = "length";
    else this.#place = type === TEXT ? "text" : "unknown";
    if (type === TEXT) this.#text.begin(0);
  }

  #readPiece(bytes: Buffer, last: boolean): boolean {
    const place = this.#place;
    if (last) this.#place = "between";
    if (place === "text") return this.#text.add(bytes, last);
    this.#count += bytes.length;
    checkSize(this.#count, this.#settings.limits.message);
    return true;
  }

  #readLength(byte: number): boolean {
    this.#lengthBytes += 1;
    if (this.#lengthBytes > LENGTH_BYTES) throw new ProtocolError("length-endless");
    this.#count = this.#count * 128 + (byte & 0x7f);
    checkSize(this.#count, this.#settings.limits.message);
    if ((byte & 0x80) !== 0) return true;
    if (this.#count > 0) {
      this.#place = "skipped";
      return true;
    }
    this.#place = "between";
    if (this.#type !== CLOSE || !this.#hasClose) return true;
    return this.#handler.control(Opcode.close, Buffer.alloc(0));
  }
}

/** The framing of hixie-75 or hixie-76. */
export function sentinelFraming(version: WireVersion, hasClose: boolean): Framing {
  return {
    version,
    can: textOnly,
    endsWithTransport: !hasClose,
    reader: (settings, _deflate, handler) => new SentinelReader(settings, handler, hasClose),
    encodeText: (output, _maskKey, text) => output.write(textFrame(text)),
    encodeFrame: (output, _maskKey, first) => writeClose(output, version, first, hasClose),
    encodeMessage: (data) => textFrame(textOf(version, data)),
    sharedMessage: (data) => shared(textFrame(textOf(version, data))),
    ...plainClose(version),
  };
}

function textFrame(text: string): Buffer {
  // No byte of UTF-8 is FF, so that no text can end its frame.
  const size = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafeSlow(size + 2);
  frame[0] = TEXT;
  frame.write(text, 1);
  frame[size + 1] = END;
  return frame;
}

function writeClose(output: Output, version: WireVersion, first: number, hasClose: boolean): void {
  if ((first & 0x0f) !== Opcode.close) throw noBinary(version);
  if (hasClose) output.write(Buffer.from([CLOSE, 0]));
}

/** Text that is to be sent. Throws for anything else. */
export function textOf(version: WireVersion, data: string | Uint8Array): string {
  if (typeof data !== "string") throw noBinary(version);
  return data;
}

/** What a framing for text alone says to bytes. */
export function noBinary(version: WireVersion): UnsupportedError {
  return new UnsupportedError(`${version} carries text only`);
}

/** A frame as one of those that many connections send. */
export function shared(frame: Buffer): SharedBytes {
  const room = sharedRoom(frame.length);
  room.memory.set(frame, room.start);
  return room;
}

export const hixie75: Framing = sentinelFraming("hixie-75", false);
