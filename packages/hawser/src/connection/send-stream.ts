// Sending one message piece by piece (RFC 6455 §5.4), as fast as the peer takes it.
import { Buffer } from "node:buffer";
import { describe } from "../wire/errors.ts";
import type { Kind } from "../wire/wire.ts";
import type { Sendable } from "./bytes.ts";
import { sendable } from "./bytes.ts";

/** Where the fragments go. */
export interface FragmentSender {
  /** Returns false once the connection is not open. */
  sendFragment(kind: Kind, bytes: Uint8Array, final: boolean): boolean;
  /** Resolves with true when there is room, with false once there never will be. */
  drain(): Promise<boolean>;
}

/**
 * Sends the pieces as the fragments of one message.
 *
 * @returns whether all of it was accepted: false when the connection ended before
 * @throws what the pieces throw, and TypeError for a piece that does not fit the kind; the message is unfinished then
 */
export async function sendStream(
  sender: FragmentSender,
  kind: Kind,
  pieces: Iterable<Sendable> | AsyncIterable<Sendable>,
): Promise<boolean> {
  const encoder = kind === "text" ? new PieceEncoder() : undefined;
  for await (const piece of pieces) {
    const bytes = encoder === undefined ? binaryPiece(piece) : encoder.encode(piece);
    if (bytes.length === 0) continue;
    if (!sender.sendFragment(kind, bytes, false)) return false;
    if (!(await sender.drain())) return false;
  }
  return sender.sendFragment(kind, encoder?.end() ?? new Uint8Array(0), true);
}

function binaryPiece(piece: Sendable): Uint8Array {
  const data = sendable(piece);
  if (typeof data !== "string") return data;
  throw new TypeError("a piece of a binary message must be bytes, not a string");
}

/** Text whose pieces may be cut between the halves of a surrogate pair. */
class PieceEncoder {
  #half = "";

  encode(piece: Sendable): Uint8Array {
    if (typeof piece !== "string") {
      throw new TypeError(`a piece of a text message must be a string, not ${describe(piece)}`);
    }
    const text = this.#half + piece;
    const last = text.charCodeAt(text.length - 1);
    const cut = last >= 0xd800 && last <= 0xdbff ? text.length - 1 : text.length;
    this.#half = text.slice(cut);
    return Buffer.from(text.slice(0, cut));
  }

  end(): Uint8Array {
    return Buffer.from(this.#half);
  }
}
