// Standard input as lines, however long they are: memory is bounded by the longest line that is wanted whole.
import { Buffer } from "node:buffer";
import { InputError } from "./input-error.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Bytes as they are read. */
export type Chunks = AsyncIterable<Uint8Array, unknown, undefined>;

/** One line without its end: whole, or, if it is longer than was wanted whole, as pieces that are still being read. */
export type Line = string | AsyncIterable<string>;

/**
 * Lines of UTF-8. A line ends with LF or CR LF; the last one may lack its end.
 *
 * The pieces of a long line have to be taken, all of them, before the next line is asked for.
 */
export class LineReader implements AsyncIterable<Line> {
  /** The number of the line that was given last; the first is 1. */
  number = 0;
  readonly #chunks: AsyncIterator<Uint8Array, unknown, undefined>;
  readonly #whole: number;
  #chunk: Buffer = Buffer.alloc(0);
  #ended = false;

  /** @param whole the longest line that is given as a string, in bytes */
  constructor(chunks: Chunks, whole: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#whole = whole;
  }

  /** @throws InputError for what is not UTF-8, with the number of the line */
  async *[Symbol.asyncIterator](): AsyncGenerator<Line, void, undefined> {
    while (await this.#fill()) {
      this.number += 1;
      const parts: Buffer[] = [];
      let size = 0;
      let end = false;
      while (!end && size <= this.#whole && (await this.#fill())) {
        const part = this.#take();
        end = part.end;
        parts.push(part.bytes);
        size += part.bytes.length;
      }
      const begun = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size);
      if (end || this.#ended) {
        yield this.#decode(end ? withoutReturn(begun) : begun);
        continue;
      }
      yield this.#pieces(begun);
    }
  }

  /** A long line, from what has been read of it to its end. */
  async *#pieces(begun: Buffer): AsyncGenerator<string, void, undefined> {
    const decoder = this.#decoder();
    // A CR belongs to the end of the line if LF follows, and that may be in the next chunk.
    let held = begun;
    let end = false;
    while (!end && (await this.#fill())) {
      const part = this.#take();
      end = part.end;
      const cut = held.at(-1) === RETURN ? held.length - 1 : held.length;
      yield decoder(held.subarray(0, cut), true);
      held = cut === held.length ? part.bytes : Buffer.concat([held.subarray(cut), part.bytes]);
    }
    yield decoder(end ? withoutReturn(held) : held, false);
  }

  /** Makes sure that there are bytes to take. False at the end of the input. */
  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0 && !this.#ended) {
      const next = await this.#chunks.next();
      if (next.done === true) this.#ended = true;
      else this.#chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    return this.#chunk.length > 0;
  }

  /** What the chunk has of the current line; `end` if its end was there, which is taken too. */
  #take(): { bytes: Buffer; end: boolean } {
    const chunk = this.#chunk;
    const at = chunk.indexOf(NEWLINE);
    this.#chunk = at < 0 ? chunk.subarray(chunk.length) : chunk.subarray(at + 1);
    return { bytes: at < 0 ? chunk : chunk.subarray(0, at), end: at >= 0 };
  }

  #decode(bytes: Buffer): string {
    return this.#decoder()(bytes, false);
  }

  #decoder(): (bytes: Uint8Array, more: boolean) => string {
    const remedy = "--binary sends bytes as they are, --jsonl text and bytes";
    return strictDecoder(`line ${this.number} of the input`, remedy);
  }
}

function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes;
}

/**
 * Decodes UTF-8 piece by piece; a BOM is a character like any other.
 *
 * @param what what is decoded, for the error
 * @param remedy what else there is to do, for the error
 * @throws InputError for what is not UTF-8
 */
export function strictDecoder(what: string, remedy: string): (bytes: Uint8Array, more: boolean) => string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return (bytes, stream) => {
    try {
      return decoder.decode(bytes, { stream });
    } catch {
      throw new InputError(`${what} is not UTF-8; ${remedy}`);
    }
  };
}
