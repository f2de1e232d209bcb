import { expect, it } from "vitest";
import * as handshake from "../../src/handshake/index.ts";

it("has the public names and no others", () => {
  expect(Object.keys(handshake).sort()).toEqual([
    "AnswerBody",
    "AnswerReader",
    "HandshakeError",
    "HeadReader",
    "HeaderList",
    "ProxyHeaderReader",
    "acceptFor",
    "checkAnswer",
    "examine",
    "forwardedClient",
    "headerLines",
    "hostOf",
    "isKey",
    "isWebSocketUrl",
    "originAllowed",
    "originRefusal",
    "parseAuthority",
    "parseCookies",
    "parseExtensions",
    "parseSubprotocols",
    "parseTarget",
    "parseWebSocketUrl",
    "printAcceptance",
    "printExtensions",
    "printHead",
    "printOffer",
    "printRefusal",
    "reasonPhrase",
    "validateOrigins",
    "wantsWebSocket",
  ]);
});
