// Codec: what a machine asks of whoever compresses, since it does not know zlib itself (RFC 7692 §7.2).
import type { LimitError, ProtocolError } from "./errors.ts";

/** Who gets a message that was inflated elsewhere, or the reason why there is none. */
export interface InflateOwner {
  inflated(result: Uint8Array | ProtocolError | LimitError): void;
}

/** Who gets what was compressed elsewhere. */
export interface DeflateOwner {
  deflated(result: Uint8Array): void;
}

/**
 * Compresses and inflates messages, those of each owner in their order: in each direction one at a time. One codec may serve many
 * connections, if what it does for one hangs on nothing that it did for another.
 *
 * A method gives its result at once or returns undefined; then the owner is called with it later, from outside of any call into
 * the codec. Bytes that are a view of a larger ArrayBuffer are lent for the call: who needs them longer copies them.
 */
export interface Codec {
  /** Messages below this are sent as they are, in bytes. */
  readonly threshold: number;
  /** Codecs with the same value make the same of a message that stands alone, and leave the same ones as they are. */
  readonly setting: string;
  /**
   * Inflates one message (RFC 7692 §7.2.2).
   *
   * @param max how many bytes may come of it
   * @throws ProtocolError or LimitError
   */
  inflate(input: Uint8Array, max: number, owner: InflateOwner): Uint8Array | undefined;
  /** This turn of the loop may still be used for `inflateNow` and `finishInflating`. */
  readonly hasTime: boolean;
  /** As `inflate`, at once, however long it takes. */
  inflateNow(input: Uint8Array, max: number): Uint8Array;
  /** Does at once what is being inflated elsewhere for this owner, who is not called. Throws as `inflate` does. */
  finishInflating(owner: InflateOwner): Uint8Array;
  /** Compresses one message (§7.2.1). Gives the message itself (or a copy) if it does not become shorter: it is to be sent as it is. */
  deflate(input: Uint8Array, owner: DeflateOwner): Uint8Array | undefined;
  /** Compresses a piece of a message that began compressed (§6.1). */
  deflatePiece(input: Uint8Array, final: boolean, owner: DeflateOwner): Uint8Array | undefined;
  /** As `deflate`, for a message that all codecs with the same `setting` will send: it refers to nothing before it. */
  deflateShared(input: Uint8Array, owner: DeflateOwner): Uint8Array | undefined;
  /** The peer inflates this now, though it was not compressed here: what `deflateShared` gave was sent. */
  sentShared(message: Uint8Array): void;
  /** Nothing will be inflated for this owner any more: it is not called. */
  stopInflating(owner: InflateOwner): void;
  /** As `stopInflating`, for what is being compressed for this owner alone. */
  stopDeflating(owner: DeflateOwner): void;
}
