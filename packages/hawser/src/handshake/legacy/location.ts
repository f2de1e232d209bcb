// The URL that a client of 2010 wants to hear back from the server, so that a page knows whom it talks to.
import { describe } from "../../wire/errors.ts";
import { parseAuthority } from "../host.ts";
import { parseWebSocketUrl } from "../url.ts";

/** What a location is made of. */
export interface Place {
  readonly secure: boolean;
  readonly host: string;
  /** Path and query. */
  readonly resource: string;
}

/** As both ends write it: scheme and host in lower case, and no port where it is the scheme's own. */
export function locationOf({ secure, host, resource }: Place): string {
  const scheme = secure ? "wss" : "ws";
  const authority = parseAuthority(host);
  const usual = secure ? 443 : 80;
  const named =
    authority === undefined || authority.port === undefined || authority.port === usual
      ? (authority?.name ?? host)
      : `${authority.name}:${authority.port}`;
  return `${scheme}://${named}${resource}`;
}

/**
 * Checks a location that an application gives.
 *
 * @throws TypeError for what is no URL of ws or wss in printable ASCII
 */
export function checkLocation(given: unknown): string {
  if (typeof given !== "string" || !/^wss?:\/\/[!-~]+$/.test(given)) {
    throw new TypeError(`location must be a URL, as "wss://example.org/chat", not ${describe(given)}`);
  }
  parseWebSocketUrl(given);
  return given;
}
