// How things end and stand: one attempt, the state between attempts, and the whole.
import type { CloseReport } from "../../connection/close-report.ts";
import type { ConnectionClosedError } from "../../connection/closed-error.ts";
import { HawserError, isError } from "../../wire/errors.ts";

/**
 * How an attempt ended, or the connection that came of it.
 *
 * - `preparing`: `url` or `headers` threw; `error` is what they threw, or a HandshakeError if they took longer than
 *   `timeouts.handshake`
 * - `handshake`: there was no connection; `error` is what `connect` rejected with, mostly a HandshakeError
 * - `connection`: there was one, and it has ended; `report` says how
 */
export type AttemptEnd =
  | { readonly stage: "preparing" | "handshake"; readonly error: unknown; readonly report: undefined }
  | { readonly stage: "connection"; readonly error: ConnectionClosedError; readonly report: CloseReport };

/** Where a reconnecting connection stands. `attempt` counts from 1 after each connection that lasted. */
export type ReconnectingState =
  /** Asks for the URL and the headers, connects, and runs `onOpen`. */
  | { readonly phase: "connecting"; readonly attempt: number; readonly last: AttemptEnd | undefined }
  | { readonly phase: "open"; readonly attempt: number }
  /** The attempt of this number is made in `delay` milliseconds, counted from when this state began. */
  | {
      readonly phase: "waiting";
      readonly attempt: number;
      readonly delay: number;
      readonly last: AttemptEnd;
    }
  /** `close` was called. */
  | { readonly phase: "closing" }
  | { readonly phase: "closed"; readonly report: ReconnectingReport };

/**
 * Why no more attempts are made.
 *
 * - `close`: we closed, with `close()` of this object or of its connection
 * - `end`: the server closed with 1000 or without a code: all was said
 * - `verdict`: trying again would not help, or `retry` said so
 * - `attempts`: as many as `attempts` allows have failed in a row
 * - `signal`: the signal was aborted
 */
export type ReconnectingCause = "close" | "end" | "verdict" | "attempts" | "signal";

/** Everything that is known of how a reconnecting connection ended. */
export interface ReconnectingReport {
  readonly cause: ReconnectingCause;
  /** What iterating throws: a GaveUpError, or the reason of the signal; undefined after `close` and `end`. */
  readonly error: unknown;
  /** How the last attempt ended; undefined if there was none. */
  readonly last: AttemptEnd | undefined;
  /** How many attempts there were in all, and how many of them led to a connection. */
  readonly attempts: number;
  readonly connections: number;
  readonly unsent: UnsentCounts;
  /** Messages received and dropped, because nobody had taken them when the second connection after theirs opened. */
  readonly unread: number;
}

/** What was to be sent, and was not. */
export interface UnsentCounts {
  /** Messages that waited in the queue at the end. */
  readonly messages: number;
  /** Messages that waited longer than `queue.expiry`. */
  readonly expired: number;
  /** Messages that `send` did not take. */
  readonly refused: number;
  /** Bytes that connections had accepted and the system never took. What it took may not have arrived either. */
  readonly bytes: number;
}

/** No more attempts are made, and that was not asked for. `cause` is what the last attempt ended with. */
export class GaveUpError extends HawserError {
  readonly code = "ERR_HAWSER_GAVE_UP";
  /** How the last attempt ended. */
  readonly last: AttemptEnd;

  constructor(why: string, last: AttemptEnd, cause: unknown = last.error) {
    super(`${why}: ${isError(cause) ? cause.message : String(cause)}`, { cause });
    this.last = last;
  }
}
