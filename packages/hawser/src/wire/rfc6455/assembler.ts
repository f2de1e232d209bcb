// Frames to messages: fragmentation, the size of a message, and its text (RFC 6455 §5.4, §5.6, §8.1).
import { Buffer, constants, isUtf8 } from "node:buffer";
import { LimitError, ProtocolError } from "../errors.ts";
import type { Kind } from "../wire.ts";
import type { FrameHandler } from "./decoder.ts";
import type { FrameHeader } from "./frame-header.ts";
import { isControl, Opcode } from "./opcode.ts";
import { LONGEST_SHORT, type ShortFrameHandler } from "./short-frame.ts";
import { decodeAscii, decodeUtf8 } from "./text.ts";
import { Utf8Checker } from "./utf8.ts";

/** Who hears of messages. All but `control` return false to stop decoding. */
export interface MessageHandler {
  /** Whether messages that start now go to `fragment` instead of `message`. */
  readonly streaming: boolean;
  message(data: string | Uint8Array): boolean;
  fragment(kind: Kind, bytes: Uint8Array, final: boolean): boolean;
  /**
   * A whole message that is still compressed. A view of a larger ArrayBuffer is lent for the call.
   *
   * @param streamed it began while `streaming` was set
   */
  compressed(kind: Kind, bytes: Uint8Array, streamed: boolean): boolean;
  /** A whole control frame. The payload is the handler's. */
  control(opcode: number, payload: Buffer): boolean;
}

/** What a fragment counts toward `limits.message` at the least, so that endless empty ones come to an end. */
const FRAGMENT_COST = 16;
/** A message of just the limit may come in fragments too, the empty last one of a stream among them. */
const FRAGMENT_ALLOWANCE = 4096;
/** A buffer for a large frame is made in full once this part of it has come: an announcement alone gets no memory. */
const TRUST = 16;
const FIRST_BUFFER = 64 * 1024;

/** Puts messages together. Throws ProtocolError and LimitError. */
export class Assembler implements FrameHandler, ShortFrameHandler {
  #handler: MessageHandler;
  #maxSize: number;
  #accepts: Kind | undefined;
  readonly #replaces: boolean;

  /** The message under way, from its first header to its last byte. */
  #kind: Kind | undefined;
  /** Its kind too, if it is delivered piece by piece. */
  #streamed: Kind | undefined;
  /** It is compressed: neither read nor delivered before it is whole. */
  #compressed: Kind | undefined;
  #final = false;
  #fragments = 0;
  /** By its headers so far, the frame under way included. */
  #announced = 0;
  #cost = 0;
  #buffer: Uint8Array | undefined;
  #used = 0;
  #ascii = true;
  #utf8: Utf8Checker | undefined;
  /** Of a streamed message, where what is no UTF-8 is replaced. */
  #replacing: InstanceType<typeof TextDecoder> | undefined;

  /** The control frame under way, or 0. */
  #control = 0;
  #controlPayload: Buffer | undefined;

  /**
   * @param maxSize `limits.message`
   * @param accepts the only kind of message that is welcome, or undefined for both
   * @param replaces what is no UTF-8 becomes U+FFFD, as before draft 10. Default false: it ends the connection
   */
  constructor(handler: MessageHandler, maxSize: number, accepts: Kind | undefined, replaces = false) {
    this.#handler = handler;
    this.#maxSize = maxSize;
    this.#accepts = accepts;
    this.#replaces = replaces;
  }

  /** As the constructor, for another connection. Only between two messages. */
  serve(handler: MessageHandler, maxSize: number, accepts: Kind | undefined): void {
    this.#handler = handler;
    this.#maxSize = maxSize;
    this.#accepts = accepts;
  }

  /** A message has begun and not ended. */
  get inMessage(): boolean {
    return this.#kind !== undefined;
  }

