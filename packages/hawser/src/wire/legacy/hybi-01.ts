// hybi-01 to hybi-03 (August to October 2010): frames with opcodes, fragments, pings and binary; nothing is masked.
//
// Draft 2 is told from draft 1 by its handshake alone. Draft 3 wants the body of a Close sent back, which all our answers do.
import { Buffer } from "node:buffer";
import type { Framing } from "../framing.ts";
import type { Role, WireVersion } from "../wire.ts";
import { withoutCloseCode } from "./capabilities.ts";
import {
  type DraftRules,
  draftFrame,
  draftReader,
  encodeDraftFrame,
  messageByte,
  sharedDraftFrame,
} from "./draft-frame.ts";
import { plainClose } from "./plain-close.ts";

/**
 * The framing of a draft from 1 to 5.
 *
 * @param closeBody what stands in a Close that is no answer
 */
export function draftFraming(
  version: WireVersion,
  rules: DraftRules,
  closeBody?: (role: Role) => string,
): Framing {
  return {
    version,
    can: withoutCloseCode,
    endsWithTransport: false,
    reader: (settings, _deflate, handler) => draftReader(rules, settings, handler),
    encodeText: (output, maskKey, text) =>
      encodeDraftFrame(rules, output, maskKey, messageByte(text), Buffer.from(text)),
    encodeFrame: (output, maskKey, first, payload) =>
      encodeDraftFrame(rules, output, maskKey, first, payload),
    encodeMessage: (data, maskKey) =>
      draftFrame(rules, maskKey, messageByte(data), typeof data === "string" ? Buffer.from(data) : data),
    sharedMessage: (data) => sharedDraftFrame(rules, data),
    ...plainClose(version, closeBody),
  };
}

const rules: DraftRules = { firstBit: "more", maskOf: undefined };

export const hybi01: Framing = draftFraming("hybi-01", rules);
export const hybi02: Framing = draftFraming("hybi-02", rules);
