// The Cookie header of a request (RFC 6265 §4.2), read the way users of the `cookie` package expect.
import { trimOws } from "./field-syntax.ts";
import type { HeaderList } from "./header-list.ts";

/** Cookies by name. There is no prototype, so that a cookie may have any name. */
export type Cookies = Readonly<Record<string, string | undefined>>;

/**
 * The cookies of a request.
 *
 * Of two of one name the first counts (browsers send the one of the longer path first, RFC 6265 §5.4). Double quotes around a
 * value are stripped, and percent escapes are decoded as UTF-8; a value that has a malformed one stays as it is. What is no
 * pair, or has no name, is ignored. Never throws.
 */
export function parseCookies(headers: HeaderList): Cookies {
  const cookies: Record<string, string> = {};
  Object.setPrototypeOf(cookies, null);
  // RFC 6265 §5.4 has browsers send one line; a proxy may take it apart (RFC 9113 §8.2.3).
  for (const line of headers.all("cookie")) {
    for (const pair of line.split(";")) {
      const equals = pair.indexOf("=");
      if (equals < 0) continue;
      const name = trimOws(pair.slice(0, equals));
      if (name !== "" && !(name in cookies))
        cookies[name] = decoded(unquoted(trimOws(pair.slice(equals + 1))));
    }
  }
  return cookies;
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function decoded(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
