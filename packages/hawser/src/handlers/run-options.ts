// How a session, a handler or a behaviour is run.
import type { ErrorHook } from "./fault.ts";

/** Options of `run`. */
export interface RunOptions {
  /** Hears of what the handler throws. Default: stderr, once a cause. */
  readonly onError?: ErrorHook | undefined;
  /** Headers of the handshake to remember after `open`. Default: none. */
  readonly keep?: readonly string[] | undefined;
}
