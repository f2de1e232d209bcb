// The request target: what may stand between the method and the version, and what it asks for (RFC 9112 §3.2).
import { badRequest } from "./bad-request.ts";
import { quote } from "./field-syntax.ts";
import { parseAuthority } from "./host.ts";

/** A request target, taken apart and otherwise left as it came: nothing is decoded, and no dots are resolved. */
export interface Target {
  /** Begins with a slash, and may begin with two. */
  readonly path: string;
  /** What follows the first "?", without it; empty if there is none. */
  readonly query: string;
  /** The host, and port if any, of a target in absolute form. It replaces the Host header (RFC 9112 §3.2.2). */
  readonly authority: string | undefined;
}

const rule = "RFC 9112 §3.2";

// RFC 6455 §4.2.1(1) knows the target as a resource name or as "an absolute HTTP/HTTPS URI containing" one.
const absolutePattern = /^https?:\/\/([^/?]*)(.*)$/i;

/**
 * Takes a request target apart.
 *
 * All printable ASCII but "#" may stand in it, more than RFC 3986 has: browsers send "|" and its like unescaped, and none of
 * it is looked into here. That makes "/../", "//evil.example/" and "%00" ordinary paths, which no URL parser sees.
 *
 * @throws HandshakeError 400 for the asterisk and authority forms, for a fragment, and for a space, a control character or
 *   anything beyond ASCII
 */
export function parseTarget(target: string): Target {
  if (!/^[!-~]+$/.test(target)) {
    throw badRequest(`the request target ${quote(target)} is not printable ASCII`, rule);
  }
  // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
  if (target.includes("#"))
    throw badRequest(`the request target ${quote(target)} has a fragment`, "RFC 6455 §3");
  if (target.startsWith("/")) return split(target, undefined);

  const [, authority, resource = ""] = absolutePattern.exec(target) ?? [];
  if (authority === undefined || parseAuthority(authority) === undefined) {
    throw badRequest(`the request target ${quote(target)} is neither a path nor an http URL`, rule);
  }
  // RFC 9110 §4.2.3: an empty path means "/".
  return split(resource.startsWith("/") ? resource : `/${resource}`, authority);
}

/** The path of a target as `parseTarget` finds it, or something that is none. Never throws. */
export function pathOf(target: string): string {
  if (!target.startsWith("/")) {
    try {
      return parseTarget(target).path;
    } catch {
      return "";
    }
  }
  const mark = target.indexOf("?");
  return mark < 0 ? target : target.slice(0, mark);
}

function split(resource: string, authority: string | undefined): Target {
  const mark = resource.indexOf("?");
  if (mark < 0) return { path: resource, query: "", authority };
  return { path: resource.slice(0, mark), query: resource.slice(mark + 1), authority };
}
