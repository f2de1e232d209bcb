import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  acceptDeflate,
  checkDeflate,
  type DeflateWishes,
  offerDeflate,
} from "../../src/handshake/deflate-params.ts";
import { parseExtensions, printExtensions } from "../../src/handshake/extension.ts";
import { runs } from "./support.ts";

const alone: DeflateWishes = { contextTakeover: false, windowBits: 12 };
const over: DeflateWishes = { contextTakeover: true, windowBits: 12 };
const widest: DeflateWishes = { contextTakeover: true, windowBits: 15 };

/** What a server answers to an offer, as header lines; "" for no extension. */
function answerTo(offer: string, wishes: DeflateWishes): string {
  const accepted = acceptDeflate(parseExtensions([offer]), wishes);
  return accepted === undefined ? "" : printExtensions([accepted.extension]);
}

const agreementOn = (offer: string, wishes: DeflateWishes) =>
  acceptDeflate(parseExtensions([offer]), wishes)?.agreement;

describe("a server's choice (RFC 7692 §7.1)", () => {
  it.each([
    // Without context of its own, a server asks for none.
    ["permessage-deflate", alone, "server_no_context_takeover; client_no_context_takeover"],
    [
      "permessage-deflate; client_max_window_bits",
      alone,
      "server_no_context_takeover; client_no_context_takeover",
    ],
    [
      "permessage-deflate; server_max_window_bits=10",
      alone,
      "server_no_context_takeover; server_max_window_bits=10; client_no_context_takeover",
    ],
    [
      "permessage-deflate; server_max_window_bits=15",
      alone,
      "server_no_context_takeover; server_max_window_bits=12; client_no_context_takeover",
    ],
    // With context, both windows are held to what the option says.
    [
      "permessage-deflate; client_max_window_bits",
      over,
      "server_max_window_bits=12; client_max_window_bits=12",
    ],
    [
      "permessage-deflate; client_max_window_bits=10",
      over,
      "server_max_window_bits=12; client_max_window_bits=10",
    ],
    [
      "permessage-deflate; server_max_window_bits=9; client_max_window_bits=15",
      over,
      "server_max_window_bits=9; client_max_window_bits=12",
    ],
    // A client that cannot be limited.
    ["permessage-deflate", over, "server_max_window_bits=12; client_no_context_takeover"],
    ["permessage-deflate", widest, ""],
    ["permessage-deflate; client_max_window_bits", widest, ""],
    ["permessage-deflate; server_max_window_bits=15", widest, "server_max_window_bits=15"],
    // What the client asks for is kept.
    [
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
      widest,
      "server_no_context_takeover; client_no_context_takeover",
    ],
    [
      "permessage-deflate; server_no_context_takeover; client_max_window_bits",
      over,
      "server_no_context_takeover; client_max_window_bits=12",
    ],
  ])("answers %s, wishing %j", (offer, wishes, parameters) => {
    expect(answerTo(offer, wishes)).toBe(
      ["permessage-deflate", ...parameters.split("; ")].filter(Boolean).join("; "),
    );
  });

  it("knows what holds then", () => {
    expect(agreementOn("permessage-deflate; client_max_window_bits=9", alone)).toEqual({
      send: { contextTakeover: false, windowBits: 12 },
      receive: { contextTakeover: false, windowBits: 9 },
    });
    expect(
      agreementOn("permessage-deflate; server_max_window_bits=10; client_max_window_bits", over),
    ).toEqual({
      send: { contextTakeover: true, windowBits: 10 },
      receive: { contextTakeover: true, windowBits: 12 },
    });
    expect(agreementOn("permessage-deflate; client_no_context_takeover", widest)).toEqual({
      send: { contextTakeover: true, windowBits: 15 },
      receive: { contextTakeover: false, windowBits: 15 },
    });
  });

  it("Z11: takes an offer of the smallest window", () => {
    expect(answerTo("permessage-deflate; server_max_window_bits=8", alone)).toContain(
      "server_max_window_bits=8",
    );
  });

  const unusable = [
    ...["7", "16", "08", "1e1", "+9", "0", "255", "-9"].map((bits) => `server_max_window_bits=${bits}`),
    ...["7", "16", "08"].map((bits) => `client_max_window_bits=${bits}`),
    "server_max_window_bits",
    "server_no_context_takeover=1",
    "client_no_context_takeover=true",
    "unknown",
    "unknown=1",
    "constructor",
    "Server_Max_Window_Bits=10",
    "server_no_context_takeover; server_no_context_takeover",
    "client_max_window_bits; client_max_window_bits",
    "client_max_window_bits=10; client_max_window_bits=10",
  ];

  it.each(unusable)("Z10, Z13: declines %s", (parameters) => {
    expect(answerTo(`permessage-deflate; ${parameters}`, over)).toBe("");
  });

  it.each(unusable)("Z14: uses the offer behind %s", (parameters) => {
    const offer = `permessage-deflate; ${parameters}, permessage-deflate; client_max_window_bits`;
    expect(answerTo(offer, over)).toBe(answerTo("permessage-deflate; client_max_window_bits", over));
  });

  it("passes over other extensions, and takes the first offer that it can", () => {
    expect(
      answerTo(
        "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits=9, permessage-deflate",
        over,
      ),
    ).toBe("permessage-deflate; server_max_window_bits=12; client_max_window_bits=9");
    expect(answerTo("x-webkit-deflate-frame", over)).toBe("");
  });
});

