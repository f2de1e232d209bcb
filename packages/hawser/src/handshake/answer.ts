// The server's side of the opening handshake: a request head -> what it asks for, or the rule it breaks; and both answers.
import { Buffer } from "node:buffer";
import type { WireVersion } from "../wire/wire.ts";
import {
  type Acceptance,
  type AcceptanceOptions,
  applicationLines,
  checkOffered,
  subprotocolLine,
} from "./acceptance.ts";
import { badRequest } from "./bad-request.ts";
import { parseExtensions, printExtensions } from "./extension.ts";
import { listHas, quote } from "./field-syntax.ts";
import { HandshakeError } from "./handshake-error.ts";
import { printHead, printHeaderLines, type RequestHead } from "./head.ts";
import type { HeaderFields } from "./header-fields.ts";
import { HeaderList } from "./header-list.ts";
import { hostOf } from "./host.ts";
import { acceptFor } from "./key.ts";
import { legacyHandshakes } from "./legacy/handshakes.ts";
import { CHALLENGE_LENGTH } from "./legacy/key-number.ts";
import { requestedVersions } from "./legacy/requested-version.ts";
import type { Opening } from "./opening.ts";
import { reasonPhrase } from "./reason-phrase.ts";
import { parseSubprotocols } from "./subprotocol.ts";
import { parseTarget } from "./target.ts";
import { keyOf, onlyOne, type Wishes } from "./wishes.ts";

/**
 * Whether a request asks for a WebSocket, rightly or wrongly: `websocket` is in its Upgrade list, whatever the method, or it has a
 * key of hixie-76.
 */
export function wantsWebSocket(head: RequestHead): boolean {
  const upgrade = head.headers.get("upgrade");
  if (upgrade !== undefined && listHas(upgrade, "websocket")) return true;
  // Behind a request with these keys come bytes that are nobody's but a WebSocket server's: to HTTP they are the next request.
  return head.headers.has("sec-websocket-key1");
}

const modern: readonly WireVersion[] = ["rfc6455"];

/**
 * Examines the handshake of RFC 6455 §4.2.1, or of an older version. Whether its Origin may connect is another question
 * (`originAllowed`).
 *
 * @param welcome the versions that the server speaks. Default: RFC 6455 alone
 * @throws HandshakeError with the status, the header lines that the answer needs, and the first rule that is broken: 400, 405
 *   for a method other than GET, and 426 for what is no request for a WebSocket of these versions over HTTP/1.1
 */
export function examine(head: RequestHead, welcome: readonly WireVersion[] = modern): Opening {
  const { headers } = head;
  if (!wantsWebSocket(head)) {
    throw upgradeRequired("there is a WebSocket here, and nothing else", "RFC 6455 §4.2.1(3)");
  }
  checkMethodAndVersion(head);
  const host = hostOf(headers);
  const { path, query, authority } = parseTarget(head.target);
  checkConnection(headers);
  const versions = requestedVersions(headers, welcome);
  const [version] = versions;
  const wishes = version === "rfc6455" ? wishesOf(headers) : legacyHandshakes[version].wishes(headers);
  checkNoBody(headers, wishes.challenge !== undefined);
  return {
    head,
    path,
    query,
    // RFC 9112 §3.2.2: with a target in absolute form "the origin server MUST ignore the received Host header field".
    host: authority ?? host,
    version,
    versions,
    ...wishes,
  };
}

function wishesOf(headers: HeaderList): Wishes {
  return {
    origin: onlyOne(headers, "Origin", "RFC 6454 §7.3"),
    subprotocols: parseSubprotocols(headers.all("sec-websocket-protocol")),
    extensions: parseExtensions(headers.all("sec-websocket-extensions")),
    key: keyOf(headers),
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
// request on the proxy's connection is not what it seems. `Content-Length: 0` announces nothing. Behind the head of hixie-76 come
// eight bytes that are no frame: clients that announce them (Protocol::WebSocket of Perl) tell proxies and us the same.
function checkNoBody(headers: HeaderList, hasChallenge: boolean): void {
  if (headers.has("transfer-encoding")) {
    throw badRequest(
      "a request for a WebSocket has no body, and this one has a Transfer-Encoding",
      "RFC 9112 §6.1",
    );
  }
  const length = onlyOne(headers, "Content-Length", "RFC 9112 §6.3");
  if (hasChallenge && length === String(CHALLENGE_LENGTH)) return;
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

// RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response".
function upgradeRequired(message: string, rule: string): HandshakeError {
  return new HandshakeError(message, { status: 426, rule, headers: [["Upgrade", "websocket"]] });
}

const switching = "HTTP/1.1 101 Switching Protocols";
const ownOnRefusal = /^(?:connection|content-length|transfer-encoding)$/i;

/**
 * Prints the answer that accepts (RFC 6455 §4.2.2(5), or as the version of the request has it).
 *
 * @throws TypeError for a subprotocol or an extension that was not offered, for headers that are the handshake's own
 *   (Connection, Upgrade, Sec-WebSocket-*) or announce a body, for names and values that have no place in a header, for a
 *   location that is no URL, and for hybi-04 without a nonce
 */
export function printAcceptance(opening: Opening, options: AcceptanceOptions = {}): Acceptance {
  const { version } = opening;
  if (version !== "rfc6455") return legacyHandshakes[version].accept(opening, options);
  const { subprotocol, extensions = [], headers } = options;
  const accept = acceptFor(opening.key);
  // What every answer has is known to be right: only the lines behind it are checked.
  const start = `${switching}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n`;
  const more: (readonly [name: string, value: string])[] = [];
  more.push(...subprotocolLine("Sec-WebSocket-Protocol", subprotocol, opening));
  if (extensions.length > 0) {
    const offered = opening.extensions.map(({ name }) => name);
    for (const { name } of extensions) checkOffered("extension", name, offered);
    more.push(["Sec-WebSocket-Extensions", printExtensions(extensions)]);
  }
  more.push(...applicationLines(headers));
  const bytes = Buffer.from(`${start}${printHeaderLines(more)}\r\n`, "latin1");
  const lines: readonly (readonly [name: string, value: string])[] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", accept],
    ...more,
  ];
  return { bytes, head: { status: 101, reason: "Switching Protocols", headers: new HeaderList(lines) } };
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
