// The handshake of hixie-76 (May 2010), which whatwg-2010-08 and hybi-01 to hybi-03 took over: two keys, eight bytes, one proof.
import { Buffer } from "node:buffer";
import { type Acceptance, type AcceptanceOptions, applicationLines, subprotocolLine } from "../acceptance.ts";
import type { Agreement, Offer, OfferOptions, OfferParts } from "../agreement.ts";
import { brokenBy, checkOnlySubprotocol, printedOffer } from "../agreement.ts";
import { badRequest } from "../bad-request.ts";
import { quote } from "../field-syntax.ts";
import { type AnswerHead, printHead } from "../head.ts";
import { HeaderList } from "../header-list.ts";
import type { Opening } from "../opening.ts";
import { onlyOne, type Wishes } from "../wishes.ts";
import { checkEcho, onlySubprotocol, onlySubprotocolOf, openingLocation } from "./hixie-75.ts";
import { CHALLENGE_LENGTH, keyNumber, makeKey, proofOf, type RandomInteger } from "./key-number.ts";

const rule = "draft-hixie-thewebsocketprotocol-76";
const reason = "WebSocket Protocol Handshake";

/** What a request wishes for. Throws HandshakeError 400 for keys that are none. */
export function hixie76Wishes(headers: HeaderList): Wishes {
  return {
    origin: onlyOne(headers, "Origin", rule),
    subprotocols: onlySubprotocol(headers, "Sec-WebSocket-Protocol"),
    extensions: [],
    key: "",
    challenge: [numberIn(headers, "Sec-WebSocket-Key1"), numberIn(headers, "Sec-WebSocket-Key2")],
  };
}

function numberIn(headers: HeaderList, name: string): number {
  onlyOne(headers, name, rule);
  return keyNumber(name, headers.rawValue(name) ?? "");
}

/** Prints the answer that accepts, up to the proof. */
export function acceptHixie76(opening: Opening, options: AcceptanceOptions): Acceptance {
  const { challenge, origin } = opening;
  if (challenge === undefined) throw badRequest("there are no keys", rule);
  const lines: (readonly [name: string, value: string])[] = [
    ["Upgrade", "WebSocket"],
    ["Connection", "Upgrade"],
  ];
  if (origin !== undefined) lines.push(["Sec-WebSocket-Origin", origin]);
  lines.push(
    ["Sec-WebSocket-Location", openingLocation(opening, options)],
    ...subprotocolLine("Sec-WebSocket-Protocol", options.subprotocol, opening),
    ...applicationLines(options.headers),
  );
  return {
    bytes: printHead(`HTTP/1.1 101 ${reason}`, lines),
    head: { status: 101, reason, headers: new HeaderList(lines) },
    proof: (body) => proofOf(challenge, body),
  };
}

/** What drafts call themselves. hixie-76 has no number, and servers of its time refuse one. */
const draftNumbers: ReadonlyMap<string, string> = new Map([
  ["hybi-01", "1"],
  ["hybi-02", "2"],
  ["hybi-03", "2"],
]);

/** Prints the request, its fields in a random order, as the draft wants it. */
export function offerHixie76(options: OfferOptions, parts: OfferParts): Offer {
  const { version = "hixie-76", randomness } = options;
  if (randomness === undefined) throw new TypeError(`${version} needs randomness for its keys`);
  checkOnlySubprotocol(version, parts.subprotocols);
  const first = makeKey(randomness.integer);
  const second = makeKey(randomness.integer);
  const body = randomness.bytes(CHALLENGE_LENGTH);
  const lines: (readonly [name: string, value: string])[] = [
    ["Upgrade", "WebSocket"],
    ["Connection", "Upgrade"],
    parts.host,
    ["Origin", parts.origin],
    ["Sec-WebSocket-Key1", first.key],
    ["Sec-WebSocket-Key2", second.key],
  ];
  for (const name of parts.subprotocols) lines.push(["Sec-WebSocket-Protocol", name]);
  const draft = draftNumbers.get(version);
  if (draft !== undefined) lines.push(["Sec-WebSocket-Draft", draft]);
  lines.push(...parts.others);
  const offer = printedOffer(options, parts, shuffled(lines, randomness.integer));
  const proof = proofOf([first.number, second.number], body);
  return { ...offer, bytes: Buffer.concat([offer.bytes, body]), proof };
}

function shuffled<Item>(items: readonly Item[], random: RandomInteger): readonly Item[] {
  const mixed: Item[] = [];
  for (const item of items) mixed.splice(random(mixed.length + 1), 0, item);
  return mixed;
}

/** Checks the head of the answer; the proof comes behind it. */
export function checkHixie76(offer: Offer, answer: AnswerHead): Agreement {
  const broken = brokenBy(answer);
  const upgrades = answer.headers.all("upgrade");
  if (upgrades.length !== 1 || upgrades[0] !== "WebSocket") {
    throw broken(`the Upgrade of the answer is ${quote(upgrades.join(", "))}, and not "WebSocket"`, rule);
  }
  const connections = answer.headers.all("connection");
  if (connections.length !== 1 || connections[0]?.toLowerCase() !== "upgrade") {
    throw broken(`the Connection of the answer is ${quote(connections.join(", "))}, and not "Upgrade"`, rule);
  }
  checkEcho(offer, answer, "Sec-WebSocket", rule);
  const subprotocol = onlySubprotocolOf(offer, answer, "Sec-WebSocket-Protocol", rule);
  return { subprotocol, extensions: [], deflate: undefined };
}

/**
 * Checks the sixteen bytes that come behind the head of an answer.
 *
 * @throws HandshakeError if they prove nothing
 */
export function checkProof(offer: Offer, answer: AnswerHead, bytes: Uint8Array): void {
  if (offer.proof?.equals(bytes) === true) return;
  throw brokenBy(answer)("the sixteen bytes behind the answer are not what the keys come to", rule);
}
