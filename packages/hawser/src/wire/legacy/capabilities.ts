// What the framings of the drafts can carry.
import type { Capabilities } from "../wire.ts";

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
