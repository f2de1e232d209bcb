// The client's side of the opening handshake: what to send, and whether the answer is right (RFC 6455 §4.1).
import { UnsupportedError } from "../wire/errors.ts";
import {
  type Agreement,
  type Broken,
  brokenBy,
  checkAccept,
  checkSwitch,
  type Line,
  type Offer,
  type OfferOptions,
  offerParts,
  printedOffer,
  subprotocolOf,
} from "./agreement.ts";
import { checkDeflate, type DeflateAgreement, offerDeflate, PERMESSAGE_DEFLATE } from "./deflate-params.ts";
import { type ExtensionOffer, parseExtensions, printExtensions } from "./extension.ts";
import { quote } from "./field-syntax.ts";
import type { AnswerHead } from "./head.ts";
import type { HeaderList } from "./header-list.ts";
import { isKey } from "./key.ts";
import { legacyHandshakes } from "./legacy/handshakes.ts";

/**
 * Prints the request (RFC 6455 §4.1, or as the version has it).
 *
 * @throws TypeError for a key or a target that is none, for a subprotocol that is no token or comes twice, for headers that are
 *   the handshake's own or announce a body, and for names and values that have no place in a header; UnsupportedError for
 *   extensions, and for more than one subprotocol, where the version has no place for them
 */
export function printOffer(options: OfferOptions): Offer {
  const { key, compression, version = "rfc6455" } = options;
  if (!isKey(key)) throw new TypeError(`the key must be base64 of sixteen bytes, not ${quote(key)}`);
  const parts = offerParts(options);
  const extensions = [...(options.extensions ?? [])];
  if (compression !== undefined) extensions.push(...offerDeflate(compression));
  if (version !== "rfc6455") {
    if (extensions.length > 0) throw new UnsupportedError(`${version} has no compression and no extensions`);
    return legacyHandshakes[version].offer(options, parts);
  }
  const { subprotocols } = parts;
  const lines: Line[] = [
    // RFC 9110 §7.2: Host as the first header.
    parts.host,
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", key],
    ["Sec-WebSocket-Version", "13"],
  ];
  if (subprotocols.length > 0) lines.push(["Sec-WebSocket-Protocol", subprotocols.join(", ")]);
  if (extensions.length > 0) lines.push(["Sec-WebSocket-Extensions", printExtensions(extensions)]);
  lines.push(...parts.others);
  return { ...printedOffer(options, parts, lines), extensions, compression };
}

/**
 * Checks the head of the answer to an offer: each rule that RFC 6455 §4.1, or the draft, has for it. Behind the head of some
 * versions comes a proof: see `checkProof`.
 *
 * @throws HandshakeError with status 101 (or the other that it has) and the first rule that is broken
 */
export function checkAnswer(offer: Offer, answer: AnswerHead): Agreement {
  const { status, version } = answer;
  const broken = brokenBy(answer);
  if (status !== 101) throw broken(`the server answered ${status}, and not 101`, "RFC 6455 §4.1(1)");
  if (version === "1.0") throw broken("the server answered 101 over HTTP/1.0", "RFC 9110 §15.2");
  if (offer.version !== "rfc6455") return legacyHandshakes[offer.version].check(offer, answer);
  checkSwitch(answer);
  checkAccept(offer, answer);
  const subprotocol = subprotocolOf(offer, answer, "Sec-WebSocket-Protocol", "RFC 6455 §4.1(6)");
  const extensions = extensionsOf(offer, answer.headers, broken);
  return { subprotocol, extensions, deflate: deflateOf(offer, extensions, broken) };
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