/** What a client makes of an answer. */
function check(answer: string, wishes: DeflateWishes) {
  return checkDeflate(offerDeflate(wishes), parseExtensions([answer])[0]!, wishes);
}

describe("a client's offer", () => {
  it.each([
    [
      alone,
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits",
    ],
    [
      over,
      "permessage-deflate; server_max_window_bits=12; client_max_window_bits, permessage-deflate; server_no_context_takeover; client_max_window_bits",
    ],
    [widest, "permessage-deflate; client_max_window_bits"],
  ])("wishing %j", (wishes, offer) => {
    expect(printExtensions(offerDeflate(wishes))).toBe(offer);
  });
});

describe("a client's check of the answer", () => {
  it("knows what holds then", () => {
    expect(check("permessage-deflate; server_no_context_takeover; client_max_window_bits=9", alone)).toEqual({
      send: { contextTakeover: false, windowBits: 9 },
      receive: { contextTakeover: false, windowBits: 15 },
    });
    expect(check("permessage-deflate; server_max_window_bits=10", over)).toEqual({
      send: { contextTakeover: true, windowBits: 12 },
      receive: { contextTakeover: true, windowBits: 10 },
    });
    expect(check("permessage-deflate; client_no_context_takeover", widest)).toEqual({
      send: { contextTakeover: false, windowBits: 15 },
      receive: { contextTakeover: true, windowBits: 15 },
    });
  });

  it("takes an answer to either of its offers", () => {
    expect(check("permessage-deflate; server_no_context_takeover", over)).toMatchObject({
      receive: { contextTakeover: false, windowBits: 15 },
    });
  });

  it.each([
    ["server_max_window_bits=7", widest, 'has window bits out of range: "server_max_window_bits=7"'],
    ["server_max_window_bits=16", widest, 'has window bits out of range: "server_max_window_bits=16"'],
    ["server_max_window_bits=08", widest, 'has window bits out of range: "server_max_window_bits=08"'],
    ["server_max_window_bits=1e1", widest, 'has window bits out of range: "server_max_window_bits=1e1"'],
    ["server_max_window_bits", widest, "has no value for server_max_window_bits"],
    ["client_max_window_bits", widest, "has no value for client_max_window_bits"],
    ["unknown", widest, 'has no parameter "unknown"'],
    [
      "server_no_context_takeover; server_no_context_takeover",
      alone,
      "has the parameter server_no_context_takeover twice",
    ],
    [
      "server_no_context_takeover=1",
      alone,
      'has a value where there can be none: "server_no_context_takeover=1"',
    ],
    ["client_no_context_takeover", alone, "lacks server_no_context_takeover, which was asked for"],
  ])("K4, K5: %s", (parameters, wishes, wrong) => {
    expect(check(`permessage-deflate; ${parameters}`, wishes)).toBe(wrong);
  });

  it("K5: a larger window than was asked for, or none named, is wrong", () => {
    const offer = parseExtensions(["permessage-deflate; server_max_window_bits=10"]);
    const wrong = "does not keep to server_max_window_bits=10, which was asked for";
    for (const answer of ["permessage-deflate; server_max_window_bits=11", "permessage-deflate"]) {
      expect(checkDeflate(offer, parseExtensions([answer])[0]!, over)).toBe(wrong);
    }
  });

  it("Z18: window bits of the client's that it did not offer are wrong", () => {
    const answer = parseExtensions(["permessage-deflate; client_max_window_bits=10"])[0]!;
    expect(checkDeflate(parseExtensions(["permessage-deflate"]), answer, widest)).toBe(
      "has client_max_window_bits, which was not offered",
    );
  });

  it("Z18: more of them than it offered are wrong", () => {
    const offer = parseExtensions(["permessage-deflate; client_max_window_bits=10"]);
    const check = (bits: number) =>
      checkDeflate(
        offer,
        parseExtensions([`permessage-deflate; client_max_window_bits=${bits}`])[0]!,
        widest,
      );
    expect(check(11)).toBe("has client_max_window_bits over the 10 that were offered");
    expect(check(10)).toMatchObject({ send: { contextTakeover: true, windowBits: 10 } });
  });

  it("nothing fits where nothing usable was offered", () => {
    const answer = parseExtensions(["permessage-deflate"])[0]!;
    expect(checkDeflate([], answer, widest)).toBe("was not offered");
    expect(checkDeflate(parseExtensions(["x"]), answer, widest)).toBe("was not offered");
    expect(checkDeflate(parseExtensions(["permessage-deflate; x"]), answer, widest)).toBe(
      'has no parameter "x"',
    );
  });
});

