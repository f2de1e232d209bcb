// HTTP/1.1 message heads: reading a request's, printing an answer's, and the list of header lines both hold.
import { Buffer } from "node:buffer";
import type { Limits } from "../wire/limits.ts";
import { isToken, quote, trimOws } from "./field-syntax.ts";
import { GatheredBytes } from "./gathered-bytes.ts";
import { HeadScanner } from "./head-scanner.ts";

/** The head of a request. */
export interface RequestHead {
  /** As it came; methods are case-sensitive (RFC 9110 §9.1). */
  readonly method: string;
  /** The request target as it came. */
  readonly target: string;
  /** Behind "HTTP/", as "1.1". */
  readonly version: string;
  readonly headers: HeaderList;
}

/** The head of an answer. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
}

/** One header line: its name, and all that stands between the colon and the end of the line. */
export type HeaderLine = readonly [name: string, raw: string];

const noLines: readonly HeaderLine[] = [];

/**
 * The header lines of a message, in their order, which never change. Names are found whatever their case (RFC 9110 §5.1).
 *
 * Iterating gives `[name, value]` for each line: the name as it came, the value without the whitespace around it.
 */
export class HeaderList implements Iterable<readonly [name: string, value: string]> {
  readonly #lines: readonly HeaderLine[];

  /** Takes the lines as they are: nothing is checked. */
  constructor(lines: Iterable<HeaderLine>) {
    this.#lines = [...lines];
  }

  /**
   * Makes a list from names and values in turn: the form of `rawHeaders` in node:http.
   *
   * @throws TypeError for a name without a value
   */
  static fromRaw(flat: readonly string[]): HeaderList {
    const lines: HeaderLine[] = [];
    let name: string | undefined;
    for (const text of flat) {
      if (name !== undefined) lines.push([name, text]);
      name = name === undefined ? text : undefined;
    }
    if (name !== undefined) throw new TypeError(`the header ${quote(name)} has no value`);
    return new HeaderList(lines);
  }

  /** How many lines there are. */
  get size(): number {
    return this.#lines.length;
  }

  /** The value of all lines of this name, joined with ", " (RFC 9110 §5.3); undefined if there is none. */
  get(name: string): string | undefined {
    const values = this.all(name);
    return values.length < 2 ? values[0] : values.join(", ");
  }

  /** The value of each line of this name. */
  all(name: string): readonly string[] {
    return this.#named(name).map(([, raw]) => trimOws(raw));
  }

  /** Whether there is a line of this name. */
  has(name: string): boolean {
    return this.#named(name).length > 0;
  }

  /** What stood between the colon and the end of the first line of this name, the whitespace included; undefined if there is none. */
  rawValue(name: string): string | undefined {
    return this.#named(name)[0]?.[1];
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    for (const [name, raw] of this.#lines) yield [name, trimOws(raw)];
  }

  // Names are compared line by line rather than put into an index: a handshake asks some ten times about some ten lines,
  // most names differ in length already, and an object as index would have to fear names such as "__proto__".
  #named(name: string): readonly HeaderLine[] {
    const wanted = name.toLowerCase();
    let found: HeaderLine[] | undefined;
    for (const line of this.#lines) {
      const candidate = line[0];
      if (candidate.length !== wanted.length || candidate.toLowerCase() !== wanted) continue;
      if (found === undefined) found = [line];
      else found.push(line);
    }
    return found ?? noLines;
  }
}

/** A head that was read, with what came behind it. */
export interface HeadRead {
  readonly head: RequestHead;
  /** The bytes behind the head: a view into `raw`. */
  readonly rest: Buffer;
  /** All bytes as they came, to hand the connection on to another HTTP parser. */
  readonly raw: Buffer;
}

/**
 * Reads the head of one request from the bytes of a connection, however they are split.
 *
 * Stricter than RFC 9112 asks of a recipient: no bare LF, no folded lines, no control characters, because each leniency is
 * a way to make two parsers on the same path disagree. What a request is allowed to *mean* is for `examine` to say.
 */
export class HeadReader {
  readonly #gathered = new GatheredBytes();
  readonly #scanner: HeadScanner;

  /** `limits.head` in bytes, the empty line included; `limits.headers` in lines. */
  constructor(limits: Pick<Limits, "head" | "headers">) {
    this.#scanner = new HeadScanner(limits);
  }

  /** All bytes so far, also after `read` has thrown: a view, good until the next `read`. */
  get bytes(): Buffer {
    return this.#gathered.bytes;
  }

  /**
   * Takes the next bytes. The chunk is the reader's from now on. Not to be called again after it gave a head or threw.
   *
   * @returns the head once it is complete, undefined before
   * @throws HandshakeError at the first byte that cannot be right: 400; 505 for another major version of HTTP; 414 for a
   *   request line and 431 for a header section beyond the limits
   */
  read(chunk: Buffer): HeadRead | undefined {
    this.#gathered.append(chunk);
    const raw = this.#gathered.bytes;
    const end = this.#scanner.scan(raw);
    if (end === undefined) return undefined;
    return { head: parseRequestHead(raw.toString("latin1", 0, end)), rest: raw.subarray(end), raw };
  }
}

// Only takes apart: the scanner has seen that every byte stands where it may.
function parseRequestHead(text: string): RequestHead {
  const start = text.startsWith("\r\n") ? 2 : 0;
  const lineEnd = text.indexOf("\r\n", start);
  const methodEnd = text.indexOf(" ", start);
  const targetEnd = text.indexOf(" ", methodEnd + 1);
  const lines: HeaderLine[] = [];
  for (let at = lineEnd + 2; at < text.length - 2; ) {
    const colon = text.indexOf(":", at);
    const end = text.indexOf("\r\n", colon);
    lines.push([text.slice(at, colon), text.slice(colon + 1, end)]);
    at = end + 2;
  }
  return {
    method: text.slice(start, methodEnd),
    target: text.slice(methodEnd + 1, targetEnd),
    version: text.slice(targetEnd + " HTTP/".length, lineEnd),
    headers: new HeaderList(lines),
  };
}

const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Prints a message head, the empty line included.
 *
 * @param startLine as "HTTP/1.1 400 Bad Request", without its end
 * @throws TypeError for a name that is no token, and for a value with a control character (CR, LF and NUL among them: they
 *   would end the line, and what follows would be a header or a body of its own) or a character above U+00FF, which has no
 *   byte (RFC 9110 §5.5)
 */
export function printHead(
  startLine: string,
  headers: Iterable<readonly [name: string, value: string]>,
): Buffer {
  if (!valuePattern.test(startLine)) throw unprintable("the start line", startLine);
  let text = `${startLine}\r\n`;
  for (const [name, value] of headers) {
    if (!isToken(name)) throw new TypeError(`a header name must be a token, not ${quote(name)}`);
    if (!valuePattern.test(value)) throw unprintable(`the header ${name}`, value);
    text += `${name}: ${value}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, "latin1");
}

function unprintable(what: string, text: string): TypeError {
  return new TypeError(
    `${what} must be without control characters and characters above U+00FF (RFC 9110 §5.5), not ${quote(text)}`,
  );
}
