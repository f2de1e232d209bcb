// Sec-WebSocket-Protocol in a request: the subprotocols that the client offers (RFC 6455 §11.3.4).
import { badRequest } from "./bad-request.ts";
import { isToken, listMembers, quote } from "./field-syntax.ts";

/**
 * The subprotocols of an offer, in the client's order of preference.
 *
 * @param lines the value of each header line; several are one list (RFC 6455 §11.3.4). No line is no offer.
 * @returns the names; empty if there is no line. Empty members between commas are ignored (RFC 9110 §5.6.1.2).
 * @throws HandshakeError 400 for a list without a member, a member that is no token, and one that comes twice
 *   (RFC 6455 §4.1(10): "MUST all be unique strings")
 */
export function parseSubprotocols(lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  const rule = "RFC 6455 §4.1(10)";
  const offered = new Set<string>();
  for (const name of listMembers(lines.join(","))) {
    if (!isToken(name))
      throw badRequest(`Sec-WebSocket-Protocol offers ${quote(name)}, which is no token`, rule);
    if (offered.has(name)) throw badRequest(`Sec-WebSocket-Protocol offers ${quote(name)} twice`, rule);
    offered.add(name);
  }
  if (offered.size === 0) throw badRequest("Sec-WebSocket-Protocol is empty", rule);
  return [...offered];
}
