// What a page has around it and Node has not: `location`, which programs for browsers may bring along, and CloseEvent.
import { isObject, member } from "./web-idl.ts";

declare const location: unknown;
declare const CloseEvent: unknown;

/** What a WebSocket takes from the page that it is made in. */
export interface Environment {
  /** What relative URLs are relative to; undefined: there is no page, and so there are none. */
  readonly baseUrl: string | undefined;
  /** Sent as the Origin of the handshake, if there is one. */
  readonly origin: string | undefined;
}

/** The page around us, as it is now. */
export function environment(): Environment {
  const page = typeof location === "undefined" ? undefined : location;
  const href = textOf(page, "href");
  // A base that is no URL would make errors of absolute URLs, too.
  const baseUrl = href !== undefined && URL.canParse(href) ? href : undefined;
  return { baseUrl, origin: textOf(page, "origin") };
}

function textOf(page: unknown, name: string): string | undefined {
  const value = isObject(page) ? member(page, name) : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The platform's own CloseEvent: Node has one from version 23 on. */
export const platformCloseEvent: unknown = typeof CloseEvent === "undefined" ? undefined : CloseEvent;
