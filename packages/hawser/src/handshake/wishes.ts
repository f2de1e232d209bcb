// The parts of a request that every version has in some form: who asks, for which subprotocol, with which key.
import { badRequest } from "./bad-request.ts";
import { quote } from "./field-syntax.ts";
import type { HeaderList } from "./header-list.ts";
import { isKey } from "./key.ts";
import type { Opening } from "./opening.ts";

/** What hangs on the version in an opening. */
export type Wishes = Pick<Opening, "origin" | "subprotocols" | "extensions" | "key" | "challenge">;

/** The value of a header that may be there once at most. Throws HandshakeError 400. */
export function onlyOne(headers: HeaderList, name: string, rule: string): string | undefined {
  const values = headers.all(name);
  if (values.length > 1) throw badRequest(`the request has more than one ${name}`, rule);
  return values[0];
}

/** The Sec-WebSocket-Key. Throws HandshakeError 400 unless it is there once and well-formed. */
export function keyOf(headers: HeaderList): string {
  const rule = "RFC 6455 §4.2.1(5)";
  const key = onlyOne(headers, "Sec-WebSocket-Key", "RFC 6455 §11.3.1");
  if (key === undefined) throw badRequest("there is no Sec-WebSocket-Key", rule);
  if (!isKey(key))
    throw badRequest(`the Sec-WebSocket-Key ${quote(key)} is not base64 of sixteen bytes`, rule);
  return key;
}
