// The client's side of the opening handshake: what to send, and whether the answer is right (RFC 6455 §4.1).
import type { Buffer } from "node:buffer";
import { describe } from "../wire/errors.ts";
import {
  checkDeflate,
  type DeflateAgreement,
  type DeflateWishes,
  offerDeflate,
  PERMESSAGE_DEFLATE,
} from "./deflate-params.ts";
import { type ExtensionOffer, parseExtensions, printExtensions } from "./extension.ts";
import { isToken, listHas, quote } from "./field-syntax.ts";
import { HandshakeError } from "./handshake-error.ts";
import { type AnswerHead, printHead, type RequestHead } from "./head.ts";
import { type HeaderFields, headerLines } from "./header-fields.ts";
import { HeaderList } from "./header-list.ts";
import { acceptFor, isKey } from "./key.ts";
import type { WebSocketUrl } from "./url.ts";

/** What a client asks with. */
export interface OfferOptions {
  readonly url: Pick<WebSocketUrl, "host" | "target" | "authorization">;
  /** Base64 of sixteen bytes that nobody can foretell, new for each connection (RFC 6455 §4.1(7)). */
  readonly key: string;
  /** In order of preference. */
  readonly subprotocols?: readonly string[] | undefined;
  readonly extensions?: readonly ExtensionOffer[] | undefined;
  /** Offers permessage-deflate too, with parameters that get this. */
  readonly compression?: DeflateWishes | undefined;
  /** Lines beside the handshake's own. A Host or an Authorization among them replaces what the URL says. */
  readonly headers?: HeaderFields | undefined;
}

/** A request: as bytes, and as what they say. */
export interface Offer {
  readonly bytes: Buffer;
  readonly head: RequestHead;
  readonly key: string;
  readonly subprotocols: readonly string[];
  readonly extensions: readonly ExtensionOffer[];
  readonly compression: DeflateWishes | undefined;
}

const reserved =
  /^(?:connection|upgrade|sec-websocket-.*|content-length|transfer-encoding|trailer|te|expect)$/i;

/**
 * Prints the request (RFC 6455 §4.1).
 *
 * @throws TypeError for a key or a target that is none, for a subprotocol that is no token or comes twice, for headers that are
 *   the handshake's own or announce a body, and for names and values that have no place in a header
 */
