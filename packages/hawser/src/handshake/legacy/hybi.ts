// The handshakes of hybi-04 to hybi-08 (2011): that of RFC 6455 under other numbers, and a nonce in the answer of hybi-04.
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import type { FrameKey } from "../../wire/legacy/framings.ts";
import { type Acceptance, type AcceptanceOptions, applicationLines, subprotocolLine } from "../acceptance.ts";
import type { Agreement, Offer, OfferOptions, OfferParts } from "../agreement.ts";
import { brokenBy, checkAccept, checkSwitch, printedOffer, subprotocolOf } from "../agreement.ts";
import { type AnswerHead, printHead } from "../head.ts";
import { HeaderList } from "../header-list.ts";
import { acceptFor, isKey } from "../key.ts";
import type { Opening } from "../opening.ts";
import { parseSubprotocols } from "../subprotocol.ts";
import { keyOf, onlyOne, type Wishes } from "../wishes.ts";

const reason = "Switching Protocols";
/** What hybi-04 mixes into its keys. */
const MASK_GUID = "61AC5F19-FBBA-4540-B96F-6561F1AB40A8";

/** What a request wishes for. Extensions of the time (deflate-stream) are not ours: none is looked at. */
export function hybiWishes(headers: HeaderList): Wishes {
  return {
    // Drafts 11 and 12 call it Origin, as RFC 6455 does, and are version 8 too.
    origin:
      onlyOne(headers, "Origin", "RFC 6454 §7.3") ??
      onlyOne(headers, "Sec-WebSocket-Origin", "draft-ietf-hybi-thewebsocketprotocol-10"),
    subprotocols: parseSubprotocols(headers.all("sec-websocket-protocol").filter((line) => line !== "")),
    extensions: [],
    key: keyOf(headers),
  };
}

/** The keys for the frames of one hybi-04 connection, from what both heads have said. */
function frameKeyOf(key: string, nonce: string): FrameKey {
  const connectionKey = hash("sha1", key + nonce + MASK_GUID, "buffer");
  return (four) => hash("sha1", Buffer.concat([four, connectionKey]), "buffer");
}

/** Prints the answer that accepts. */
export function acceptHybi(opening: Opening, options: AcceptanceOptions): Acceptance {
  const { key, version } = opening;
  const nonce = version === "hybi-04" ? options.nonce?.() : undefined;
  if (version === "hybi-04" && nonce === undefined)
    throw new TypeError("hybi-04 needs a nonce in its answer");
  const lines: (readonly [name: string, value: string])[] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", acceptFor(key)],
  ];
  if (nonce !== undefined) lines.push(["Sec-WebSocket-Nonce", nonce]);
  lines.push(
    ...subprotocolLine("Sec-WebSocket-Protocol", options.subprotocol, opening),
    ...applicationLines(options.headers),
  );
  return {
    bytes: printHead(`HTTP/1.1 101 ${reason}`, lines),
    head: { status: 101, reason, headers: new HeaderList(lines) },
    frameKey: nonce === undefined ? undefined : frameKeyOf(key, nonce),
  };
}

/** Prints the request. */
export function offerHybi(options: OfferOptions, parts: OfferParts): Offer {
  const { version = "hybi-08", key } = options;
  const lines: (readonly [name: string, value: string])[] = [
    parts.host,
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", key],
    ["Sec-WebSocket-Origin", parts.origin],
    ["Sec-WebSocket-Version", String(Number(version.slice(-2)))],
  ];
  if (parts.subprotocols.length > 0) lines.push(["Sec-WebSocket-Protocol", parts.subprotocols.join(", ")]);
  lines.push(...parts.others);
  return printedOffer(options, parts, lines);
}

/** Checks the answer. */
export function checkHybi(offer: Offer, answer: AnswerHead): Agreement {
  const broken = brokenBy(answer);
  checkSwitch(answer);
  checkAccept(offer, answer);
  const subprotocol = subprotocolOf(offer, answer, "Sec-WebSocket-Protocol", "RFC 6455 §4.1(6)");
  const agreement = { subprotocol, extensions: [], deflate: undefined };
  if (offer.version !== "hybi-04") return agreement;
  const nonces = answer.headers.all("sec-websocket-nonce");
  const [nonce = ""] = nonces;
  if (nonces.length !== 1 || !isKey(nonce)) {
    throw broken(
      "the answer needs one Sec-WebSocket-Nonce of sixteen bytes",
      "draft-ietf-hybi-thewebsocketprotocol-04",
    );
  }
  return { ...agreement, frameKey: frameKeyOf(offer.key, nonce) };
}