describe("both ends", () => {
  const wishes = fc.record({
    contextTakeover: fc.boolean(),
    windowBits: fc.integer({ min: 8, max: 15 }),
  });

  it("agree, whatever either wishes, and neither keeps more than it wished for", () => {
    fc.assert(
      fc.property(wishes, wishes, (server, client) => {
        const offers = offerDeflate(client);
        const accepted = acceptDeflate(parseExtensions([printExtensions(offers)]), server);
        expect(accepted).toBeDefined();
        const [answer] = parseExtensions([printExtensions([accepted!.extension])]);
        const agreed = checkDeflate(offers, answer!, client);
        if (typeof agreed === "string") throw new Error(agreed);
        const { send, receive } = accepted!.agreement;
        // Each end sends what the other can read.
        expect(agreed.receive.contextTakeover || !send.contextTakeover).toBe(true);
        expect(receive.contextTakeover || !agreed.send.contextTakeover).toBe(true);
        expect(send.windowBits).toBeLessThanOrEqual(agreed.receive.windowBits);
        expect(agreed.send.windowBits).toBeLessThanOrEqual(receive.windowBits);
        for (const [end, wished] of [
          [accepted!.agreement, server],
          [agreed, client],
        ] as const) {
          expect(end.send.windowBits).toBeLessThanOrEqual(wished.windowBits);
          if (!end.receive.contextTakeover) continue;
          expect(wished.contextTakeover).toBe(true);
          expect(end.receive.windowBits).toBeLessThanOrEqual(wished.windowBits);
        }
      }),
      runs(500),
    );
  });

  it("never throw for an offer or an answer that can be read", () => {
    const token = fc.oneof(
      fc.constantFrom("server_max_window_bits", "client_max_window_bits", "server_no_context_takeover"),
      fc.constantFrom("client_no_context_takeover", "x", "__proto__", "toString"),
    );
    const value = fc.option(fc.constantFrom("8", "15", "16", "08", "x"), { nil: undefined });
    const parameters = fc.array(fc.tuple(token, value), { maxLength: 5 });
    fc.assert(
      fc.property(parameters, wishes, (given, wished) => {
        const extension = { name: "permessage-deflate", parameters: given };
        acceptDeflate([extension], wished);
        checkDeflate(offerDeflate(wished), extension, wished);
      }),
      runs(500),
    );
  });
});