export function printOffer(options: OfferOptions): Offer {
  const { url, key, compression } = options;
  if (!isKey(key)) throw new TypeError(`the key must be base64 of sixteen bytes, not ${quote(key)}`);
  checkTarget(url.target);
  checkSubprotocols(options.subprotocols ?? []);
  // Copies: what is offered is compared with the answer later.
  const subprotocols = [...(options.subprotocols ?? [])];
  const extensions = [...(options.extensions ?? [])];
  if (compression !== undefined) extensions.push(...offerDeflate(compression));
  const given = checkHeaders(options.headers);
  const find = (wanted: string) => given.find(([name]) => name.toLowerCase() === wanted);
  // RFC 9110 §7.2: Host as the first header.
  const host = find("host") ?? (["Host", url.host] as const);
  const lines: (readonly [name: string, value: string])[] = [
    host,
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", key],
    ["Sec-WebSocket-Version", "13"],
  ];
  if (subprotocols.length > 0) lines.push(["Sec-WebSocket-Protocol", subprotocols.join(", ")]);
  if (extensions.length > 0) lines.push(["Sec-WebSocket-Extensions", printExtensions(extensions)]);
  if (url.authorization !== undefined && find("authorization") === undefined)
    lines.push(["Authorization", url.authorization]);
  lines.push(...given.filter((line) => line !== host));
  const bytes = printHead(`GET ${url.target} HTTP/1.1`, lines);
  const head = { method: "GET", target: url.target, version: "1.1", headers: new HeaderList(lines) };
  return { bytes, head, key, subprotocols, extensions, compression };
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

/** RFC 9112 §3.2.1: the origin form, which alone is for us. A space in it would end it. */
function checkTarget(target: string): void {
  if (!/^\/[!-"$-~]*$/.test(target)) {
    throw new TypeError(
      `the target must be a path, with a query perhaps, in printable ASCII, not ${quote(target)}`,
    );
  }
}

function checkHeaders(headers: HeaderFields | undefined): ReturnType<typeof headerLines> {
  const lines = headerLines(headers);
  let hosts = 0;
  for (const [name] of lines) {
    if (reserved.test(name)) throw new TypeError(`the header ${quote(name)} is set by the handshake itself`);
    if (name.toLowerCase() === "host") hosts += 1;
  }
  if (hosts > 1) throw new TypeError("there can be one Host header only (RFC 9112 §3.2)");
  return lines;
}

/** What both ends have agreed on. */
export interface Agreement {
  /** "" for none. */
  readonly subprotocol: string;
  readonly extensions: readonly ExtensionOffer[];
  /** permessage-deflate, if it is among them and was offered with `compression`. */
  readonly deflate: DeflateAgreement | undefined;
}

/**
 * Checks the answer to an offer: each rule that RFC 6455 §4.1 has for it.
 *
 * @throws HandshakeError with status 101 (or the other that it has) and the first rule that is broken
 */
export function checkAnswer(offer: Offer, answer: AnswerHead): Agreement {
  const { status, version, headers } = answer;
  const broken = (message: string, rule: string) =>
    new HandshakeError(message, { status, headers, body: "", rule });
  if (status !== 101) throw broken(`the server answered ${status}, and not 101`, "RFC 6455 §4.1(1)");
  if (version === "1.0") throw broken("the server answered 101 over HTTP/1.0", "RFC 9110 §15.2");
  const upgrade = headers.get("upgrade") ?? "";
  if (upgrade.toLowerCase() !== "websocket") {
    throw broken(`the Upgrade of the answer is ${quote(upgrade)}, and not "websocket"`, "RFC 6455 §4.1(2)");
  }
  if (!listHas(headers.get("connection") ?? "", "upgrade")) {
    throw broken("the Connection of the answer does not have Upgrade in it", "RFC 6455 §4.1(3)");
  }
  const [accept, second] = headers.all("sec-websocket-accept");
  if (accept === undefined || second !== undefined || accept !== acceptFor(offer.key)) {
    const what = accept === undefined ? "there is no" : second === undefined ? "wrong" : "more than one";
    throw broken(`${what} Sec-WebSocket-Accept in the answer`, "RFC 6455 §4.1(4)");
  }
  const subprotocol = subprotocolOf(offer, headers, broken);
  const extensions = extensionsOf(offer, headers, broken);
  return { subprotocol, extensions, deflate: deflateOf(offer, extensions, broken) };
}

type Broken = (message: string, rule: string) => HandshakeError;

function subprotocolOf(offer: Offer, headers: HeaderList, broken: Broken): string {
  const [chosen, second] = headers.all("sec-websocket-protocol");
  if (chosen === undefined) return "";
  if (second !== undefined)
    throw broken("the answer has more than one Sec-WebSocket-Protocol", "RFC 6455 §11.3.4");
  if (offer.subprotocols.includes(chosen)) return chosen;
  throw broken(
    `the answer chose the subprotocol ${quote(chosen)}, which was not offered`,
    "RFC 6455 §4.1(6)",
  );
}

function extensionsOf(offer: Offer, headers: HeaderList, broken: Broken): readonly ExtensionOffer[] {
  const chosen = parsedExtensions(headers, broken);
  for (const [index, { name }] of chosen.entries()) {
    if (!offer.extensions.some((offered) => offered.name === name)) {
      throw broken(`the answer uses the extension ${quote(name)}, which was not offered`, "RFC 6455 §4.1(5)");
    }
    if (chosen.findIndex((other) => other.name === name) !== index) {
      throw broken(`the answer uses the extension ${quote(name)} twice`, "RFC 6455 §9.1");
    }
  }
  return chosen;
}

function deflateOf(
  offer: Offer,
  extensions: readonly ExtensionOffer[],
  broken: Broken,
): DeflateAgreement | undefined {
  const answer = extensions.find(({ name }) => name === PERMESSAGE_DEFLATE);
  if (answer === undefined || offer.compression === undefined) return undefined;
  const agreement = checkDeflate(offer.extensions, answer, offer.compression);
  // RFC 7692 §5.1: a client that gets an answer it cannot use "MUST _Fail the WebSocket Connection_".
  if (typeof agreement === "string") {
    throw broken(`the ${PERMESSAGE_DEFLATE} of the answer ${agreement}`, "RFC 7692 §7.1");
  }
  return agreement;
}

function parsedExtensions(headers: HeaderList, broken: Broken): readonly ExtensionOffer[] {
  const lines = headers.all("sec-websocket-extensions");
  try {
    return parseExtensions(lines);
  } catch {
    throw broken(
      `the Sec-WebSocket-Extensions of the answer is malformed: ${quote(lines.join(", "))}`,
      "RFC 6455 §9.1",
    );
  }
}
