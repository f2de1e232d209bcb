// The server's side of the opening handshake: a request head -> what it asks for, or the rule it breaks; and both answers.
import { Buffer } from "node:buffer";
import type { WireVersion } from "../wire/wire.ts";
import { badRequest } from "./bad-request.ts";
import { type ExtensionOffer, parseExtensions, printExtensions } from "./extension.ts";
import { listHas, quote } from "./field-syntax.ts";
import { HandshakeError } from "./handshake-error.ts";
import { printHead, printHeaderLines, type RequestHead, type ResponseHead } from "./head.ts";
import { type HeaderFields, headerLines } from "./header-fields.ts";
import { HeaderList } from "./header-list.ts";
import { hostOf } from "./host.ts";
import { acceptFor, isKey } from "./key.ts";
import { reasonPhrase } from "./reason-phrase.ts";
import { parseSubprotocols } from "./subprotocol.ts";
import { parseTarget } from "./target.ts";

/** What a client asks for, once its request has passed every rule of the handshake. */
export interface Opening {
  readonly head: RequestHead;
  /** As it came: nothing decoded or resolved. */
  readonly path: string;
  /** What follows the first "?" of the target, without it; empty if there is none. */
  readonly query: string;
  /** Host, with the port if one was given, as the request says: behind a proxy it may be the proxy's choice. */
  readonly host: string;
  readonly origin: string | undefined;
  /** In the client's order of preference, none twice. */
  readonly subprotocols: readonly string[];
  /** In the client's order of preference. */
  readonly extensions: readonly ExtensionOffer[];
  /** Sec-WebSocket-Key. */
  readonly key: string;
  readonly version: WireVersion;
}

/** Whether a request asks for a WebSocket, rightly or wrongly: `websocket` is in its Upgrade list, whatever the method. */
export function wantsWebSocket(head: RequestHead): boolean {
  const upgrade = head.headers.get("upgrade");
  return upgrade !== undefined && listHas(upgrade, "websocket");
}

/**
 * Examines the handshake of RFC 6455 §4.2.1. Whether its Origin may connect is another question (`originAllowed`).
 *
 * @throws HandshakeError with the status, the header lines that the answer needs, and the first rule that is broken: 400, 405
 *   for a method other than GET, and 426 for what is no request for a WebSocket of version 13 over HTTP/1.1
 */
export function examine(head: RequestHead): Opening {
  const { headers } = head;
  if (!wantsWebSocket(head)) {
    throw upgradeRequired("there is a WebSocket here, and nothing else", "RFC 6455 §4.2.1(3)");
  }
  checkMethodAndVersion(head);
  checkNoBody(headers);
  const host = hostOf(headers);
  const { path, query, authority } = parseTarget(head.target);
  checkConnection(headers);
  checkWireVersion(headers);
  return {
    head,
    path,
    query,
    // RFC 9112 §3.2.2: with a target in absolute form "the origin server MUST ignore the received Host header field".
    host: authority ?? host,
    origin: onlyOne(headers, "Origin", "RFC 6454 §7.3"),
    subprotocols: parseSubprotocols(headers.all("sec-websocket-protocol")),
    extensions: parseExtensions(headers.all("sec-websocket-extensions")),
    key: keyOf(headers),
    version: "rfc6455",
  };
}

function checkMethodAndVersion({ method, version }: RequestHead): void {
  // RFC 9110 §7.8: "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request."
  if (version !== "1.1" && !/^1\.[2-9]$/.test(version)) {
    throw upgradeRequired(
      `a WebSocket needs HTTP/1.1, and the request says HTTP/${version}`,
      "RFC 6455 §4.2.1(1)",
    );
  }
  if (method === "GET") return;
  throw new HandshakeError(`a WebSocket is asked for with GET, and not with ${quote(method)}`, {
    status: 405,
    rule: "RFC 6455 §4.2.1(1)",
    headers: [["Allow", "GET"]],
  });
}

// The bytes behind the head are frames to us and a body to a proxy that believes these headers: whoever is wrong, the next
// request on the proxy's connection is not what it seems. `Content-Length: 0` announces nothing.
function checkNoBody(headers: HeaderList): void {
  if (headers.has("transfer-encoding")) {
    throw badRequest(
      "a request for a WebSocket has no body, and this one has a Transfer-Encoding",
      "RFC 9112 §6.1",
    );
  }
  const length = onlyOne(headers, "Content-Length", "RFC 9112 §6.3");
  if (length !== undefined && !/^0+$/.test(length)) {
    throw badRequest(
      `a request for a WebSocket has no body, and the Content-Length is ${quote(length)}`,
      "RFC 9112 §6.3",
    );
  }
}

function checkConnection(headers: HeaderList): void {
  if (listHas(headers.get("connection") ?? "", "upgrade")) return;
  throw upgradeRequired("the Connection header does not have Upgrade in it", "RFC 6455 §4.2.1(4)");
}

// RFC 6455 §4.3: `version`, a number below 256 without leading zeros.
const wireVersionPattern = /^(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])$/;

// RFC 6455 §4.4: whatever is wrong with the version, the answer says which one there is.
function checkWireVersion(headers: HeaderList): void {
  const version = headers.get("sec-websocket-version");
  if (version === "13") return;
  const given = version ?? "";
  const rule = "RFC 6455 §4.2.1(6)";
  const supported = ["Sec-WebSocket-Version", "13"] as const;
  if (wireVersionPattern.test(given)) {
    throw upgradeRequired(`this server speaks version 13, and not ${given}`, "RFC 6455 §4.4", [supported]);
  }
  const found = version === undefined ? "missing" : quote(given);
  const message = `Sec-WebSocket-Version must be 13, and is ${found}`;
  throw new HandshakeError(message, { status: 400, rule, headers: [supported] });
}

