// RFC 6455 as one framing among others.
import type { Framing } from "../framing.ts";
import type { CloseFrame } from "../wire.ts";
import { checkClose, NO_STATUS, parseClose, printClose } from "./close-code.ts";
import { encodeFrame, encodeMessage, encodeText, sharedMessage } from "./encoder.ts";
import { messageReader } from "./message-reader.ts";

/** The payload of a Close as RFC 6455 §5.5.1 has it. */
export function closePayload({ code, reason }: CloseFrame): ReturnType<typeof printClose> {
  return printClose(code === NO_STATUS ? undefined : code, reason);
}

/** The framing of RFC 6455. */
export const rfc6455: Framing = {
  version: "rfc6455",
  can: Object.freeze({ binary: true, fragments: true, ping: true, closeCode: true, compression: false }),
  endsWithTransport: false,
  reader: messageReader,
  encodeText,
  encodeFrame,
  encodeMessage: (data, maskKey) => encodeMessage(data, maskKey?.()),
  sharedMessage,
  checkClose,
  fitClose: (frame) => frame,
  printClose: closePayload,
  parseClose,
};
