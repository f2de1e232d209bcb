// Basic authorization: the name and password of a URL as the value of a header (RFC 7617 §2).
import { Buffer } from "node:buffer";

/**
 * @returns the value for Authorization or Proxy-Authorization; undefined for a URL without a name and password
 * @throws TypeError for a name or password that is not percent-encoded UTF-8 or holds a control character, and for a name with a
 *   colon, behind which the server would see the password. The message has neither of them.
 */
export function basicAuthorization({
  username,
  password,
}: Pick<URL, "username" | "password">): string | undefined {
  if (username === "" && password === "") return undefined;
  const name = decoded(username);
  if (name.includes(":")) throw new TypeError("the name in a URL must not have a colon in it (RFC 7617 §2)");
  return `Basic ${Buffer.from(`${name}:${decoded(password)}`, "utf8").toString("base64")}`;
}

function decoded(encoded: string): string {
  let text: string;
  try {
    text = decodeURIComponent(encoded);
  } catch {
    throw new TypeError("the name and password in a URL must be percent-encoded UTF-8 (RFC 3986 §2.5)");
  }
  // RFC 7617 §2: "The user-id and password MUST NOT contain any control characters".
  if (/\p{Cc}/u.test(text))
    throw new TypeError("the name and password in a URL must be without control characters (RFC 7617 §2)");
  return text;
}
