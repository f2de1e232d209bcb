// The server's side of the handshakes before RFC 6455: which of them reads and answers a request.
import type { WireVersion } from "../../wire/wire.ts";
import type { Acceptance, AcceptanceOptions } from "../acceptance.ts";
import type { HeaderList } from "../header-list.ts";
import type { Opening } from "../opening.ts";
import type { Wishes } from "../wishes.ts";
import { acceptHixie75, hixie75Wishes } from "./hixie-75.ts";
import { acceptHixie76, hixie76Wishes } from "./hixie-76.ts";
import { acceptHybi, hybiWishes } from "./hybi.ts";

/** How a version shakes hands: with nothing, with two keys and eight bytes, or with one key as RFC 6455 does. */
type Handshake = "hixie-75" | "hixie-76" | "hybi";

function handshakeOf(version: WireVersion): Handshake {
  if (version === "hixie-75") return version;
  if (/^(?:hixie-76|whatwg-2010-08|hybi-0[123])$/.test(version)) return "hixie-76";
  return "hybi";
}

/** What a request of an older version wishes for. Throws HandshakeError 400. */
export function legacyWishes(version: WireVersion, headers: HeaderList): Wishes {
  const handshake = handshakeOf(version);
  if (handshake === "hixie-75") return hixie75Wishes(headers);
  return handshake === "hixie-76" ? hixie76Wishes(headers) : hybiWishes(headers);
}

/** As `printAcceptance`. */
export function printLegacyAcceptance(opening: Opening, options: AcceptanceOptions): Acceptance {
  const handshake = handshakeOf(opening.version);
  if (handshake === "hixie-75") return acceptHixie75(opening, options);
  return handshake === "hixie-76" ? acceptHixie76(opening, options) : acceptHybi(opening, options);
}
