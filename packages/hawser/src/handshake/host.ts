// The Host of a request: exactly one line, and a host with an optional port in it (RFC 9112 §3.2, RFC 9110 §7.2).
import { badRequest } from "./bad-request.ts";
import { quote } from "./field-syntax.ts";
import type { HeaderList } from "./header-list.ts";
import { isIPv6 } from "./ip-address.ts";

/** A host and a port, taken apart. */
export interface Authority {
  /** In lower case; an IPv6 address keeps its brackets. */
  readonly name: string;
  /** 0 to 65535; undefined where none is given. */
  readonly port: number | undefined;
}

// reg-name of RFC 3986 §3.2.2. There is no "@" in it: RFC 9110 §4.2.4 wants userinfo treated as an error.
const namePattern = /^(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/;

/** Takes "example.org:8080" apart; undefined if it is no host with an optional port. The host may not be empty. */
export function parseAuthority(text: string): Authority | undefined {
  // The colons of an IPv6 address stand before its closing bracket.
  const colon = text.indexOf(":", text.lastIndexOf("]") + 1);
  const name = colon < 0 ? text : text.slice(0, colon);
  const port = colon < 0 ? "" : text.slice(colon + 1);
  const literal = name.startsWith("[") && name.endsWith("]");
  if (literal ? !isIPv6(name.slice(1, -1)) : !namePattern.test(name)) return undefined;
  // RFC 3986 §3.2.3: the port may be empty, and then means the default.
  if (!/^[0-9]*$/.test(port) || Number(port) > 65_535) return undefined;
  return { name: name.toLowerCase(), port: port === "" ? undefined : Number(port) };
}

/**
 * The Host of a request, as it came.
 *
 * @throws HandshakeError 400 if it is missing, there twice, or no host: "A server MUST respond with a 400 (Bad Request)
 *   status code" to each of these (RFC 9112 §3.2)
 */
export function hostOf(headers: HeaderList): string {
  const rule = "RFC 9112 §3.2";
  const [host, second] = headers.all("host");
  if (host === undefined) throw badRequest("the request has no Host header", rule);
  if (second !== undefined) throw badRequest("the request has more than one Host header", rule);
  if (parseAuthority(host) === undefined)
    throw badRequest(`the Host header is ${quote(host)}, which is no host`, rule);
  return host;
}
