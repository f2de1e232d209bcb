// What can be said of one message beside what is in it.
import { checkBoolean, checkNames } from "../wire/options.ts";

/** Options of one message. */
export interface SendOptions {
  /**
   * False: not compressed, though compression was agreed on. For what is secret: the size of compressed data tells of what is in it
   * (`docs/compression.md`). Default true.
   */
  readonly compress?: boolean | undefined;
}

/**
 * Whether a message may be compressed.
 *
 * @param where what the options belong to, as "send()"
 * @throws TypeError for an option that there is not, and for a value that is neither true nor false
 */
export function mayCompress(where: string, options: SendOptions | undefined): boolean {
  if (options === undefined) return true;
  checkNames(where, options, ["compress"]);
  return checkBoolean("compress", options.compress, true);
}
