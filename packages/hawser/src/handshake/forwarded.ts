// What trusted proxies say about the client: Forwarded (RFC 7239), or X-Forwarded-For, -Proto and -Host.
import { listMembers, trimOws } from "./field-syntax.ts";
import type { HeaderList } from "./header-list.ts";
import { parseAuthority } from "./host.ts";
import { isIPv4, isIPv6 } from "./ip-address.ts";

/** Which headers the proxies in front write. The other family then comes from the client and must not be believed. */
export type ForwardedFamily = "forwarded" | "x-forwarded";

/** The client as the outermost trusted proxy saw it; undefined is what it did not say, or not in a form we know. */
export interface ForwardedClient {
  /** An IPv4 or IPv6 address, without port and brackets. */
  readonly remoteAddress: string | undefined;
  readonly proto: "http" | "https" | undefined;
  /** The host that the client asked for, with the port if one was given. */
  readonly host: string | undefined;
}

/** Where to look, and whom to believe. */
export interface ForwardedSource {
  readonly headers: HeaderList;
  readonly family: ForwardedFamily;
  /** Whether an IPv4 or IPv6 address is that of a proxy of ours. */
  readonly trusted: (address: string) => boolean;
}

/**
 * Finds the client behind a chain of proxies. To be called only if the peer of the socket is itself a trusted proxy.
 *
 * Each proxy adds on the right whom it got the request from, so the walk goes from the right, over the addresses of trusted
 * proxies, to the first that is not one: all to the left of that may be invented. A piece that is malformed stops it too, and
 * the last good one counts. Never throws, unless `trusted` does.
 */
export function forwardedClient(source: ForwardedSource): ForwardedClient {
  return source.family === "forwarded" ? fromForwarded(source) : fromXForwarded(source);
}

const nobody: ForwardedClient = { remoteAddress: undefined, proto: undefined, host: undefined };

function fromForwarded({ headers, trusted }: ForwardedSource): ForwardedClient {
  let client = nobody;
  for (const element of elementsFromTheRight(headers.get("forwarded") ?? "")) {
    if (element === "") continue; // RFC 9110 §5.6.1.2
    const pairs = parseElement(element);
    if (pairs === undefined) break;
    client = {
      remoteAddress: addressOf(pairs.get("for")),
      proto: protoOf(pairs.get("proto")),
      host: hostOf(pairs.get("host")),
    };
    if (client.remoteAddress === undefined || !trusted(client.remoteAddress)) break;
  }
  return client;
}

// From the right, so that a quote which the client left open on the far left cannot swallow what our proxies added.
function* elementsFromTheRight(list: string): Generator<string> {
  let end = list.length;
  let quoted = false;
  for (let at = list.length - 1; at >= 0; at--) {
    const char = list[at];
    if (char === '"') quoted = !quoted;
    if (char !== "," || quoted) continue;
    yield trimOws(list.slice(at + 1, end));
    end = at;
  }
  yield trimOws(list.slice(0, end));
}

// RFC 7239 §4: pairs of a token and a token or quoted string, between semicolons. Escapes in quoted strings are not
// understood: no address, host or scheme has a character that needs one, and a walk from the right could not read them.
// Addresses and hosts with a colon belong in quotes; proxies that forget them are understood all the same.
const pairPattern = /[!#$%&'*+\-.^_`|~\w]+=(?:[!#$%&'*+\-.^_`|~\w:[\]]+|"[^"\\]*")/y;
const separatorPattern = /[ \t]*(?:;[ \t]*|$)/y;

function parseElement(element: string): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>();
  let at = 0;
  while (at < element.length) {
    const pair = matchAt(pairPattern, element, at);
    const separator = pair && matchAt(separatorPattern, element, at + pair.length);
    if (pair === undefined || separator === undefined) return undefined;
    const equals = pair.indexOf("=");
    const name = pair.slice(0, equals).toLowerCase();
    // "Each parameter MUST NOT occur more than once per field-value."
    if (pairs.has(name)) return undefined;
    pairs.set(name, pair.slice(equals + 1).replaceAll('"', ""));
    at += pair.length + separator.length;
  }
  return pairs;
}

function matchAt(sticky: RegExp, text: string, at: number): string | undefined {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0];
}

function fromXForwarded({ headers, trusted }: ForwardedSource): ForwardedClient {
  const chain = listMembers(headers.get("x-forwarded-for") ?? "");
  let remoteAddress: string | undefined;
  let stop = chain.length;
  while (stop > 0) {
    const address = addressOf(chain[stop - 1]);
    if (address === undefined) break;
    remoteAddress = address;
    stop -= 1;
    if (!trusted(address)) break;
  }
  const pick = (name: string) => parallelMember(listMembers(headers.get(name) ?? ""), chain.length, stop);
  return {
    remoteAddress,
    proto: protoOf(pick("x-forwarded-proto")),
    host: hostOf(pick("x-forwarded-host")),
  };
}

// Most proxies overwrite these two headers, some append. A list as long as the chain of addresses runs parallel to it; of
// any other only the last member is sure to come from the proxy next to us.
function parallelMember(members: readonly string[], length: number, index: number): string | undefined {
  return members.length === length ? (members[index] ?? members.at(-1)) : members.at(-1);
}

// RFC 7239 §6: IPv4, or IPv6 in brackets, with an optional port; "unknown" and "_names" are no addresses. X-Forwarded-For
// has IPv6 without brackets too.
function addressOf(node: string | undefined): string | undefined {
  if (node === undefined || isIPv6(node)) return node;
  const name = parseAuthority(node)?.name;
  if (name?.startsWith("[")) return name.slice(1, -1);
  return name !== undefined && isIPv4(name) ? name : undefined;
}

// Some proxies name the scheme of the WebSocket URL instead.
const protos: ReadonlyMap<string | undefined, "http" | "https"> = new Map([
  ["http", "http"],
  ["ws", "http"],
  ["https", "https"],
  ["wss", "https"],
]);

function protoOf(text: string | undefined): "http" | "https" | undefined {
  return protos.get(text?.toLowerCase());
}

function hostOf(text: string | undefined): string | undefined {
  return text === undefined || parseAuthority(text) === undefined ? undefined : text;
}
