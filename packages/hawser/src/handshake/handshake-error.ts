// HandshakeError: an opening handshake that failed, at either end, with the HTTP answer that says so.
import { HawserError } from "../wire/errors.ts";
import { HeaderList } from "./header-list.ts";

/** What a HandshakeError knows beside its message. */
export interface HandshakeErrorDetails {
  /** The HTTP status of the answer; 0 if there was none. */
  status: number;
  /** Header lines of the answer: at a server those it must carry beside the usual ones, as `["Allow", "GET"]`. */
  headers?: Iterable<readonly [name: string, value: string]>;
  /** The body of the answer, as text. Default: the message, or nothing where there is no answer. */
  body?: string;
  /** The rule that was broken, as "RFC 6455 §4.2.1". */
  rule?: string;
  cause?: unknown;
}

/**
 * The opening handshake failed.
 *
 * At a server it says what the peer was answered and why; at a client what the server answered, or with status 0 why there
 * is no answer, with the system's error as `cause`. Never thrown into a server's application: it is what a pending handshake
 * holds when `ok` is false, and what the diagnostics channel carries. `connect` rejects with it.
 */
export class HandshakeError extends HawserError {
  readonly code = "ERR_HAWSER_HANDSHAKE";
  /** The HTTP status of the answer; 0 if there was none. */
  readonly status: number;
  /** Header lines of the answer: at a client all of them. */
  readonly headers: HeaderList;
  /** The body of the answer; at a client no more than `limits.memory` of it. */
  readonly body: string;

  constructor(message: string, details: HandshakeErrorDetails) {
    super(message, { rule: details.rule, cause: details.cause });
    this.status = details.status;
    this.headers =
      details.headers instanceof HeaderList ? details.headers : new HeaderList(details.headers ?? []);
    this.body = details.body ?? (details.status === 0 ? "" : message);
  }
}
