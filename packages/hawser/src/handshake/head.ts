// HTTP/1.1 message heads: reading those of requests and of answers, and printing them.
import { Buffer } from "node:buffer";
import type { Limits } from "../wire/limits.ts";
import { isToken, quote } from "./field-syntax.ts";
import { GatheredBytes } from "./gathered-bytes.ts";
import { HeadScanner } from "./head-scanner.ts";
import { type HeaderLine, HeaderList } from "./header-list.ts";

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
  return {
    method: text.slice(start, methodEnd),
    target: text.slice(methodEnd + 1, targetEnd),
    version: text.slice(targetEnd + " HTTP/".length, lineEnd),
    headers: parseHeaderLines(text, lineEnd + 2),
  };
}

function parseHeaderLines(text: string, from: number): HeaderList {
  const lines: HeaderLine[] = [];
  for (let at = from; at < text.length - 2; ) {
    const colon = text.indexOf(":", at);
    const end = text.indexOf("\r\n", colon);
    lines.push([text.slice(at, colon), text.slice(colon + 1, end)]);
    at = end + 2;
  }
  return new HeaderList(lines);
}

/** The head of an answer that was read, with what came behind it. */
export interface AnswerRead {
  readonly head: AnswerHead;
  /** The bytes behind the head. */
  readonly rest: Buffer;
}

/** The head of an answer as it came. */
export interface AnswerHead extends ResponseHead {
  /** Behind "HTTP/", as "1.1". */
  readonly version: string;
}

/**
 * Reads the head of the answer to a request, however its bytes are split, as strictly as `HeadReader` reads a request's.
 *
 * Informational answers (RFC 9110 §15.2) that come before it are skipped; 101 is the answer itself. All heads together are
 * held to the limits, an informational one counting as one line at least.
 */
export class AnswerReader {
  readonly #scanner: HeadScanner;
  #gathered = new GatheredBytes();

  /** `limits.head` in bytes, the empty line included; `limits.headers` in lines. */
  constructor(limits: Pick<Limits, "head" | "headers">) {
    this.#scanner = new HeadScanner(limits, "response");
  }

  /**
   * Takes the next bytes. The chunk is the reader's from now on. Not to be called again after it gave a head or threw.
   *
   * @returns the head once it is complete, undefined before
   * @throws HandshakeError with status 0 at the first byte that cannot be right, or is over the limits
   */
  read(chunk: Buffer): AnswerRead | undefined {
    this.#gathered.append(chunk);
    for (;;) {
      const raw = this.#gathered.bytes;
      const end = this.#scanner.scan(raw);
      if (end === undefined) return undefined;
      const head = parseResponseHead(raw.toString("latin1", 0, end));
      const rest = raw.subarray(end);
      if (head.status === 101 || head.status >= 200) return { head, rest };
      this.#scanner.restart(end);
      this.#gathered = new GatheredBytes();
      this.#gathered.append(rest);
    }
  }
}

function parseResponseHead(text: string): AnswerHead {
  const lineEnd = text.indexOf("\r\n");
  const statusAt = "HTTP/1.1 ".length;
  return {
    version: text.slice("HTTP/".length, statusAt - 1),
    status: Number(text.slice(statusAt, statusAt + 3)),
    // Without the space before it, which servers leave out together with an empty reason.
    reason: text.slice(statusAt + 4, lineEnd),
    headers: parseHeaderLines(text, lineEnd + 2),
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
  return Buffer.from(`${startLine}\r\n${printHeaderLines(headers)}\r\n`, "latin1");
}

/**
 * Prints header lines, each with its end.
 *
 * @throws TypeError as `printHead`
 */
export function printHeaderLines(headers: Iterable<readonly [name: string, value: string]>): string {
  let text = "";
  for (const [name, value] of headers) {
    if (!isToken(name)) throw new TypeError(`a header name must be a token, not ${quote(name)}`);
    if (!valuePattern.test(value)) throw unprintable(`the header ${name}`, value);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

function unprintable(what: string, text: string): TypeError {
  return new TypeError(
    `${what} must be without control characters and characters above U+00FF (RFC 9110 §5.5), not ${quote(text)}`,
  );
}
