// Getting a URL record: which URLs a WebSocket takes (WebSockets standard §3.1, "get a URL record").
import { shownUrl } from "../../handshake/shown-url.ts";
import { describe } from "../../wire/errors.ts";

/**
 * The URL that a WebSocket connects to.
 *
 * @param baseUrl what a relative one is relative to; undefined: relative ones are errors
 * @throws DOMException "SyntaxError" for a URL that cannot be parsed, for other schemes than ws, wss, http and https, and for
 *   one with a fragment, be it empty
 */
export function urlRecord(url: string, baseUrl: string | undefined): URL {
  // 1. Apply the URL parser to url with baseURL. 2. A failure is a SyntaxError.
  const record = parsed(url, baseUrl);
  // 3. http becomes ws. 4. https becomes wss.
  if (record.protocol === "http:") record.protocol = "ws:";
  else if (record.protocol === "https:") record.protocol = "wss:";
  // 5. Any other scheme is a SyntaxError.
  if (record.protocol !== "ws:" && record.protocol !== "wss:") {
    throw refused(url, "its scheme is none of ws, wss, http and https");
  }
  // 6. So is a fragment. (`hash` is empty for an empty one too; anywhere else the parser has escaped the sign.)
  if (record.href.includes("#")) throw refused(url, "it has a fragment");
  return record;
}

function parsed(url: string, baseUrl: string | undefined): URL {
  try {
    return new URL(url, baseUrl);
  } catch {
    throw refused(url, "it cannot be parsed");
  }
}

function refused(url: string, why: string): DOMException {
  return new DOMException(`${describe(shownUrl(url))} is no URL for a WebSocket: ${why}`, "SyntaxError");
}
