// badRequest: the refusal that most broken rules end in.
import { HandshakeError } from "./handshake-error.ts";

/** A refusal with status 400. `message` is also the body of the answer; `rule` names the rule that was broken. */
export function badRequest(message: string, rule: string): HandshakeError {
  return new HandshakeError(message, { status: 400, rule });
}
