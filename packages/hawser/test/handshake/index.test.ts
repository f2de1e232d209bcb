import { expect, it } from "vitest";
import * as handshake from "../../src/handshake/index.ts";

it("has the public names and no others", () => {
  expect(Object.keys(handshake).sort()).toEqual([
    "HandshakeError",
    "HeadReader",
    "HeaderList",
    "ProxyHeaderReader",
    "acceptFor",
    "examine",
    "forwardedClient",
    "headerLines",
    "hostOf",
    "isKey",
    "originAllowed",
    "originRefusal",
    "parseAuthority",
    "parseCookies",
    "parseExtensions",
    "parseSubprotocols",
    "parseTarget",
    "printAcceptance",
    "printExtensions",
    "printHead",
    "printRefusal",
    "reasonPhrase",
    "validateOrigins",
    "wantsWebSocket",
  ]);
});