  get longestShort(): number {
    if (this.#kind !== undefined || this.#handler.streaming) return -1;
    return Math.min(this.#maxSize, LONGEST_SHORT);
  }

  short(text: boolean, bytes: Buffer, start: number, end: number, ascii: boolean): boolean {
    if (this.#accepts !== undefined) this.#checkKind(text ? "text" : "binary");
    return this.#handler.message(
      text ? wholeText(bytes, start, end, ascii, this.#replaces) : copyOf(bytes, start, end),
    );
  }

  header(header: FrameHeader): void {
    if (isControl(header.opcode)) {
      this.#control = header.opcode;
      return;
    }
    this.#control = 0;
    if (header.opcode === Opcode.continuation) {
      if (this.#kind === undefined) throw new ProtocolError("unexpected-continuation");
    } else {
      if (this.#kind !== undefined) throw new ProtocolError("expected-continuation");
      this.#start(header.opcode === Opcode.text ? "text" : "binary", header.reserved !== 0);
    }
    this.#final = header.fin;
    this.#measure(header.length);
  }

  payload(bytes: Buffer, start: number, end: number, ascii: boolean, last: boolean): boolean {
    if (this.#control !== 0) return this.#addToControl(bytes, start, end, last);
    const complete = last && this.#final;
    const compressed = this.#compressed;
    if (compressed !== undefined) return this.#addCompressed(compressed, bytes, start, end, complete);
    const streamed = this.#streamed;
    if (streamed !== undefined) return this.#streamPiece(streamed, bytes, start, end, complete);
    if (complete && this.#used === 0 && this.#utf8 === undefined) {
      const text = this.#kind === "text";
      this.#kind = undefined;
      return this.#handler.message(
        text ? wholeText(bytes, start, end, ascii, this.#replaces) : copyOf(bytes, start, end),
      );
    }
    this.#check(bytes, start, end, ascii, complete);
    this.#append(bytes, start, end);
    return complete ? this.#finish() : true;
  }

  #checkKind(kind: Kind): void {
    if (this.#accepts === undefined || this.#accepts === kind) return;
    throw new ProtocolError("unaccepted-kind", `${kind}, where only ${this.#accepts} is welcome`);
  }

  #start(kind: Kind, compressed: boolean): void {
    this.#checkKind(kind);
    this.#kind = kind;
    this.#compressed = compressed ? kind : undefined;
    this.#streamed = this.#handler.streaming ? kind : undefined;
    this.#fragments = 0;
    this.#announced = 0;
    this.#cost = 0;
  }

  /** Holds the message to its limit by what its headers announce, before any of it is kept (RFC 6455 §10.4). */
  #measure(length: number): void {
    this.#fragments += 1;
    this.#announced += length;
    const fragmented = this.#fragments > 1 || !this.#final;
    if (fragmented) this.#cost += Math.max(length, FRAGMENT_COST);
    const limit = this.#compressed !== undefined ? deflateBound(this.#maxSize) : this.#maxSize;
    const max = Math.min(limit, this.#ceiling());
    if (this.#announced > max) {
      throw new LimitError("limits.message", 1009, `the message is over ${max} bytes`);
    }
    if (this.#cost > limit + FRAGMENT_ALLOWANCE) {
      throw new LimitError(
        "limits.message",
        1009,
        `the message came in ${this.#fragments} fragments, too many for its size`,
      );
    }
  }

  /** What holds where the limit is off: how long a string and an ArrayBuffer can be, and how far numbers are exact. */
  #ceiling(): number {
    if (this.#compressed !== undefined) return constants.MAX_LENGTH;
    if (this.#streamed !== undefined) return Number.MAX_SAFE_INTEGER;
    return this.#kind === "text" ? constants.MAX_STRING_LENGTH : constants.MAX_LENGTH;
  }

  /** RFC 6455 §8.1, as early as can be: text that cannot become valid any more is refused in the middle of its frame. */
  #check(bytes: Buffer, start: number, end: number, ascii: boolean, complete: boolean): void {
    if (this.#kind !== "text") return;
    this.#ascii &&= ascii;
    if (this.#replaces) return;
    this.#utf8 ??= new Utf8Checker();
    const possible = ascii ? start === end || this.#utf8.complete : this.#utf8.push(bytes, start, end);
    if (!possible || (complete && !this.#utf8.complete)) throw new ProtocolError("invalid-utf8");
  }

  #append(bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    const needed = this.#used + end - start;
    const held = this.#buffer;
    if (held === undefined || needed > held.length) {
      const grown = unfilled(this.#capacity(needed, held?.length ?? 0));
      if (held !== undefined) grown.set(held.subarray(0, this.#used));
      this.#buffer = grown;
      bytes.copy(grown, this.#used, start, end);
    } else {
      bytes.copy(held, this.#used, start, end);
    }
    this.#used = needed;
  }

  /** Exactly the message where its one frame has shown some of itself; doubling where fragments trickle in. */
  #capacity(needed: number, held: number): number {
    const announced = Math.min(this.#announced, Math.max(FIRST_BUFFER, needed * TRUST));
    return Math.max(needed, announced, this.#fragments > 1 ? held * 2 : 0);
  }

  #finish(): boolean {
    const text = this.#kind === "text";
    const ascii = this.#ascii;
    const bytes = this.#takeBuffer();
    this.#kind = undefined;
    this.#ascii = true;
    this.#utf8 = undefined;
    if (text) {
      const { length } = bytes;
      return this.#handler.message(ascii ? decodeAscii(bytes, 0, length) : decodeUtf8(bytes, 0, length));
    }
    return this.#handler.message(bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice());
  }

  /** What was gathered; a view of a larger buffer, perhaps. */
  #takeBuffer(): Uint8Array {
    const bytes = this.#buffer ?? new Uint8Array(0);
    const used = this.#used;
    this.#buffer = undefined;
    this.#used = 0;
    return used === bytes.length ? bytes : bytes.subarray(0, used);
  }

  #addCompressed(kind: Kind, bytes: Buffer, start: number, end: number, complete: boolean): boolean {
    const whole = complete && this.#used === 0 ? bytes.subarray(start, end) : undefined;
    if (whole === undefined) this.#append(bytes, start, end);
    if (!complete) return true;
    this.#kind = undefined;
    return this.#handler.compressed(kind, whole ?? this.#takeBuffer(), this.#streamed !== undefined);
  }

  #streamPiece(kind: Kind, bytes: Buffer, start: number, end: number, complete: boolean): boolean {
    this.#check(bytes, start, end, false, complete);
    const replaces = this.#replaces && kind === "text";
    const piece = replaces ? this.#replaced(bytes.subarray(start, end), complete) : copyOf(bytes, start, end);
    if (complete) {
      this.#kind = undefined;
      this.#utf8 = undefined;
      this.#ascii = true;
    }
    if (piece.length === 0 && !complete) return true;
    return this.#handler.fragment(kind, piece, complete);
  }

  #replaced(bytes: Uint8Array, complete: boolean): Uint8Array {
    this.#replacing ??= new TextDecoder("utf-8", { ignoreBOM: true });
    const text = Buffer.from(this.#replacing.decode(bytes, { stream: !complete }));
    return copyOf(text, 0, text.length);
  }

  #addToControl(bytes: Buffer, start: number, end: number, last: boolean): boolean {
    // Copied, because it may be kept (an owed pong) and must not keep a whole chunk with it.
    const piece = Buffer.from(bytes.subarray(start, end));
    const before = this.#controlPayload;
    const payload = before === undefined ? piece : Buffer.concat([before, piece]);
    if (!last) {
      this.#controlPayload = payload;
      return true;
    }
    this.#controlPayload = undefined;
    return this.#handler.control(this.#control, payload);
  }
}

/** How long a message of this size can become by being compressed; zlib's own bound, for any of its settings. */
function deflateBound(size: number): number {
  return size + Math.ceil(size / 8) + Math.ceil(size / 64) + 64;
}

function wholeText(bytes: Buffer, start: number, end: number, ascii: boolean, replaces: boolean): string {
  if (start === end) return "";
  if (ascii) return decodeAscii(bytes, start, end);
  if (!replaces && !isUtf8(bytes.subarray(start, end))) throw new ProtocolError("invalid-utf8");
  return decodeUtf8(bytes, start, end);
}

/** The application's own: not a view on a chunk that would keep 64 KiB alive. */
function copyOf(bytes: Buffer, start: number, end: number): Uint8Array {
  const copy = unfilled(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}

/** Memory that is about to be written over: filling a large message with zeros first costs as much as copying it. */
function unfilled(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}
