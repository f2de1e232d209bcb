// What a client offers and what both ends agree on, whatever the version; and the checks that the versions share.
import type { Buffer } from "node:buffer";
import { describe, UnsupportedError } from "../wire/errors.ts";
import type { FrameKey } from "../wire/legacy/framings.ts";
import type { WireVersion } from "../wire/wire.ts";
import type { DeflateAgreement, DeflateWishes } from "./deflate-params.ts";
import type { ExtensionOffer } from "./extension.ts";
import { isToken, listHas, quote } from "./field-syntax.ts";
import { HandshakeError } from "./handshake-error.ts";
import { type AnswerHead, printHead, type RequestHead } from "./head.ts";
import { type HeaderFields, headerLines } from "./header-fields.ts";
import { HeaderList } from "./header-list.ts";
import { acceptFor } from "./key.ts";
import { locationOf } from "./legacy/location.ts";
import type { WebSocketUrl } from "./url.ts";

/** Where the numbers and bytes come from that nobody may foretell. */
export interface Randomness {
  /** A whole number from 0 to one less than `below`. */
  readonly integer: (below: number) => number;
  readonly bytes: (count: number) => Buffer;
}

/** What a client asks with. */
export interface OfferOptions {
  readonly url: Pick<WebSocketUrl, "host" | "target" | "authorization"> & { readonly secure?: boolean };
  /** Base64 of sixteen bytes that nobody can foretell, new for each connection (RFC 6455 §4.1(7)). */
  readonly key: string;
  /** In order of preference. */
  readonly subprotocols?: readonly string[] | undefined;
  readonly extensions?: readonly ExtensionOffer[] | undefined;
  /** Offers permessage-deflate too, with parameters that get this. */
  readonly compression?: DeflateWishes | undefined;
  /** Lines beside the handshake's own. A Host or an Authorization among them replaces what the URL says. */
  readonly headers?: HeaderFields | undefined;
  /** The wire version to ask for. Default: RFC 6455. */
  readonly version?: WireVersion | undefined;
  /** In versions before hybi-04: what the answer leaves out is no error. Default false. */
  readonly lenient?: boolean | undefined;
  /** For hixie-76 to hybi-03, which make more of their request at random than the key. */
  readonly randomness?: Randomness | undefined;
}

/** A request: as bytes, and as what they say. */
export interface Offer {
  readonly bytes: Buffer;
  readonly head: RequestHead;
  readonly key: string;
  readonly subprotocols: readonly string[];
  readonly extensions: readonly ExtensionOffer[];
  readonly compression: DeflateWishes | undefined;
  readonly version: WireVersion;
  readonly lenient: boolean;
  /** What the answer says again, before hybi-04. */
  readonly origin: string;
  readonly location: string;
  /** The sixteen bytes that come behind the head of the answer, in hixie-76 to hybi-03. */
  readonly proof?: Buffer | undefined;
}

/** What both ends have agreed on. */
export interface Agreement {
  /** "" for none. */
  readonly subprotocol: string;
  readonly extensions: readonly ExtensionOffer[];
  /** permessage-deflate, if it is among them and was offered with `compression`. */
  readonly deflate: DeflateAgreement | undefined;
  /** What the framing of hybi-04 needs. */
  readonly frameKey?: FrameKey | undefined;
}

export type Line = readonly [name: string, value: string];

/** The parts of a request that do not hang on its version. */
export interface OfferParts {
  readonly host: Line;
  /** The Origin that the application gave, or one made of the URL, as the versions before RFC 6455 want one. */
  readonly origin: string;
  readonly subprotocols: readonly string[];
  /** All lines of the application's but Host and, in the versions that have a place of their own for it, Origin. */
  readonly others: readonly Line[];
}

const reserved =
  /^(?:connection|upgrade|sec-websocket-.*|websocket-(?:origin|location|protocol)|content-length|transfer-encoding|trailer|te|expect)$/i;

/** Checks and sorts what every version of a request is made of. Throws TypeError as `printOffer` does. */
export function offerParts(options: OfferOptions): OfferParts {
  const { url, version = "rfc6455" } = options;
  checkTarget(url.target);
  checkSubprotocols(options.subprotocols ?? []);
  const given = checkHeaders(options.headers);
  const find = (wanted: string) => given.find(([name]) => name.toLowerCase() === wanted);
  const host = find("host") ?? (["Host", url.host] as const);
  const origin = version === "rfc6455" ? undefined : find("origin");
  const others = given.filter((line) => line !== host && line !== origin);
  if (url.authorization !== undefined && find("authorization") === undefined) {
    others.unshift(["Authorization", url.authorization]);
  }
  const page = `${url.secure === true ? "https" : "http"}://${url.host}`.toLowerCase();
  // Copies: what is offered is compared with the answer later.
  return { host, origin: origin?.[1] ?? page, subprotocols: [...(options.subprotocols ?? [])], others };
}

