// Receiving messages piece by piece: one stream for each message, in order.
import { Buffer } from "node:buffer";
import { TextDecoder, TextEncoder } from "node:util";
import type { Kind } from "../wire/wire.ts";
import type { Fragment, Item } from "./inbox.ts";

/**
 * Where the pieces come from: the next item, or undefined after a normal end between messages. It rejects after any other
 * end, and in the middle of a message (`within`) after every one.
 */
export type NextItem = (within: boolean) => Promise<Item | undefined>;

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

  [Symbol.asyncIterator](): AsyncGenerator<string | Uint8Array, void, undefined> {
    return eachUnheard(this.#pieces());
  }

  async *#pieces(): AsyncGenerator<string | Uint8Array, void, undefined> {
    for (let piece = await this.#take(); piece !== undefined; piece = await this.#take()) {
      const data = this.#decoder?.decode(piece.bytes, { stream: !piece.final }) ?? piece.bytes;
      if (data.length > 0) yield data;
    }
  }

  /** What was not read of it, as text; binary is decoded as UTF-8, with U+FFFD for what is not. Rejects as iterating does. */
  text(): Promise<string> {
    return unheard(this.#text());
  }

  /** What was not read of it, as bytes; text is UTF-8. Rejects as iterating does. */
  bytes(): Promise<Uint8Array> {
    return unheard(this.#bytes());
  }

  /** Reads to the end of the message and drops it. Rejects as iterating does. */
  skip(): Promise<void> {
    return unheard(this.#skip());
  }

  async #text(): Promise<string> {
    if (this.kind === "binary") return Buffer.from(await this.bytes()).toString("utf8");
    let text = "";
    for await (const piece of this) text += String(piece);
    return text;
  }

  async #bytes(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let piece = await this.#take(); piece !== undefined; piece = await this.#take())
      pieces.push(piece.bytes);
    const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  async #skip(): Promise<void> {
    while ((await this.#take()) !== undefined);
  }

  async #take(): Promise<Fragment | undefined> {
    if (this.#done) return undefined;
    const first = this.#piece;
    this.#piece = undefined;
    const item = first ?? (await this.#next(true));
    const piece = item === undefined ? undefined : asFragment(item);
    this.#done = piece?.final ?? true;
    return piece;
  }
}

/** The streams of one connection. However often they are iterated, each continues where the last one stopped. */
export class MessageStreams implements AsyncIterable<MessageStream> {
  readonly #next: NextItem;
  #current: MessageStream | undefined;

  constructor(next: NextItem) {
    this.#next = next;
  }

  /** Yields a stream for each message. A whole message, received before streaming began, is a stream of one piece. */
  [Symbol.asyncIterator](): AsyncGenerator<MessageStream, void, undefined> {
    return eachUnheard(this.#streams());
  }

  async *#streams(): AsyncGenerator<MessageStream, void, undefined> {
    for (;;) {
      await this.#current?.skip();
      const item = await this.#next(false);
      if (item === undefined) return;
      this.#current = new MessageStream(asFragment(item), this.#next);
      yield this.#current;
    }
  }
}

/** A peer that goes away must not become an unhandled rejection of whoever has not come to await this yet. */
function unheard<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined);
  return promise;
}

/** The same for every `next()`. */
function eachUnheard<Each>(
  items: AsyncGenerator<Each, void, undefined>,
): AsyncGenerator<Each, void, undefined> {
  const next = items.next.bind(items);
  items.next = () => unheard(next());
  return items;
}

function asFragment(item: Item): Fragment {
  if (typeof item === "string") return { kind: "text", bytes: new TextEncoder().encode(item), final: true };
  if (item instanceof Uint8Array) return { kind: "binary", bytes: item, final: true };
  if ("control" in item) throw new TypeError("a control frame is no piece of a message");
  return item;
}
