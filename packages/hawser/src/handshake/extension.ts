// Sec-WebSocket-Extensions: reading an offer, and printing what was agreed on (RFC 6455 §9.1).
import { badRequest } from "./bad-request.ts";
import { isToken, quote } from "./field-syntax.ts";
import type { HandshakeError } from "./handshake-error.ts";

/** One parameter; its value is undefined where none was given. Values are tokens, quoted or not. */
export type ExtensionParameter = readonly [name: string, value: string | undefined];

/** An extension with its parameters, in their order. What the names mean, and whether one may come twice, is up to the extension. */
export interface ExtensionOffer {
  readonly name: string;
  readonly parameters: readonly ExtensionParameter[];
}

/**
 * The extensions of an offer, in the client's order of preference.
 *
 * As the grammar is that of RFC 2616, spaces and tabs may stand around every separator, and empty members between commas are ignored.
 *
 * @param lines the value of each header line; several are one list (RFC 6455 §9.1). No line is no offer.
 * @throws HandshakeError 400 for anything else that the grammar does not have (RFC 6455 §9.1: "If a value is received by
 *   either the client or the server during negotiation that does not conform to the ABNF below, the recipient … MUST
 *   immediately _Fail the WebSocket Connection_")
 */
export function parseExtensions(lines: readonly string[]): readonly ExtensionOffer[] {
  if (lines.length === 0) return [];
  // A quoted string cannot reach over the comma between two lines: its value would be no token.
  const reader = new OfferReader(lines.join(","));
  const offers: ExtensionOffer[] = [];
  while (!reader.atEnd()) {
    if (reader.skip(",")) continue;
    offers.push(readOffer(reader));
    if (!reader.atEnd() && !reader.skip(",")) throw reader.malformed();
  }
  if (offers.length === 0) throw reader.malformed();
  return offers;
}

function readOffer(reader: OfferReader): ExtensionOffer {
  const name = reader.token();
  const parameters: ExtensionParameter[] = [];
  while (reader.skip(";")) {
    const parameter = reader.token();
    parameters.push([parameter, reader.skip("=") ? reader.value() : undefined]);
  }
  return { name, parameters };
}

/** Walks over an offer, once and forward only: the patterns are sticky, and none of them can match one text in two ways. */
class OfferReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#take(/[ \t]*/y);
  }

  atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** Takes this separator if it comes next. */
  skip(separator: "," | ";" | "="): boolean {
    if (this.#text[this.#at] !== separator) return false;
    this.#at += 1;
    this.#take(/[ \t]*/y);
    return true;
  }

  token(): string {
    const start = this.#at;
    return this.#checked(this.#take(/[^\s,;="]+/y), start);
  }

  /** A token, quoted or not. RFC 6455 §9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF". */
  value(): string {
    if (this.#text[this.#at] !== '"') return this.token();
    const start = this.#at;
    const quoted = this.#take(/"(?:[^"\\]|\\.)*"/y);
    return this.#checked(quoted.slice(1, -1).replace(/\\(.)/g, "$1"), start);
  }

  malformed(): HandshakeError {
    const where = this.atEnd() ? "ends too early" : `is malformed at ${quote(this.#text.slice(this.#at))}`;
    return badRequest(`Sec-WebSocket-Extensions ${where}`, "RFC 6455 §9.1");
  }

  #checked(token: string, start: number): string {
    if (!isToken(token)) {
      this.#at = start;
      throw this.malformed();
    }
    this.#take(/[ \t]*/y);
    return token;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const taken = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += taken.length;
    return taken;
  }
}

/**
 * Prints the extensions that were agreed on, for Sec-WebSocket-Extensions.
 *
 * @returns for example `permessage-deflate; server_max_window_bits=12`
 * @throws TypeError for a name or a value that is no token
 */
export function printExtensions(extensions: readonly ExtensionOffer[]): string {
  return extensions.map(printExtension).join(", ");
}

function printExtension({ name, parameters }: ExtensionOffer): string {
  const printed = parameters.map(([parameter, value]) =>
    value === undefined ? printToken(parameter) : `${printToken(parameter)}=${printToken(value)}`,
  );
  return [printToken(name), ...printed].join("; ");
}

function printToken(text: string): string {
  if (!isToken(text))
    throw new TypeError(`an extension is made of tokens; ${quote(text)} is none (RFC 6455 §9.1)`);
  return text;
}
