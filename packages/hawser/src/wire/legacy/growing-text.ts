// GrowingText: one text message of the oldest framings, as its bytes come; what is no UTF-8 becomes U+FFFD.
import { Buffer, constants } from "node:buffer";
import { LimitError, ProtocolError } from "../errors.ts";
import type { ReaderSettings } from "../framing.ts";
import type { MessageHandler } from "../rfc6455/assembler.ts";
import { decodeUtf8 } from "../rfc6455/text.ts";

const FIRST_ROOM = 256;

/** Gathers a message and delivers it: whole, or piece by piece where that was asked for when it began. */
export class GrowingText {
  readonly #handler: MessageHandler;
  readonly #settings: ReaderSettings;
  #bytes: Buffer = Buffer.alloc(0);
  #used = 0;
  /** By the message under way: so many bytes came, of so many at most, and it goes out in pieces. */
  #size = 0;
  #max = 0;
  #pieces: InstanceType<typeof TextDecoder> | undefined;

  constructor(settings: ReaderSettings, handler: MessageHandler) {
    this.#handler = handler;
    this.#settings = settings;
  }

  /** A message begins. Throws where text is not welcome, and where so many bytes as are announced are too many. */
  begin(announced: number): void {
    const { accepts, limits } = this.#settings;
    const { streaming } = this.#handler;
    if (accepts === "binary") {
      throw new ProtocolError("unaccepted-kind", "text, where only binary is welcome");
    }
    // What holds where the limit is off: how long a string can be, and how far numbers are exact.
    const ceiling = streaming ? Number.MAX_SAFE_INTEGER : constants.MAX_STRING_LENGTH;
    this.#max = Math.min(limits.message, ceiling);
    checkSize(announced, this.#max);
    this.#size = 0;
    this.#pieces = streaming ? new TextDecoder("utf-8", { ignoreBOM: true }) : undefined;
  }

  /** The next bytes, or the last. Throws LimitError. Returns false to stop reading behind them. */
  add(bytes: Buffer, last: boolean): boolean {
    this.#size += bytes.length;
    checkSize(this.#size, this.#max);
    if (this.#pieces !== undefined) return this.#stream(this.#pieces, bytes, last);
    if (!last) {
      this.#keep(bytes);
      return true;
    }
    if (this.#used === 0) return this.#handler.message(decodeUtf8(bytes, 0, bytes.length));
    this.#keep(bytes);
    const text = decodeUtf8(this.#bytes, 0, this.#used);
    this.#bytes = Buffer.alloc(0);
    this.#used = 0;
    return this.#handler.message(text);
  }

  #stream(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer, last: boolean): boolean {
    const piece = new TextEncoder().encode(decoder.decode(bytes, { stream: !last }));
    return piece.length === 0 && !last ? true : this.#handler.fragment("text", piece, last);
  }

  #keep(bytes: Buffer): void {
    const needed = this.#used + bytes.length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2, FIRST_ROOM));
      this.#bytes.copy(grown, 0, 0, this.#used);
      this.#bytes = grown;
    }
    this.#used += bytes.copy(this.#bytes, this.#used);
  }
}

/** Holds what a peer makes us read as one thing to `limits.message`. */
export function checkSize(size: number, max: number): void {
  if (size > max) throw new LimitError("limits.message", 1009, `the message is over ${max} bytes`);
}
