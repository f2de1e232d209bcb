// WebSocket URLs: ws:, wss:, and ws+unix: for a socket in the file system (RFC 6455 §3).
import { describe } from "../wire/errors.ts";
import { basicAuthorization } from "./basic-authorization.ts";
import { quote } from "./field-syntax.ts";
import { shownUrl } from "./shown-url.ts";

/** A URL taken apart into what a client needs of it. */
export interface WebSocketUrl {
  /** Normalized, without the name and password. */
  readonly href: string;
  readonly secure: boolean;
  /** A name or an address, in lower case; an IPv6 address without brackets. "localhost" for a socket in the file system. */
  readonly hostname: string;
  /** 80 and 443 where none is given; 0 for a socket in the file system. */
  readonly port: number;
  /** What the Host header says: the port only where it is not the scheme's own (RFC 6455 §4.1(4)). */
  readonly host: string;
  /** The resource name: path and query (RFC 6455 §3). */
  readonly target: string;
  /** The path of a Unix socket, in place of host and port. */
  readonly socketPath: string | undefined;
  /** The value of an Authorization header, made of the name and password in the URL (RFC 7617 §2). */
  readonly authorization: string | undefined;
}

const shapes = "ws://host/path, wss://host/path or ws+unix:/path/of.sock:/path";

/**
 * Takes a WebSocket URL apart.
 *
 * @param url a string or a URL: `ws://host:port/path?query`, the same with `wss`, or `ws+unix:/run/app.sock:/path?query`
 *   (`wss+unix` for TLS over a Unix socket), in which the second colon ends the path of the socket
 * @throws TypeError for another scheme, a URL that cannot be parsed, one with a fragment ("MUST NOT be used", RFC 6455 §3), a
 *   name and password that cannot be sent, and what is neither a string nor a URL. No password is in the message.
 */
export function parseWebSocketUrl(url: string | URL): WebSocketUrl {
  const parsed = toUrl(url);
  // `hash` is empty for a bare "#" too, and anywhere else the parser has escaped that sign.
  if (parsed.href.includes("#"))
    throw refused(url, "it has a fragment, which has no meaning here (RFC 6455 §3)");
  switch (parsed.protocol) {
    case "ws:":
    case "wss:":
      return networkUrl(parsed);
    case "ws+unix:":
    case "wss+unix:":
      return unixUrl(url, parsed);
    default:
      throw refused(url, `its scheme is ${quote(parsed.protocol.slice(0, -1))}`);
  }
}

/** Whether `connect` takes this as a URL: a string or a URL of ws, wss or ws+unix without a fragment. */
export function isWebSocketUrl(url: unknown): url is string | URL {
  if (typeof url !== "string" && !(url instanceof URL)) return false;
  try {
    parseWebSocketUrl(url);
    return true;
  } catch {
    return false;
  }
}

function toUrl(url: string | URL): URL {
  if (url instanceof URL) return url;
  if (typeof url !== "string")
    throw new TypeError(`a WebSocket URL is a string or a URL, not ${describe(url)}`);
  try {
    return new URL(url);
  } catch {
    throw refused(url, "it cannot be parsed");
  }
}

function networkUrl(url: URL): WebSocketUrl {
  const secure = url.protocol === "wss:";
  return {
    href: withoutCredentials(url),
    secure,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    host: url.host,
    target: url.pathname + url.search,
    socketPath: undefined,
    authorization: basicAuthorization(url),
  };
}

function unixUrl(given: string | URL, url: URL): WebSocketUrl {
  const colon = url.pathname.indexOf(":");
  const socketPath = decoded(given, colon < 0 ? url.pathname : url.pathname.slice(0, colon));
  if (url.host !== "" || !socketPath.startsWith("/")) {
    throw refused(given, "the path of the socket must be absolute, right behind the scheme");
  }
  // To the system the path would end there, and name another socket.
  if (socketPath.includes("\0")) throw refused(given, "the path of the socket has a NUL in it");
  const path = colon < 0 ? "/" : url.pathname.slice(colon + 1);
  if (!path.startsWith("/"))
    throw refused(given, "what follows the path of the socket must begin with a slash");
  return {
    href: url.href,
    secure: url.protocol === "wss+unix:",
    hostname: "localhost",
    port: 0,
    host: "localhost",
    target: path + url.search,
    socketPath,
    authorization: undefined,
  };
}

function withoutCredentials(url: URL): string {
  if (url.username === "" && url.password === "") return url.href;
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  return bare.href;
}

function decoded(url: string | URL, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused(url, `${quote(text)} is not percent-encoded UTF-8`);
  }
}

function refused(url: string | URL, why: string): TypeError {
  return new TypeError(`${quote(shownUrl(url))} is no WebSocket URL: ${why}; there are ${shapes}`);
}
