// Verdicts: whether another attempt makes sense after an attempt or a connection has ended, and what the server advised.
import type { CloseReport } from "../../connection/close-report.ts";
import { HandshakeError } from "../../handshake/handshake-error.ts";
import type { Advice } from "./backoff.ts";
import type { AttemptEnd } from "./outcome.ts";
import { hintOfAnswer, hintOfReason } from "./retry-after.ts";

/**
 * What an end means.
 *
 * - `retry`: it may go better next time
 * - `closed`: we closed the connection
 * - `done`: the peer did, and all was said
 * - `refused`: the next attempt would end in the same way
 */
export interface Verdict {
  readonly meaning: "retry" | "closed" | "done" | "refused";
  readonly advice: Advice;
}

const noAdvice: Advice = { kind: "none" };

/**
 * Codes with which a peer closes a connection and would take another: going away, internal error, service restart, try again
 * later, bad gateway (IANA registry), and 3008, timeout. All others are about what this client is or did, or the
 * application's own: what they mean only `retry` can know.
 */
const retriedCodes: ReadonlySet<number> = new Set([1001, 1011, 1012, 1013, 1014, 3008]);

/** Request Timeout, Too Early, Too Many Requests: the statuses below 500 that are about time and not about the request. */
const retriedStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

/** Says what an end means, as long as the application does not say otherwise. */
export function judge(end: AttemptEnd): Verdict {
  switch (end.stage) {
    case "preparing":
      // A token or a list of servers comes over the same network that has just failed.
      return { meaning: "retry", advice: noAdvice };
    case "handshake":
      return judgeHandshake(end.error);
    case "connection":
      return { meaning: meaningOf(end.report), advice: adviceOf(end.report) };
    default:
      return end satisfies never;
  }
}

function judgeHandshake(error: unknown): Verdict {
  if (!(error instanceof HandshakeError)) {
    // The arguments of connect were wrong, and they will be again.
    const refused = error instanceof TypeError || error instanceof RangeError;
    return { meaning: refused ? "refused" : "retry", advice: noAdvice };
  }
  const { status, headers } = error;
  const again = status === 0 || status >= 500 || retriedStatuses.has(status);
  const ms = hintOfAnswer(headers);
  return { meaning: again ? "retry" : "refused", advice: ms === undefined ? noAdvice : { kind: "hint", ms } };
}

function meaningOf(report: CloseReport): Verdict["meaning"] {
  switch (report.cause) {
    case "close":
    case "close-timeout":
    case "lost":
      if (report.initiator === "local") return "closed";
      return report.cause === "close" ? meaningOfCode(report.code) : "retry";
    case "keepalive":
    case "timeout":
    case "terminated":
      return "retry";
    case "limit":
      // A peer that does not read is as good as gone. Too large or too many messages will come again.
      return report.limit === "limits.sendBuffer" ? "retry" : "refused";
    case "protocol":
    case "fault":
      return "refused";
    default:
      return report.cause satisfies never;
  }
}

function meaningOfCode(code: number): Verdict["meaning"] {
  if (code === 1000 || code === 1005) return "done";
  return retriedCodes.has(code) ? "retry" : "refused";
}

function adviceOf({ received }: CloseReport): Advice {
  if (received === undefined) return noAdvice;
  const ms = hintOfReason(received.reason);
  if (ms !== undefined) return { kind: "hint", ms };
  if (received.code === 1012) return { kind: "restart" };
  return received.code === 1013 ? { kind: "overload" } : noAdvice;
}