function keyOf(headers: HeaderList): string {
  const rule = "RFC 6455 §4.2.1(5)";
  const key = onlyOne(headers, "Sec-WebSocket-Key", "RFC 6455 §11.3.1");
  if (key === undefined) throw badRequest("there is no Sec-WebSocket-Key", rule);
  if (!isKey(key))
    throw badRequest(`the Sec-WebSocket-Key ${quote(key)} is not base64 of sixteen bytes`, rule);
  return key;
}

function onlyOne(headers: HeaderList, name: string, rule: string): string | undefined {
  const values = headers.all(name);
  if (values.length > 1) throw badRequest(`the request has more than one ${name}`, rule);
  return values[0];
}

// RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response".
function upgradeRequired(
  message: string,
  rule: string,
  more: readonly (readonly [name: string, value: string])[] = [],
): HandshakeError {
  return new HandshakeError(message, { status: 426, rule, headers: [["Upgrade", "websocket"], ...more] });
}

/** What the application adds to the answer that accepts. */
export interface AcceptanceOptions {
  /** One of those that were offered. */
  readonly subprotocol?: string | undefined;
  /** Those agreed on, by the names they were offered under. */
  readonly extensions?: readonly ExtensionOffer[] | undefined;
  readonly headers?: HeaderFields | undefined;
}

/** An answer that accepts: as bytes, and as what they say. */
export interface Acceptance {
  readonly bytes: Buffer;
  readonly head: ResponseHead;
}

const switching = "HTTP/1.1 101 Switching Protocols";
const ownOnAccept = /^(?:sec-websocket-.*|connection|upgrade|content-length|transfer-encoding)$/i;
const ownOnRefusal = /^(?:connection|content-length|transfer-encoding)$/i;
const noHeaderLines: ReturnType<typeof headerLines> = [];

/**
 * Prints the answer that accepts (RFC 6455 §4.2.2(5)).
 *
 * @throws TypeError for a subprotocol or an extension that was not offered, for headers that are the handshake's own
 *   (Connection, Upgrade, Sec-WebSocket-*) or announce a body, and for names and values that have no place in a header
 */
export function printAcceptance(opening: Opening, options: AcceptanceOptions = {}): Acceptance {
  const { subprotocol, extensions = [], headers } = options;
  const accept = acceptFor(opening.key);
  // What every answer has is known to be right: only the lines behind it are checked.
  const start = `${switching}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n`;
  const more: (readonly [name: string, value: string])[] = [];
  if (subprotocol !== undefined) {
    checkOffered("subprotocol", subprotocol, opening.subprotocols);
    more.push(["Sec-WebSocket-Protocol", subprotocol]);
  }
  if (extensions.length > 0) {
    const offered = opening.extensions.map(({ name }) => name);
    for (const { name } of extensions) checkOffered("extension", name, offered);
    more.push(["Sec-WebSocket-Extensions", printExtensions(extensions)]);
  }
  more.push(...applicationLines(headers, ownOnAccept));
  const bytes = Buffer.from(`${start}${printHeaderLines(more)}\r\n`, "latin1");
  const lines: readonly (readonly [name: string, value: string])[] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", accept],
    ...more,
  ];
  return { bytes, head: { status: 101, reason: "Switching Protocols", headers: new HeaderList(lines) } };
}

function checkOffered(kind: string, chosen: string, offered: readonly string[]): void {
  if (offered.includes(chosen)) return;
  const offer = offered.length === 0 ? "none" : offered.map(quote).join(", ");
  throw new TypeError(`the ${kind} ${quote(chosen)} was not offered; the client offered ${offer}`);
}

/** An answer that refuses. A `HandshakeError` is one. */
export interface Refusal {
  /** 300 to 599; not 304, which has no body. */
  readonly status: number;
  /** Text, sent as UTF-8. Default: the reason phrase of the status. */
  readonly body?: string | undefined;
  readonly headers?: HeaderFields | undefined;
}

/**
 * Prints an answer that refuses, head and body. The connection is to be closed behind it, and it says so.
 *
 * @throws RangeError for a status that refuses nothing
 * @throws TypeError for the headers Connection, Content-Length and Transfer-Encoding, which are set here, and for names and
 *   values that have no place in a header
 */
export function printRefusal({ status, body = reasonPhrase(status), headers }: Refusal): Buffer {
  if (!Number.isInteger(status) || status < 300 || status > 599 || status === 304) {
    throw new RangeError(`a refusal has a status from 300 to 599, and not 304; ${status} is none`);
  }
  const given = applicationLines(headers, ownOnRefusal);
  const has = (wanted: string) => given.some(([name]) => name.toLowerCase() === wanted);
  const content = Buffer.from(body, "utf8");
  const lines: (readonly [name: string, value: string])[] = [
    // RFC 9110 §7.8: "A sender of Upgrade MUST also send an "Upgrade" connection option".
    ["Connection", has("upgrade") ? "close, Upgrade" : "close"],
    ["Content-Length", String(content.length)],
  ];
  if (!has("content-type")) lines.push(["Content-Type", "text/plain; charset=utf-8"]);
  return Buffer.concat([
    printHead(`HTTP/1.1 ${status} ${reasonPhrase(status)}`, [...lines, ...given]),
    content,
  ]);
}

function applicationLines(
  headers: HeaderFields | undefined,
  reserved: RegExp,
): ReturnType<typeof headerLines> {
  if (headers === undefined) return noHeaderLines;
  const lines = headerLines(headers);
  for (const [name] of lines) {
    if (reserved.test(name)) throw new TypeError(`the header ${quote(name)} is set by the handshake itself`);
  }
  return lines;
}
