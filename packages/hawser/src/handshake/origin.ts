// Which web pages may connect: the check of Origin that keeps foreign pages from using a visitor's cookies (RFC 6455 §10.2).
import { describe } from "../wire/errors.ts";
import { quote } from "./field-syntax.ts";
import { HandshakeError } from "./handshake-error.ts";
import { parseAuthority } from "./host.ts";

/**
 * Which origins may connect, beside requests without Origin, which come from no web page.
 *
 * - absent: the server's own
 * - a list: the server's own and these. A string is a whole origin, as "https://app.example", or "null"; a RegExp must match the whole origin.
 * - a function: those it returns `true` for, and no others: it is asked about the server's own too
 * - "any": all
 */
export type Origins = "any" | readonly (string | RegExp)[] | ((origin: string) => boolean);

/** What the check looks at. */
export interface OriginCheck {
  /** The Origin header; undefined if there is none. */
  readonly origin: string | undefined;
  /** The host that the client asked for, as the Host header or a trusted proxy says. */
  readonly host: string;
  /** The client is known to have come over TLS. `false` means not known: TLS may end at a proxy that does not say so. */
  readonly secure: boolean;
  readonly origins?: Origins | undefined;
}

interface ParsedOrigin {
  readonly scheme: string;
  /** Host and port in one form for one meaning: in lower case, the default port filled in. */
  readonly authority: string;
}

const defaultPorts: ReadonlyMap<string, number> = new Map([
  ["http", 80],
  ["https", 443],
]);

/**
 * Whether a request with this Origin may connect. What is neither "null" nor an origin is refused, except by "any".
 *
 * Origin is the server's own if its host and port are those of `host`; a missing port is the default of the *Origin's*
 * scheme, because a proxy in front may speak TLS where we do not. Where we know of TLS, the scheme must be https as well: a
 * page that came over http may have been written by anyone on the way.
 */
export function originAllowed({ origin, host, secure, origins = [] }: OriginCheck): boolean {
  if (origin === undefined || origins === "any") return true;
  const parsed = parseOrigin(origin);
  if (parsed === undefined && origin !== "null") return false;
  if (typeof origins === "function") return origins(origin) === true;
  return (
    (parsed !== undefined && isOwn(parsed, host, secure)) || origins.some((entry) => matches(entry, origin))
  );
}

function isOwn({ scheme, authority }: ParsedOrigin, host: string, secure: boolean): boolean {
  if (secure ? scheme !== "https" : !defaultPorts.has(scheme)) return false;
  return normalAuthority(scheme, host) === authority;
}

function matches(entry: string | RegExp, origin: string): boolean {
  if (typeof entry === "string") return normalOrigin(entry) === normalOrigin(origin);
  // Wrapped, because /https:\/\/app\.example/ alone would also match "https://app.example.evil.test"; and new each time,
  // because with the flags g and y a RegExp remembers where its last match ended.
  return new RegExp(`^(?:${entry.source})$`, entry.flags).test(origin);
}

function normalOrigin(origin: string): string {
  const parsed = parseOrigin(origin);
  return parsed === undefined ? origin : `${parsed.scheme}://${parsed.authority}`;
}

// RFC 6454 §7: scheme "://" host [ ":" port ], and nothing behind it. Schemes such as "chrome-extension" have no ports.
function parseOrigin(origin: string): ParsedOrigin | undefined {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\\\s]*)$/.exec(origin.toLowerCase()) ?? [];
  if (scheme === undefined || rest === undefined) return undefined;
  const authority = defaultPorts.has(scheme) ? normalAuthority(scheme, rest) : rest;
  return authority === undefined ? undefined : { scheme, authority };
}

function normalAuthority(scheme: string, text: string): string | undefined {
  const authority = parseAuthority(text);
  return authority && `${authority.name}:${authority.port ?? defaultPorts.get(scheme)}`;
}

/**
 * Checks the option `origins`.
 *
 * @throws TypeError for what is none of the shapes of `Origins`, and for a string in a list that no Origin can equal, such as
 *   "app.example" without its scheme or "https://app.example/" with a slash
 */
export function validateOrigins(value: unknown): Origins | undefined {
  if (value === undefined || value === "any") return value;
  if (isPredicate(value)) return value;
  if (!Array.isArray(value)) {
    throw new TypeError(`origins must be "any", an array or a function, not ${describe(value)}`);
  }
  return value.map(checkedEntry);
}

function isPredicate(value: unknown): value is (origin: string) => boolean {
  return typeof value === "function";
}

function checkedEntry(entry: unknown): string | RegExp {
  if (entry instanceof RegExp) return entry;
  if (typeof entry === "string" && (entry === "null" || parseOrigin(entry) !== undefined)) return entry;
  throw new TypeError(
    `origins may hold whole origins, as "https://app.example", and regular expressions, not ${describe(entry)}`,
  );
}

/** What a refusal names. */
export interface RefusedOrigin {
  readonly origin: string;
  readonly host: string;
  /** Whose option `origins` it was, in words, as `the resource "/chat"`. Default: the server's. */
  readonly resource?: string | undefined;
}

/** The refusal of a foreign Origin: 403, saying what to change if it ought to be allowed (RFC 6455 §4.2.2(4)). */
export function originRefusal({ origin, host, resource }: RefusedOrigin): HandshakeError {
  const change = resource === undefined ? "start the server" : `define ${resource}`;
  const message =
    `the Origin ${quote(origin)} is not allowed to connect to the Host ${quote(host)}; ` +
    `to allow it, ${change} with the option origins: [${quote(origin)}]`;
  return new HandshakeError(message, { status: 403, rule: "RFC 6455 §10.2" });
}
