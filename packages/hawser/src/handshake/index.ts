// hawser/handshake: opening handshakes as functions over bytes and heads, for people who bring their own I/O.

// To answer a handshake: read a head, examine it, print what you decided.

export type { Acceptance, AcceptanceOptions } from "./acceptance.ts";
export {
  examine,
  printAcceptance,
  printRefusal,
  type Refusal,
  wantsWebSocket,
} from "./answer.ts";
export { HandshakeError, type HandshakeErrorDetails } from "./handshake-error.ts";
export {
  type HeadRead,
  HeadReader,
  printHead,
  type RequestHead,
  type ResponseHead,
} from "./head.ts";
export { type HeaderFields, headerLines } from "./header-fields.ts";
export { type HeaderLine, HeaderList } from "./header-list.ts";
export type { Opening } from "./opening.ts";
export { reasonPhrase } from "./reason-phrase.ts";

// To ask for one: take a URL apart, print the request, read the answer, check it.

export type { Agreement, Offer, OfferOptions, Randomness } from "./agreement.ts";
export { AnswerBody } from "./answer-body.ts";
export { type AnswerHead, type AnswerRead, AnswerReader } from "./head.ts";
export { checkProof } from "./legacy/hixie-76.ts";
export { CHALLENGE_LENGTH, PROOF_LENGTH } from "./legacy/key-number.ts";
export { versionNumbers } from "./legacy/requested-version.ts";
export { checkAnswer, printOffer } from "./offer.ts";
export { isWebSocketUrl, parseWebSocketUrl, type WebSocketUrl } from "./url.ts";

// To decide: who asks, from which page, with which cookies, through which proxy.

export { type Cookies, parseCookies } from "./cookie.ts";
export {
  type ForwardedClient,
  type ForwardedFamily,
  type ForwardedSource,
  forwardedClient,
} from "./forwarded.ts";
export {
  type OriginCheck,
  type Origins,
  originAllowed,
  originRefusal,
  type RefusedOrigin,
  validateOrigins,
} from "./origin.ts";
export { type ProxyHeader, ProxyHeaderReader } from "./proxy-protocol.ts";

// The parts of a handshake, one by one.

export { type CompressionOptions, type CompressionSettings, resolveCompression } from "./compression.ts";
export {
  type AcceptedDeflate,
  acceptDeflate,
  checkDeflate,
  type DeflateAgreement,
  type DeflateDirection,
  type DeflateWishes,
  offerDeflate,
  PERMESSAGE_DEFLATE,
} from "./deflate-params.ts";
export {
  type ExtensionOffer,
  type ExtensionParameter,
  parseExtensions,
  printExtensions,
} from "./extension.ts";
export { type Authority, hostOf, parseAuthority } from "./host.ts";
export { acceptFor, isKey } from "./key.ts";
export { parseSubprotocols } from "./subprotocol.ts";
export { parseTarget, type Target } from "./target.ts";
