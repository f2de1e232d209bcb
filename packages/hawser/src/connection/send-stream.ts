// Sending one message piece by piece (RFC 6455 §5.4), as fast as the peer takes it.
import { Buffer } from "node:buffer";
import { describe } from "../wire/errors.ts";
import type { Kind } from "../wire/wire.ts";
import type { Sendable } from "./bytes.ts";
import { sendable } from "./bytes.ts";

/** What a message is made of. */
export type Pieces = Iterable<Sendable> | AsyncIterable<Sendable>;

/** Where the fragments go. */
export interface FragmentSender {
  /** Aborted once the connection is not open. */
  readonly signal: AbortSignal;
  /** Returns false once the connection is not open. */
  sendFragment(kind: Kind, bytes: Uint8Array, final: boolean): boolean;
  /** Resolves with true when the transport has room, with false once it never will. */
  room(): Promise<boolean>;
  /** The message cannot be finished, and part of it has gone out. */
  brokeOff(error: unknown): void;
}

const nothing: Uint8Array = new Uint8Array(0);

/**
 * Sends the pieces as the fragments of one message.
 *
 * @returns whether all of it was accepted: false when the connection ended before, whatever the pieces are waiting for then
 * @throws what the pieces throw, and TypeError for a piece that does not fit the kind; the message is unfinished then
 */
export async function sendStream(sender: FragmentSender, kind: Kind, pieces: Pieces): Promise<boolean> {
  const encoder = kind === "text" ? new PieceEncoder() : undefined;
  let begun = false;
  try {
    for await (const piece of untilAborted(sender.signal, pieces)) {
      const bytes = encoder === undefined ? binaryPiece(piece) : encoder.encode(piece);
      if (bytes.length === 0) continue;
      if (!sender.sendFragment(kind, bytes, false)) return false;
      begun = true;
      if (!(await sender.room())) break;
    }
  } catch (error) {
    if (begun) sender.brokeOff(error);
    throw error;
  }
  return sender.sendFragment(kind, encoder?.end() ?? nothing, true);
}

/** The pieces; none after the signal. A source that never gives another is told to stop, and not waited for. */
async function* untilAborted(signal: AbortSignal, pieces: Pieces): AsyncGenerator<Sendable, void, undefined> {
  const source = isAsync(pieces) ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  let running = true;
  try {
    while (running) {
      running = false;
      const next = signal.aborted ? undefined : await unlessAborted(signal, source.next());
      if (next?.done === true) return;
      running = true;
      if (next === undefined) return;
      yield next.value;
    }
  } finally {
    if (running) (async () => source.return?.())().catch(() => undefined);
  }
}

function isAsync(pieces: Pieces): pieces is AsyncIterable<Sendable> {
  return typeof pieces === "object" && Symbol.asyncIterator in pieces;
}

/** The value of the promise; undefined if the signal comes first. */
function unlessAborted<Value>(
  signal: AbortSignal,
  pending: Value | Promise<Value>,
): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const abort = () => resolve(undefined);
    signal.addEventListener("abort", abort, { once: true });
    const settle = Promise.resolve(pending).then(resolve, reject);
    void settle.then(() => signal.removeEventListener("abort", abort));
  });
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
