// Basic authorization: the name and password of a URL as the value of a header (RFC 7617 §2).
import { Buffer } from "node:buffer";

/**
 * @returns the value for Authorization or Proxy-Authorization; undefined for a URL without a name and password
 * @throws URIError for a name or password that is not percent-encoded UTF-8
 */
export function basicAuthorization({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials, "utf8").toString("base64")}`;
}
