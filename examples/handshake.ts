// The opening handshake without any I/O: a server takes bytes of a request and gives those of an answer, a client the reverse.
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import {
  AnswerBody,
  AnswerReader,
  checkAnswer,
  examine,
  HandshakeError,
  HeadReader,
  type Offer,
  originAllowed,
  originRefusal,
  parseWebSocketUrl,
  printAcceptance,
  printOffer,
  printRefusal,
} from "hawser/handshake";
import { defaultLimits } from "hawser/wire";

/** The server: answers one request, in whatever pieces it comes. Undefined: it is not complete. */
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

/** The client: what it asks. The key is sixteen random bytes, new for each connection. */
export function ask(url: string, key: string = randomBytes(16).toString("base64")): Offer {
  return printOffer({ url: parseWebSocketUrl(url), key, subprotocols: ["chat.v2", "chat.v1"] });
}

/** The client: what comes of an answer, in whatever pieces it comes. Undefined: it is not complete. */
export function outcome(offer: Offer, chunks: Iterable<Buffer>): string | undefined {
  const reader = new AnswerReader(defaultLimits);
  let body: AnswerBody | undefined;
  try {
    for (const chunk of chunks) {
      const read = body === undefined ? reader.read(chunk) : undefined;
      if (read?.head.status === 101) {
        // Throws for the first rule of RFC 6455 §4.1 that is broken. read.rest holds the server's first frames.
        const { subprotocol } = checkAnswer(offer, read.head);
        return `connected, speaking ${subprotocol}`;
      }
      if (read !== undefined) body = new AnswerBody(read.head, defaultLimits.memory);
      body?.read(read?.rest ?? chunk);
      if (body?.complete === true) return `refused: ${body.text}`;
    }
  } catch (error) {
    if (error instanceof HandshakeError) return `no WebSocket: ${error.message}`;
    throw error;
  }
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const offer = ask("ws://example.org/chat");
  console.log(offer.bytes.toString());
  const answered = Buffer.from(answer([offer.bytes]) ?? "");
  console.log(answered.toString());
  console.log(outcome(offer, [answered]));
}
