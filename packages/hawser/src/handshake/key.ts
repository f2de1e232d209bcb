// Sec-WebSocket-Key and Sec-WebSocket-Accept: the proof that the server read the handshake (RFC 6455 §1.3).
import { hash } from "node:crypto";

// RFC 6455 §1.3: a value that a server which does not speak WebSocket is unlikely to use.
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

// 22 digits are 132 bits: sixteen bytes, and four bits over. Two "=" fill the last group (RFC 4648 §4).
const keyPattern = /^[A-Za-z0-9+/]{22}==$/;

/**
 * Whether `key` is base64 of exactly sixteen bytes (RFC 6455 §4.2.1(5)).
 *
 * The four bits over may have any value, so that a key such as `AAAAAAAAAAAAAAAAAAAAAR==` passes. RFC 4648 §3.5 leaves that to
 * the decoder, and nothing depends on it: the key is never decoded, and the answer is made from its text.
 */
export function isKey(key: string): boolean {
  return keyPattern.test(key);
}

/** The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key: base64 of twenty bytes (RFC 6455 §4.2.2(5.4)). */
export function acceptFor(key: string): string {
  // In one call: a Hash object with its stream takes more than twice as long.
  return hash("sha1", key + guid, "base64");
}
