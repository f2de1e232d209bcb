// The subprotocols that an application asks for, as the standard wants them.
import { isToken } from "../../handshake/field-syntax.ts";
import { describe } from "../../wire/errors.ts";
import { domString } from "./web-idl.ts";

/** A `sequence<DOMString>`. */
export function stringSequence(values: Iterable<unknown>): string[] {
  return Array.from(values, domString);
}

/**
 * Checks what is offered to the server.
 *
 * Names that differ in case alone count as one: the standard leaves that open, the web platform's tests do not.
 *
 * @throws DOMException "SyntaxError" for a name that is no token, or that comes twice
 */
export function checkProtocols(protocols: readonly string[]): void {
  const seen = new Set<string>();
  for (const protocol of protocols) {
    if (!isToken(protocol)) {
      throw new DOMException(
        `a subprotocol must be a token, as "chat.v2", not ${describe(protocol)}`,
        "SyntaxError",
      );
    }
    const name = protocol.toLowerCase();
    if (seen.has(name))
      throw new DOMException(`the subprotocol ${describe(protocol)} is there twice`, "SyntaxError");
    seen.add(name);
  }
}
