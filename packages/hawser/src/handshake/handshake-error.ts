// HandshakeError: an opening handshake that failed, at either end, with the HTTP answer that says so.
import { HawserError } from "../wire/errors.ts";

/** What a HandshakeError knows beside its message. */
export interface HandshakeErrorDetails {
  /** The HTTP status of the answer. */
  status: number;
  /** Header lines that the answer must carry beside the usual ones, as `["Allow", "GET"]`. */
  headers?: readonly (readonly [name: string, value: string])[];
  /** The body of the answer, as text. Default: the message. */
  body?: string;
  /** The rule that was broken, as "RFC 6455 §4.2.1". */
  rule?: string;
  cause?: unknown;
}

/**
 * The opening handshake failed.
 *
 * At a server it says what the peer was answered and why; at a client what the server answered. Never thrown into a
 * server's application: it is what a pending handshake holds when `ok` is false, and what the diagnostics channel carries.
 */
export class HandshakeError extends HawserError {
  readonly code = "ERR_HAWSER_HANDSHAKE";
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;

  constructor(message: string, details: HandshakeErrorDetails) {
    super(message, { rule: details.rule, cause: details.cause });
    this.status = details.status;
    this.headers = details.headers ?? [];
    this.body = details.body ?? message;
  }
}
