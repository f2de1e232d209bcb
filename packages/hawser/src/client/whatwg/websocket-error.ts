// WebSocketError: why a WebSocketStream ended as it did, and what to end one with (WebSockets standard, "The WebSocketError interface").
import { checkCloseInfo, codeToSend } from "./close-info.ts";
import {
  dictionary,
  domString,
  enforcedUnsignedShort,
  member,
  shapeInterface,
  usvString,
} from "./web-idl.ts";

/** What a WebSocket is closed with, or was. */
export interface WebSocketCloseInfo {
  /** 1000, or 3000 to 4999. */
  readonly closeCode?: number | undefined;
  /** At most 123 bytes of UTF-8. Default "". */
  readonly reason?: string | undefined;
}

/** A WebSocketCloseInfo, converted. @throws TypeError for what is no object, and for a code that is no unsigned short */
export function closeInfo(where: string, given: unknown): { code: number | undefined; reason: string } {
  const info = dictionary(where, given);
  const code = member(info, "closeCode");
  const reason = member(info, "reason");
  return {
    code: code === undefined ? undefined : enforcedUnsignedShort("closeCode", code),
    reason: reason === undefined ? "" : usvString(reason),
  };
}

// What WebSocketStream may do, and applications may not.

/** A WebSocketError with any code: the peer's, 1005 or 1006. Its `cause` goes beyond the standard, and may be undefined. */
export let uncheckedError: (
  message: string,
  info: { readonly code: number; readonly reason: string; readonly cause: unknown },
) => WebSocketError;

/**
 * A DOMException with a close code.
 *
 * Given to `abort` or `cancel` of a WebSocketStream's streams, it says what to close with.
 *
 * @throws TypeError for info that is no object; DOMException "InvalidAccessError" for a code other than 1000 and 3000 to
 *   4999, "SyntaxError" for a reason of more than 123 bytes
 */
export class WebSocketError extends DOMException {
  static {
    shapeInterface(WebSocketError, { name: "WebSocketError", members: ["closeCode", "reason"] });
    uncheckedError = (message, { code, reason, cause }) => {
      const error = new WebSocketError(message);
      error.#info.closeCode = code;
      error.#info.reason = reason;
      if (cause !== undefined) Object.defineProperty(error, "cause", { value: cause, configurable: true });
      return error;
    };
  }

  readonly #info: { closeCode: number | null; reason: string };

  constructor(message = "", init: WebSocketCloseInfo = {}) {
    // 1. The name is "WebSocketError". 2. So is the message as given.
    super(domString(message), "WebSocketError");
    // 3. 4. Take code and reason from init. 5. Validate them.
    const { code, reason } = closeInfo("the second argument of new WebSocketError()", init);
    checkCloseInfo(code, reason);
    // 6. A reason without a code gets 1000. 7. 8. Keep both.
    this.#info = { closeCode: codeToSend(code, reason) ?? null, reason };
  }

  /** null for none. */
  get closeCode(): number | null {
    return this.#info.closeCode;
  }

  /** "" for none. */
  get reason(): string {
    return this.#info.reason;
  }
}
