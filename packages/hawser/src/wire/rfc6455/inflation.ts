// Inflation: a compressed message on its way to being a message, at once or after a while (RFC 7692 §7.2.2).
import { constants, isUtf8 } from "node:buffer";
import type { Codec, InflateOwner } from "../codec.ts";
import { LimitError, ProtocolError } from "../errors.ts";
import type { Kind, Sink } from "../wire.ts";
import { decodeUtf8 } from "./text.ts";

/** A message to be delivered; one that is streamed as the only piece of itself. */
export type Inflated = string | Uint8Array | { readonly kind: Kind; readonly bytes: Uint8Array };

/** At the end no message is inflated that is larger than this, as it came: at its worst a byte takes half a microsecond. */
const LARGEST_AT_THE_END = 64 * 1024;

/** Inflates the messages of one connection, one at a time. */
export class Inflation implements InflateOwner {
  readonly #codec: Codec;
  readonly #maxSize: number;
  readonly #sink: Pick<Sink, "ready">;
  /** What is being inflated elsewhere, or has been and waits to be taken. */
  #kind: Kind | undefined;
  #streamed = false;
  /** How large it is, as it came. */
  #size = 0;
  #result: Uint8Array | ProtocolError | LimitError | undefined;
  /** How much more is inflated now that the transport is gone; undefined: it is there. */
  #allowance: number | undefined;
  #stopped = false;

  /**
   * @param maxSize `limits.message`
   * @param sink hears `ready` when what was inflated elsewhere can be taken
   */
  constructor(codec: Codec, maxSize: number, sink: Pick<Sink, "ready">) {
    this.#codec = codec;
    this.#maxSize = maxSize;
    this.#sink = sink;
  }

  /** A message is under way elsewhere. */
  get busy(): boolean {
    return this.#kind !== undefined && this.#result === undefined;
  }

  /**
   * Inflates a message.
   *
   * @returns undefined if it has to wait for `ready`, or if nobody wants it any more
   * @throws ProtocolError or LimitError
   */
  begin(kind: Kind, input: Uint8Array, streamed: boolean): Inflated | undefined {
    if (this.#stopped) return undefined;
    // RFC 7692 §7.2.3.6 has 0x00 for an empty message. One without even that is no deflate data, but nothing else either.
    if (input.length === 0) return this.#finished(kind, streamed, new Uint8Array(0));
    if (this.#allowance !== undefined) return this.#atTheEnd(kind, input, streamed, this.#allowance);
    const plain = this.#codec.inflate(input, this.#ceiling(kind, streamed), this);
    if (plain !== undefined) return this.#finished(kind, streamed, plain);
    this.#kind = kind;
    this.#streamed = streamed;
    this.#size = input.length;
    return undefined;
  }

  inflated(result: Uint8Array | ProtocolError | LimitError): void {
    this.#result = result;
    this.#sink.ready();
  }

  /**
   * The message that was inflated elsewhere; one that is not ready yet is made so.
   *
   * @throws ProtocolError or LimitError
   */
  take(): Inflated | undefined {
    const kind = this.#kind;
    if (kind === undefined) return undefined;
    const result = this.#result ?? this.#finish();
    this.#kind = undefined;
    this.#result = undefined;
    if (!(result instanceof Uint8Array)) throw result;
    if (this.#allowance !== undefined) this.#allowance -= result.length;
    return this.#finished(kind, this.#streamed, result);
  }

  /**
   * Nothing more will come: what has come is inflated at once. As much as one message may be, and no more, none that is large, and
   * nothing where many end in one turn of the loop: the end must not hold up the other connections.
   *
   * @returns false if a message was under way for which there is no time
   */
  hurry(): boolean {
    this.#allowance ??= this.#codec.hasTime ? this.#maxSize : 0;
    if (!this.busy || (this.#allowance > 0 && this.#size <= LARGEST_AT_THE_END)) return true;
    this.stop();
    return false;
  }

  /** No message is wanted any more. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#kind = undefined;
    this.#result = undefined;
    this.#codec.stopInflating(this);
  }

  #finish(): Uint8Array | ProtocolError | LimitError {
    try {
      return this.#codec.finishInflating(this);
    } catch (error) {
      if (error instanceof ProtocolError || error instanceof LimitError) return error;
      throw error;
    }
  }

  #atTheEnd(kind: Kind, input: Uint8Array, streamed: boolean, allowance: number): Inflated | undefined {
    const most = this.#ceiling(kind, streamed);
    if (allowance > 0 && input.length <= LARGEST_AT_THE_END) {
      try {
        const plain = this.#codec.inflateNow(input, Math.min(allowance, most));
        this.#allowance = allowance - plain.length;
        return this.#finished(kind, streamed, plain);
      } catch (error) {
        // Too large for a message is one thing, too large for what is left another.
        if (!(error instanceof LimitError) || allowance >= most) throw error;
      }
    }
    this.stop();
    return undefined;
  }

  /** `limits.message`, or where it is off what a string and an ArrayBuffer can hold. */
  #ceiling(kind: Kind, streamed: boolean): number {
    const most = kind === "text" && !streamed ? constants.MAX_STRING_LENGTH : constants.MAX_LENGTH;
    return Math.min(this.#maxSize, most);
  }

  #finished(kind: Kind, streamed: boolean, plain: Uint8Array): Inflated {
    // RFC 7692 §6.2: what holds for the payload of a message holds for the inflated one: text is UTF-8.
    if (kind === "text") {
      if (!isUtf8(plain)) throw new ProtocolError("invalid-utf8");
      if (!streamed) return decodeUtf8(plain, 0, plain.length);
    }
    const bytes = ownBytes(plain);
    return streamed ? { kind, bytes } : bytes;
  }
}

/** The application's own: a plain Uint8Array that fills its ArrayBuffer. */
function ownBytes(plain: Uint8Array): Uint8Array {
  return plain.byteLength === plain.buffer.byteLength ? new Uint8Array(plain.buffer) : new Uint8Array(plain);
}
