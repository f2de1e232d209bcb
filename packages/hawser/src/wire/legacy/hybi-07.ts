// hybi-07 (April 2011): the frames of RFC 6455, with lengths in any of their forms and fewer close codes.
import type { Framing, Reader, ReaderSettings } from "../framing.ts";
import { Assembler, type MessageHandler } from "../rfc6455/assembler.ts";
import { Decoder } from "../rfc6455/decoder.ts";
import { rfc6455 } from "../rfc6455/framing.ts";
import { withCloseCode } from "./capabilities.ts";
import { oldCloseCodes } from "./old-close-code.ts";

/** A reader as for RFC 6455, but that a length may be longer than it needs to be: draft 14 was the first to forbid it. */
function longLengthReader(settings: ReaderSettings, _deflate: boolean, handler: MessageHandler): Reader {
  const assembler = new Assembler(handler, settings.limits.message, settings.accepts);
  const decoder = new Decoder(settings.role, assembler, { longLengths: true });
  return {
    decoder,
    get atRest() {
      return !decoder.inFrame && !assembler.inMessage;
    },
    giveBack: () => undefined,
  };
}

export const hybi07: Framing = {
  ...rfc6455,
  version: "hybi-07",
  can: withCloseCode,
  reader: longLengthReader,
  ...oldCloseCodes("hybi-07"),
};
