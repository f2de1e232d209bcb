// Which wire version a request asks for: the number of a draft, two keys, or nothing but the wish.
import type { WireVersion } from "../../wire/wire.ts";
import { quote } from "../field-syntax.ts";
import { HandshakeError } from "../handshake-error.ts";
import type { HeaderList } from "../header-list.ts";

/** Versions by what Sec-WebSocket-Version says, the newest first. */
export const versionNumbers: ReadonlyMap<string, WireVersion> = new Map([
  ["13", "rfc6455"],
  ["8", "hybi-08"],
  ["7", "hybi-07"],
  ["6", "hybi-06"],
  ["5", "hybi-05"],
  ["4", "hybi-04"],
]);

/** Versions by what Sec-WebSocket-Draft says, as clients of the time did; drafts 2 and 3 both call themselves 2. */
const drafts: ReadonlyMap<string, WireVersion> = new Map([
  ["0", "hixie-76"],
  ["76", "hixie-76"],
  ["1", "hybi-01"],
  ["2", "hybi-02"],
  ["3", "hybi-02"],
]);

/** What a request with two keys, and nothing that says more, may mean. */
const keyed: readonly WireVersion[] = ["hixie-76", "whatwg-2010-08", "hybi-01"];

/** Of these versions, those that a request cannot be told from: none or one if every request is clear. */
export function alikeVersions(versions: readonly WireVersion[]): readonly WireVersion[] {
  return keyed.filter((version) => versions.includes(version));
}

/** One version at least. */
type Meant = readonly [WireVersion, ...WireVersion[]];

const modern: Meant = ["rfc6455"];

/**
 * What a request may ask for: one version, or several that ask in the same words.
 *
 * @param welcome the versions that the server speaks
 * @throws HandshakeError 426 for a version that is known or might be, and 400 for what names none; either lists, in
 *   Sec-WebSocket-Version, those that are welcome (RFC 6455 §4.4)
 */
export function requestedVersions(headers: HeaderList, welcome: readonly WireVersion[]): Meant {
  const number = headers.get("sec-websocket-version");
  if (number === "13" && welcome.includes("rfc6455")) return modern;
  const [first, ...others] = meanings(headers, number).filter((version) => isWelcome(version, welcome));
  if (first === undefined) throw unwelcome(number, welcome);
  return [first, ...others];
}

function meanings(headers: HeaderList, number: string | undefined): readonly WireVersion[] {
  const first = headers.has("sec-websocket-key1");
  const hasKeys = first && headers.has("sec-websocket-key2");
  if (number !== undefined && !(number === "0" && hasKeys)) return known(versionNumbers.get(number));
  // With a part of what a later version needs it is no request of the first one.
  const hasSome = first || headers.has("sec-websocket-key2") || headers.has("sec-websocket-key");
  if (!hasKeys) return hasSome ? [] : ["hixie-75"];
  const draft = number ?? headers.get("sec-websocket-draft");
  return draft === undefined ? keyed : known(drafts.get(draft));
}

function known(version: WireVersion | undefined): readonly WireVersion[] {
  return version === undefined ? [] : [version];
}

function isWelcome(version: WireVersion, welcome: readonly WireVersion[]): boolean {
  return welcome.includes(version) || (version === "hybi-02" && welcome.includes("hybi-03"));
}

// RFC 6455 §4.3: `version`, a number below 256 without leading zeros.
const numberPattern = /^(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])$/;

function unwelcome(given: string | undefined, welcome: readonly WireVersion[]): HandshakeError {
  const spoken = [...versionNumbers]
    .filter(([, version]) => welcome.includes(version))
    .map(([number]) => number);
  const supported = spoken.length === 0 ? [] : [["Sec-WebSocket-Version", spoken.join(", ")] as const];
  const mustBe = spoken.length === 0 ? "absent here" : spoken.join(" or ");
  if (given !== undefined && numberPattern.test(given)) {
    const speaks = spoken.length === 0 ? "no numbered version" : `version ${spoken.join(", ")}`;
    return new HandshakeError(`this server speaks ${speaks}, and not ${given}`, {
      status: 426,
      rule: "RFC 6455 §4.4",
      // RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response".
      headers: [["Upgrade", "websocket"], ...supported],
    });
  }
  const found = given === undefined ? "missing" : quote(given);
  return new HandshakeError(`Sec-WebSocket-Version must be ${mustBe}, and is ${found}`, {
    status: 400,
    rule: "RFC 6455 §4.2.1(6)",
    headers: supported,
  });
}
