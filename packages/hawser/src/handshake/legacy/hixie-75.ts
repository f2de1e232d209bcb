// The handshake of hixie-75 (February 2010): no keys, and an answer whose first lines a client compares byte by byte.
import { type Acceptance, type AcceptanceOptions, applicationLines, subprotocolLine } from "../acceptance.ts";
import type { Agreement, Offer, OfferOptions, OfferParts } from "../agreement.ts";
import { brokenBy, checkOnlySubprotocol, printedOffer, subprotocolOf } from "../agreement.ts";
import { quote } from "../field-syntax.ts";
import { type AnswerHead, printHead } from "../head.ts";
import { HeaderList } from "../header-list.ts";
import type { Opening } from "../opening.ts";
import { onlyOne, type Wishes } from "../wishes.ts";
import { checkLocation, locationOf } from "./location.ts";

const rule = "draft-hixie-thewebsocketprotocol-75";
const reason = "Web Socket Protocol Handshake";

/** What a request wishes for. Some clients of the time already had the later name for the subprotocol. */
export function hixie75Wishes(headers: HeaderList): Wishes {
  return {
    origin: onlyOne(headers, "Origin", rule),
    subprotocols: onlySubprotocol(headers, subprotocolName(headers)),
    extensions: [],
    key: "",
  };
}

function subprotocolName(headers: HeaderList): string {
  return headers.has("websocket-protocol") ? "WebSocket-Protocol" : "Sec-WebSocket-Protocol";
}

/** The one subprotocol that a request may name: any text, so that nothing in it is taken apart. */
export function onlySubprotocol(headers: HeaderList, name: string): readonly string[] {
  const subprotocol = onlyOne(headers, name, rule);
  return subprotocol === undefined || subprotocol === "" ? [] : [subprotocol];
}

/** The URL that the client is to hear back. */
export function openingLocation({ head, path, query, host }: Opening, options: AcceptanceOptions): string {
  if (options.location !== undefined) return checkLocation(options.location);
  // As it came: a client compares letter by letter, and a "?" with nothing behind it is a letter.
  const { target } = head;
  const resource = target.startsWith("/") ? target : query === "" ? path : `${path}?${query}`;
  return locationOf({ secure: options.secure ?? false, host: options.host ?? host, resource });
}

/** Prints the answer that accepts. Upgrade and Connection come first, in these letters: clients compare bytes. */
export function acceptHixie75(opening: Opening, options: AcceptanceOptions): Acceptance {
  const { headers } = opening.head;
  const lines: (readonly [name: string, value: string])[] = [
    ["Upgrade", "WebSocket"],
    ["Connection", "Upgrade"],
  ];
  if (opening.origin !== undefined) lines.push(["WebSocket-Origin", opening.origin]);
  lines.push(
    ["WebSocket-Location", openingLocation(opening, options)],
    ...subprotocolLine(subprotocolName(headers), options.subprotocol, opening),
    ...applicationLines(options.headers),
  );
  return {
    bytes: printHead(`HTTP/1.1 101 ${reason}`, lines),
    head: { status: 101, reason, headers: new HeaderList(lines) },
  };
}

/** Prints the request, its fields in the order that the draft gives them. */
export function offerHixie75(options: OfferOptions, parts: OfferParts): Offer {
  checkOnlySubprotocol("hixie-75", parts.subprotocols);
  const lines: (readonly [name: string, value: string])[] = [
    ["Upgrade", "WebSocket"],
    ["Connection", "Upgrade"],
    parts.host,
    ["Origin", parts.origin],
  ];
  for (const name of parts.subprotocols) lines.push(["WebSocket-Protocol", name]);
  lines.push(...parts.others);
  return printedOffer(options, parts, lines);
}

/** Checks the answer as strictly as the draft does, or, if the offer is lenient, without what may be left out. */
export function checkHixie75(offer: Offer, answer: AnswerHead): Agreement {
  const broken = brokenBy(answer);
  if (answer.version !== "1.1") throw broken(`the server answered in HTTP/${answer.version}`, rule);
  if (!offer.lenient) checkFirstLines(answer);
  checkEcho(offer, answer, "WebSocket", rule);
  const subprotocol = onlySubprotocolOf(offer, answer, subprotocolName(answer.headers), rule);
  return { subprotocol, extensions: [], deflate: undefined };
}

/** Who asked for a subprotocol gets it or nothing: there was no way to go without. */
export function onlySubprotocolOf(offer: Offer, answer: AnswerHead, name: string, by: string): string {
  const subprotocol = subprotocolOf(offer, answer, name, by);
  const [wanted] = offer.subprotocols;
  if (subprotocol !== "" || wanted === undefined || offer.lenient) return subprotocol;
  throw brokenBy(answer)(`the answer leaves out the subprotocol ${quote(wanted)}`, by);
}

function checkFirstLines(answer: AnswerHead): void {
  const broken = brokenBy(answer);
  if (answer.reason !== reason) {
    throw broken(`the answer begins with 101 ${quote(answer.reason)}, and not with 101 "${reason}"`, rule);
  }
  const [first, second] = [...answer.headers];
  if (first?.join(": ") !== "Upgrade: WebSocket" || second?.join(": ") !== "Connection: Upgrade") {
    throw broken("the answer does not begin with Upgrade: WebSocket and Connection: Upgrade", rule);
  }
}

/** Checks that the answer says again who asked, and for what. */
export function checkEcho(offer: Offer, answer: AnswerHead, prefix: string, by: string): void {
  const broken = brokenBy(answer);
  const expected = [
    ["Origin", offer.origin],
    ["Location", offer.location],
  ] as const;
  for (const [what, wanted] of expected) {
    const name = `${prefix}-${what}`;
    const values = answer.headers.all(name);
    if (values.length === 0 && offer.lenient) continue;
    if (values.length !== 1 || values[0] !== wanted) {
      const found = values.length === 0 ? "missing" : values.map(quote).join(" and ");
      throw broken(`the ${name} of the answer must be ${quote(wanted)}, and is ${found}`, by);
    }
  }
}
