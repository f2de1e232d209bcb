// Close codes and reasons: what an application may close with, and what a close report is to it.
import { Buffer } from "node:buffer";
import type { CloseReport } from "../../connection/close-report.ts";

/** Two of the 125 bytes of a control frame are the code (RFC 6455 §5.5). */
const MAX_REASON = 123;
/** RFC 6455 §7.4.1 */
const NORMAL = 1000;
const ABNORMAL = 1006;

/**
 * Checks what an application wants to close with ("validate close code and reason").
 *
 * @param code undefined for none
 * @throws DOMException "InvalidAccessError" for a code other than 1000 and 3000 to 4999, "SyntaxError" for a reason of more than
 *   123 bytes, in this order
 */
export function checkCloseInfo(code: number | undefined, reason: string): void {
  // 1. A code that is there must be 1000 or from 3000 to 4999.
  if (code !== undefined && code !== NORMAL && !(code >= 3000 && code <= 4999)) {
    throw new DOMException(
      `a close code must be 1000, or from 3000 to 4999, not ${code}`,
      "InvalidAccessError",
    );
  }
  // 2. A reason must fit.
  const size = Buffer.byteLength(reason);
  if (size > MAX_REASON) {
    throw new DOMException(
      `a close reason holds at most ${MAX_REASON} bytes of UTF-8, not ${size}`,
      "SyntaxError",
    );
  }
}

/** The code to send: without one the Close has no body, unless there is a reason that needs a code before it. */
export function codeToSend(code: number | undefined, reason: string): number | undefined {
  return code ?? (reason === "" ? undefined : NORMAL);
}

/** How a connection ended, as the standard sees it. */
export interface Ending {
  /** Both ends sent a Close. */
  readonly wasClean: boolean;
  /** That of the Close received: 1005 if it had none, 1006 if none came (RFC 6455 §7.1.5). Never one that we sent. */
  readonly code: number;
  readonly reason: string;
  /** The connection was failed (RFC 6455 §7.1.7), which an `error` event tells. */
  readonly failed: boolean;
  /** What was behind that, if it is known. Browsers keep it to themselves. */
  readonly cause: unknown;
}

/** The ending of a connection that never came about. @param cause what `connect` rejected with */
export function neverOpened(cause: unknown): Ending {
  return { wasClean: false, code: ABNORMAL, reason: "", failed: true, cause };
}

/** What a close report says, as the standard sees it. */
export function endingOf({ sent, received, cause, error }: CloseReport): Ending {
  return {
    wasClean: sent !== undefined && received !== undefined,
    code: received?.code ?? ABNORMAL,
    reason: received?.reason ?? "",
    // RFC 6455 §7.2.1 has a client fail a connection that is lost. Giving up on the answer to our own Close is no failure (§7.1.1).
    failed: cause !== "close" && cause !== "close-timeout",
    cause: error,
  };
}
