// Receiving messages piece by piece: one stream for each message, in order.
import { Buffer } from "node:buffer";
import { TextDecoder, TextEncoder } from "node:util";
import type { Kind } from "../wire/wire.ts";
import type { Fragment, Item } from "./inbox.ts";

/** Where the pieces come from: the next item, or undefined at the end; rejects if the connection did not end normally. */
export type NextItem = () => Promise<Item | undefined>;

/**
 * One message that is still coming.
 *
 * Iterate it for its pieces as they come: strings for text (cut anywhere, but never inside a character), Uint8Arrays for
 * binary. Or await `text()` or `bytes()` for the whole. What was not read is skipped when the next message is asked for.
 */
export class MessageStream implements AsyncIterable<string | Uint8Array> {
  readonly kind: Kind;
  readonly #next: NextItem;
  readonly #decoder: TextDecoder | undefined;
  #piece: Fragment | undefined;
  #done = false;

  constructor(first: Fragment, next: NextItem) {
    this.kind = first.kind;
    this.#piece = first;
    this.#next = next;
    // The wire has checked the text: the decoder only joins characters that were cut.
    this.#decoder = first.kind === "text" ? new TextDecoder("utf-8", { ignoreBOM: true }) : undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string | Uint8Array, void, undefined> {
    for (let piece = await this.#take(); piece !== undefined; piece = await this.#take()) {
      const data = this.#decoder?.decode(piece.bytes, { stream: !piece.final }) ?? piece.bytes;
      if (data.length > 0) yield data;
    }
  }

  /** The whole of it as text; binary is decoded as UTF-8, with U+FFFD for what is not. Rejects as iterating does. */
  async text(): Promise<string> {
    return Buffer.concat(await this.#rest()).toString("utf8");
  }

  /** The whole of it as bytes; text is UTF-8. Rejects as iterating does. */
  async bytes(): Promise<Uint8Array> {
    const pieces = await this.#rest();
    const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  /** Reads to the end of the message and drops it. */
  async skip(): Promise<void> {
    while ((await this.#take()) !== undefined);
  }

  async #rest(): Promise<Uint8Array[]> {
    const pieces: Uint8Array[] = [];
    for (let piece = await this.#take(); piece !== undefined; piece = await this.#take())
      pieces.push(piece.bytes);
    return pieces;
  }

  async #take(): Promise<Fragment | undefined> {
    if (this.#done) return undefined;
    const item = this.#piece ?? (await this.#next());
    this.#piece = undefined;
    const piece = item === undefined ? undefined : asFragment(item);
    this.#done = piece?.final ?? true;
    return piece;
  }
}

/** Yields a stream for each message. A whole message, received before streaming began, is a stream of one piece. */
export async function* messageStreams(next: NextItem): AsyncGenerator<MessageStream, void, undefined> {
  for (let item = await next(); item !== undefined; item = await next()) {
    const stream = new MessageStream(asFragment(item), next);
    yield stream;
    await stream.skip();
  }
}

function asFragment(item: Item): Fragment {
  if (typeof item === "string") return { kind: "text", bytes: new TextEncoder().encode(item), final: true };
  if (item instanceof Uint8Array) return { kind: "binary", bytes: item, final: true };
  return item;
}
