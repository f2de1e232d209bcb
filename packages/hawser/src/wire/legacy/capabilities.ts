// What the framings of the drafts can carry, and how they say no.
import { UnsupportedError } from "../errors.ts";
import { checkClose, NO_STATUS } from "../rfc6455/close-code.ts";
import type { Capabilities, CloseFrame, WireVersion } from "../wire.ts";

/** Text and nothing else: the framings of 2009 and 2010. */
export const textOnly: Capabilities = Object.freeze({
  binary: false,
  fragments: false,
  ping: false,
  closeCode: false,
  compression: false,
});

/** Everything but close codes: the drafts 1 to 5. */
export const withoutCloseCode: Capabilities = Object.freeze({
  binary: true,
  fragments: true,
  ping: true,
  closeCode: false,
  compression: false,
});

/** Close codes too: from draft 6 on. */
export const withCloseCode: Capabilities = Object.freeze({ ...withoutCloseCode, closeCode: true });

const withoutCode: CloseFrame = Object.freeze({ code: NO_STATUS, reason: "" });

/** A Close that says that it is one, and nothing more. */
export const plainClose = {
  /** 1000, as `close()` has it where nothing is said, stands for "normally". */
  checkClose(version: WireVersion, code: unknown, reason: unknown): void {
    checkClose(code, reason);
    if ((code === undefined || code === 1000) && reason === "") return;
    throw new UnsupportedError(`${version} has no close codes and no reasons`);
  },
  fitClose: (): CloseFrame => withoutCode,
};
