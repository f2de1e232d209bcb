// The opening handshake without any I/O: bytes of a request in, bytes of an answer out.
import { fileURLToPath } from "node:url";
import {
  examine,
  HandshakeError,
  HeadReader,
  originAllowed,
  originRefusal,
  printAcceptance,
  printRefusal,
} from "hawser/handshake";
import { defaultLimits } from "hawser/wire";

/** Answers one request, in whatever pieces it comes. Undefined: it is not complete. */
export function answer(chunks: Iterable<Buffer>): string | undefined {
  const reader = new HeadReader(defaultLimits);
  try {
    for (const chunk of chunks) {
      const read = reader.read(chunk);
      if (read === undefined) continue;
      const opening = examine(read.head); // throws for the first rule of RFC 6455 §4.2.1 that is broken
      const { origin, host, subprotocols } = opening;
      if (origin !== undefined && !originAllowed({ origin, host, secure: false })) {
        throw originRefusal({ origin, host });
      }
      const subprotocol = subprotocols.find((name) => name === "chat.v1");
      // read.rest holds what came behind the head: frames, for a Wire made now.
      return printAcceptance(opening, { subprotocol }).bytes.toString();
    }
  } catch (error) {
    // Everything a peer can do wrong is a HandshakeError, and a HandshakeError is its own answer.
    if (error instanceof HandshakeError) return printRefusal(error).toString();
    throw error;
  }
  return undefined;
}

export const request = [
  "GET /chat HTTP/1.1",
  "Host: example.org",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Protocol: chat.v2, chat.v1",
  "",
  "",
].join("\r\n");

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(answer([Buffer.from(request)]));
