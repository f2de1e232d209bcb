// Sec-WebSocket-Protocol in a request: the subprotocols that the client offers (RFC 6455 §11.3.4), and which of them a server takes.
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

/**
 * The subprotocol that a server with these takes: the first of its own that the client offers.
 *
 * @returns undefined where they have none in common: the answer names none then (RFC 6455 §4.2.2(5))
 */
export function preferredSubprotocol(
  ours: readonly string[],
  offered: readonly string[],
): string | undefined {
  return ours.find((name) => offered.includes(name));
}
