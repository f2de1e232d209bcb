// The client's side of the handshakes before RFC 6455: which of them asks and checks.
import type { WireVersion } from "../../wire/wire.ts";
import type { Agreement, Offer, OfferOptions, OfferParts } from "../agreement.ts";
import { brokenBy } from "../agreement.ts";
import type { AnswerHead } from "../head.ts";
import { checkHixie75, offerHixie75 } from "./hixie-75.ts";
import { checkHixie76, offerHixie76 } from "./hixie-76.ts";
import { checkHybi, offerHybi } from "./hybi.ts";

interface Client {
  offer(options: OfferOptions, parts: OfferParts): Offer;
  check(offer: Offer, answer: AnswerHead): Agreement;
}

const hixie75: Client = { offer: offerHixie75, check: checkHixie75 };
const hixie76: Client = { offer: offerHixie76, check: checkHixie76 };
const hybi: Client = { offer: offerHybi, check: checkHybi };

/** How each version asks. */
export const legacyClients: Readonly<Record<Exclude<WireVersion, "rfc6455">, Client>> = {
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

/**
 * Checks the sixteen bytes that come behind the head of an answer.
 *
 * @throws HandshakeError if they prove nothing
 */
export function checkProof(offer: Offer, answer: AnswerHead, bytes: Uint8Array): void {
  if (offer.proof?.equals(bytes) === true) return;
  throw brokenBy(answer)(
    "the sixteen bytes behind the answer are not what the keys come to",
    "draft-hixie-thewebsocketprotocol-76",
  );
}
