// The close codes of the drafts 6 to 12: fewer than RFC 6455 has, and one more, 1004 for a frame that is too large.
import { type Buffer, isUtf8 } from "node:buffer";
import { ProtocolError, UnsupportedError } from "../errors.ts";
import type { Framing } from "../framing.ts";
import { checkClose, parseClose } from "../rfc6455/close-code.ts";
import { closePayload } from "../rfc6455/framing.ts";
import type { CloseFrame, WireVersion } from "../wire.ts";

const TOO_LARGE = 1004;

/** What a code of RFC 6455 was called before there was one for it. */
const nearest: ReadonlyMap<number, number> = new Map([
  [1007, 1002],
  [1008, 1002],
  [1009, TOO_LARGE],
  [1010, 1002],
  [1011, 1002],
  [1012, 1001],
  [1013, 1001],
  [1014, 1001],
]);

/**
 * What a Close can say in one of these drafts.
 *
 * @param more codes beside 1000 to 1004 and those of applications
 */
export function oldCloseCodes(
  version: WireVersion,
  more: readonly number[] = [],
): Pick<Framing, "checkClose" | "fitClose" | "printClose" | "parseClose"> {
  const knows = (code: number) => !nearest.has(code) || more.includes(code);
  return {
    checkClose(code, reason) {
      // The rules for everything but this one code are those of RFC 6455.
      checkClose(code === TOO_LARGE ? 1000 : code, reason);
      if (typeof code === "number" && !knows(code)) {
        throw new UnsupportedError(`${version} has no close code ${code}`);
      }
    },
    fitClose({ code, reason }) {
      return { code: more.includes(code) ? code : (nearest.get(code) ?? code), reason };
    },
    printClose: closePayload,
    parseClose: (payload) => parseOldClose(payload),
  };
}

/** A peer may be of a later draft than it says: whatever RFC 6455 allows is taken as well. */
function parseOldClose(payload: Buffer): CloseFrame {
  if (payload.length < 2 || payload.readUInt16BE(0) !== TOO_LARGE) return parseClose(payload);
  const reason = payload.subarray(2);
  if (!isUtf8(reason)) throw new ProtocolError("invalid-utf8", "in a close reason");
  return { code: TOO_LARGE, reason: reason.toString() };
}
