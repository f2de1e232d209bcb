// The ten days of August 2010 in which the WHATWG's own copy of hixie-76 had frames of a type byte and a 64-bit length.
//
// FF is text and 00 a Close. Other types had no meaning: they are read and dropped, as in hixie-76.
import { Buffer } from "node:buffer";
import type { Framing, Reader, ReaderSettings } from "../framing.ts";
import type { MessageHandler } from "../rfc6455/assembler.ts";
import { Opcode } from "../rfc6455/opcode.ts";
import { textOnly } from "./capabilities.ts";
import { checkSize, GrowingText } from "./growing-text.ts";
import { noBinary, shared, textOf } from "./hixie-75.ts";
import { plainClose } from "./plain-close.ts";

const TEXT = 0xff;
const CLOSE = 0x00;
const HEADER = 9;
const version = "whatwg-2010-08";

class LengthReader implements Reader {
  readonly decoder = this;
  readonly #settings: ReaderSettings;
  readonly #handler: MessageHandler;
  readonly #text: GrowingText;
  readonly #head = Buffer.alloc(HEADER);
  #headLength = 0;
  /** Of the payload, still to come. */
  #left = 0;

  constructor(settings: ReaderSettings, handler: MessageHandler) {
    this.#settings = settings;
    this.#handler = handler;
    this.#text = new GrowingText(settings, handler);
  }

  get inFrame(): boolean {
    return this.#headLength > 0;
  }

  get atRest(): boolean {
    return this.#headLength === 0;
  }

  giveBack(): void {
    // One for each connection that reads: nobody else has a use for it.
  }

  decode(chunk: Buffer, from: number): number {
    let at = from;
    let goOn = true;
    while (goOn && at < chunk.length) {
      if (this.#headLength < HEADER) {
        at += this.#readHead(chunk, at);
        // An empty payload is over before it has begun.
        if (this.#headLength === HEADER && this.#left === 0) goOn = this.#readPayload(chunk.subarray(at, at));
      } else {
        const end = Math.min(chunk.length, at + this.#left);
        goOn = this.#readPayload(chunk.subarray(at, end));
        at = end;
      }
    }
    return at;
  }

  #readHead(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#head, this.#headLength, at, at + HEADER - this.#headLength);
    this.#headLength += copied;
    if (this.#headLength < HEADER) return copied;
    // Beyond 2^53 the number is not exact, and far over any limit.
    this.#left = this.#head.readUInt32BE(1) * 2 ** 32 + this.#head.readUInt32BE(5);
    if (this.#head[0] === TEXT) this.#text.begin(this.#left);
    else checkSize(this.#left, this.#settings.limits.message);
    return copied;
  }

  #readPayload(bytes: Buffer): boolean {
    this.#left -= bytes.length;
    const last = this.#left === 0;
    const type = this.#head[0];
    if (last) this.#headLength = 0;
    if (type === TEXT) return this.#text.add(bytes, last);
    return type === CLOSE && last ? this.#handler.control(Opcode.close, Buffer.alloc(0)) : true;
  }
}

function textFrame(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafeSlow(HEADER + size);
  frame[0] = TEXT;
  frame.writeUInt32BE(Math.floor(size / 2 ** 32), 1);
  frame.writeUInt32BE(size % 2 ** 32, 5);
  frame.write(text, HEADER);
  return frame;
}

export const whatwg201008: Framing = {
  version,
  can: textOnly,
  endsWithTransport: false,
  reader: (settings, _deflate, handler) => new LengthReader(settings, handler),
  encodeText: (output, _maskKey, text) => output.write(textFrame(text)),
  encodeFrame: (output, _maskKey, first) => {
    if ((first & 0x0f) !== Opcode.close) throw noBinary(version);
    output.write(Buffer.alloc(HEADER, CLOSE));
  },
  encodeMessage: (data) => textFrame(textOf(version, data)),
  sharedMessage: (data) => shared(textFrame(textOf(version, data))),
  ...plainClose(version),
};