/** The request with these lines, and without extensions: no version before RFC 6455 has any of ours. */
export function printedOffer(options: OfferOptions, parts: OfferParts, lines: readonly Line[]): Offer {
  const { url, key, version = "rfc6455" } = options;
  const [, host] = parts.host;
  return {
    bytes: printHead(`GET ${url.target} HTTP/1.1`, lines),
    head: { method: "GET", target: url.target, version: "1.1", headers: new HeaderList(lines) },
    key,
    subprotocols: parts.subprotocols,
    extensions: [],
    compression: undefined,
    version,
    lenient: options.lenient ?? false,
    origin: parts.origin,
    location: locationOf({ secure: url.secure === true, host, resource: url.target }),
  };
}

/**
 * Checks what a client offers.
 *
 * @throws TypeError for what is no array of different tokens (RFC 6455 §4.1(10))
 */
export function checkSubprotocols(offered: unknown): asserts offered is readonly string[] {
  if (!Array.isArray(offered)) {
    throw new TypeError(`subprotocols must be an array of names, as ["chat"], not ${describe(offered)}`);
  }
  for (const [index, name] of offered.entries()) {
    if (typeof name !== "string" || !isToken(name)) {
      throw new TypeError(`a subprotocol must be a token, as "chat.v2", not ${describe(name)}`);
    }
    if (offered.indexOf(name) !== index) throw new TypeError(`the subprotocol ${quote(name)} is there twice`);
  }
}

/** Throws UnsupportedError for more than one, where a version has a place for one. */
export function checkOnlySubprotocol(version: WireVersion, offered: readonly string[]): void {
  if (offered.length <= 1) return;
  throw new UnsupportedError(`${version} offers one subprotocol at most, not ${offered.length}`);
}

/** RFC 9112 §3.2.1: the origin form, which alone is for us. A space in it would end it. */
function checkTarget(target: string): void {
  if (!/^\/[!-"$-~]*$/.test(target)) {
    throw new TypeError(
      `the target must be a path, with a query perhaps, in printable ASCII, not ${quote(target)}`,
    );
  }
}

function checkHeaders(headers: HeaderFields | undefined): Line[] {
  const lines = headerLines(headers);
  let hosts = 0;
  for (const [name] of lines) {
    if (reserved.test(name)) throw new TypeError(`the header ${quote(name)} is set by the handshake itself`);
    if (name.toLowerCase() === "host") hosts += 1;
  }
  if (hosts > 1) throw new TypeError("there can be one Host header only (RFC 9112 §3.2)");
  return [...lines];
}

export type Broken = (message: string, rule: string) => HandshakeError;

/** Makes the error for a rule that an answer breaks. */
export function brokenBy({ status, headers }: AnswerHead): Broken {
  return (message, rule) => new HandshakeError(message, { status, headers, body: "", rule });
}

/** Checks that the answer switches to WebSocket. Throws HandshakeError. */
export function checkSwitch(answer: AnswerHead): void {
  const broken = brokenBy(answer);
  const upgrade = answer.headers.get("upgrade") ?? "";
  if (upgrade.toLowerCase() !== "websocket") {
    throw broken(`the Upgrade of the answer is ${quote(upgrade)}, and not "websocket"`, "RFC 6455 §4.1(2)");
  }
  if (!listHas(answer.headers.get("connection") ?? "", "upgrade")) {
    throw broken("the Connection of the answer does not have Upgrade in it", "RFC 6455 §4.1(3)");
  }
}

/** Checks that the server has read the key. Throws HandshakeError. */
export function checkAccept(offer: Pick<Offer, "key">, answer: AnswerHead): void {
  const [accept, second] = answer.headers.all("sec-websocket-accept");
  if (accept !== undefined && second === undefined && accept === acceptFor(offer.key)) return;
  const what = accept === undefined ? "there is no" : second === undefined ? "wrong" : "more than one";
  throw brokenBy(answer)(`${what} Sec-WebSocket-Accept in the answer`, "RFC 6455 §4.1(4)");
}

/** The subprotocol that the answer chose; "" for none. Throws HandshakeError for one that was not offered, and for several. */
export function subprotocolOf(offer: Offer, answer: AnswerHead, name: string, rule: string): string {
  const broken = brokenBy(answer);
  const [chosen, second] = answer.headers.all(name);
  // Servers of the drafts answer with an empty value where they choose none.
  if (chosen === undefined || (chosen === "" && offer.version !== "rfc6455" && second === undefined))
    return "";
  if (second !== undefined) throw broken(`the answer has more than one ${name}`, "RFC 6455 §11.3.4");
  if (offer.subprotocols.includes(chosen)) return chosen;
  throw broken(`the answer chose the subprotocol ${quote(chosen)}, which was not offered`, rule);
}
