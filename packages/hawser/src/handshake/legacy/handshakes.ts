// The handshakes before RFC 6455 by version: with nothing, with two keys and eight bytes, or with one key as RFC 6455 does.
import type { WireVersion } from "../../wire/wire.ts";
import type { Acceptance, AcceptanceOptions } from "../acceptance.ts";
import type { Agreement, Offer, OfferOptions, OfferParts } from "../agreement.ts";
import type { AnswerHead } from "../head.ts";
import type { HeaderList } from "../header-list.ts";
import type { Opening } from "../opening.ts";
import type { Wishes } from "../wishes.ts";
import { acceptHixie75, checkHixie75, hixie75Wishes, offerHixie75 } from "./hixie-75.ts";
import { acceptHixie76, checkHixie76, hixie76Wishes, offerHixie76 } from "./hixie-76.ts";
import { acceptHybi, checkHybi, hybiWishes, offerHybi } from "./hybi.ts";

interface Handshake {
  /** What a request wishes for. Throws HandshakeError 400. */
  wishes(headers: HeaderList): Wishes;
  /** As `printAcceptance`. */
  accept(opening: Opening, options: AcceptanceOptions): Acceptance;
  /** As `printOffer`. */
  offer(options: OfferOptions, parts: OfferParts): Offer;
  /** As `checkAnswer`. */
  check(offer: Offer, answer: AnswerHead): Agreement;
}

const hixie75: Handshake = {
  wishes: hixie75Wishes,
  accept: acceptHixie75,
  offer: offerHixie75,
  check: checkHixie75,
};
const hixie76: Handshake = {
  wishes: hixie76Wishes,
  accept: acceptHixie76,
  offer: offerHixie76,
  check: checkHixie76,
};
const hybi: Handshake = { wishes: hybiWishes, accept: acceptHybi, offer: offerHybi, check: checkHybi };

export const legacyHandshakes: Readonly<Record<Exclude<WireVersion, "rfc6455">, Handshake>> = {
  "hixie-75": hixie75,
  "hixie-76": hixie76,
  "whatwg-2010-08": hixie76,
  "hybi-01": hixie76,
  "hybi-02": hixie76,
  "hybi-03": hixie76,
  "hybi-04": hybi,
  "hybi-05": hybi,
  "hybi-06": hybi,
  "hybi-07": hybi,
  "hybi-08": hybi,
};
