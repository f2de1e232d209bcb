import type { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkSubprotocols, type OfferOptions } from "../../src/handshake/agreement.ts";
import { examine, printAcceptance } from "../../src/handshake/answer.ts";
import { parseExtensions } from "../../src/handshake/extension.ts";
import { HandshakeError } from "../../src/handshake/handshake-error.ts";
import { AnswerReader } from "../../src/handshake/head.ts";
import { HeaderList } from "../../src/handshake/header-list.ts";
import { checkAnswer, printOffer } from "../../src/handshake/offer.ts";
import { parseWebSocketUrl } from "../../src/handshake/url.ts";
import { underEverySplit } from "../support/splits.ts";
import {
  answer,
  limits,
  readAnswer,
  readPieces,
  refusalOf,
  runs,
  sampleAccept,
  sampleKey,
} from "./support.ts";

const url = parseWebSocketUrl("ws://server.example.com/chat");

const offer = (options: Partial<OfferOptions> = {}) => printOffer({ url, key: sampleKey, ...options });
const printed = (options?: Partial<OfferOptions>) => offer(options).bytes.toString("latin1").split("\r\n");

/** Leaves the types behind. */
const offerAnything = (options: Record<string, unknown>) => () =>
  Reflect.apply(printOffer, undefined, [{ url, key: sampleKey, ...options }]);

describe("the request (RFC 6455 §4.1)", () => {
  it("has all that a handshake needs, Host first", () => {
    expect(printed()).toEqual([
      "GET /chat HTTP/1.1",
      "Host: server.example.com",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Key: ${sampleKey}`,
      "Sec-WebSocket-Version: 13",
      "",
      "",
    ]);
  });

  it("has what else was asked for behind it, in order", () => {
    const lines = printed({
      url: parseWebSocketUrl("ws://user:pass@[::1]:8080/chat?room=1"),
      subprotocols: ["chat.v2", "chat"],
      extensions: parseExtensions(["permessage-deflate; client_max_window_bits, x; y=1"]),
      headers: [
        ["Origin", "https://example.com"],
        ["Cookie", "a=1"],
        ["cookie", "b=2"],
      ],
    });
    expect(lines).toEqual([
      "GET /chat?room=1 HTTP/1.1",
      "Host: [::1]:8080",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Key: ${sampleKey}`,
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: chat.v2, chat",
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x; y=1",
      `Authorization: Basic ${btoa("user:pass")}`,
      "Origin: https://example.com",
      "Cookie: a=1",
      "cookie: b=2",
      "",
      "",
    ]);
  });

  it("says nothing about subprotocols and extensions where there are none", () => {
    expect(printed({ subprotocols: [], extensions: [], headers: {} })).toEqual(printed());
  });

  it("a Host and an Authorization of one's own take the place of the URL's", () => {
    const lines = printed({
      url: parseWebSocketUrl("ws://user:pass@a/"),
      headers: { "X-A": "1", HOST: "b", authorization: ["Bearer one", "Bearer two"] },
    });
    expect(lines.filter((line) => /^(?:host|authorization)/i.test(line))).toEqual([
      "HOST: b",
      "authorization: Bearer one",
      "authorization: Bearer two",
    ]);
    expect(lines[1]).toBe("HOST: b");
  });

  it("is what a server makes of it, byte by byte too", () => {
    const { bytes, head } = offer({ subprotocols: ["a", "b"], headers: { "X-A": "1" } });
    expect(head).toMatchObject({ method: "GET", target: "/chat", version: "1.1" });
    for (const pieces of [[bytes.toString("latin1")], bytes.toString("latin1").split("")]) {
      const read = readPieces(pieces);
      expect(read && [...read.head.headers]).toEqual([...head.headers]);
      expect(read && examine(read.head)).toMatchObject({ key: sampleKey, subprotocols: ["a", "b"] });
    }
  });

  it("is not changed by what happens to the options later", () => {
    const subprotocols = ["a"];
    const extensions = [{ name: "x", parameters: [] }];
    const made = offer({ subprotocols, extensions });
    subprotocols[0] = "b";
    extensions.length = 0;
    expect(made.subprotocols).toEqual(["a"]);
    expect(made.extensions).toEqual([{ name: "x", parameters: [] }]);
  });
});

describe("what cannot be offered → TypeError", () => {
  it.each(["", "abc", `${sampleKey}=`, "dGhlIHNhbXBsZSBub25jZQ", `${sampleKey}\r\nA: b`])(
    "the key %j",
    (key) => {
      expect(() => offer({ key })).toThrow(/^the key must be base64 of sixteen bytes, not "/);
      expect(() => offer({ key })).toThrow(TypeError);
    },
  );

  it.each(["", "chat", "*", "http://a/", "/a b", "/a\r\nB: c", "/\u00e4", "/a#b", "/\0", "/\x7f"])(
    "the target %j",
    (target) => {
      expect(() => offer({ url: { ...url, target } })).toThrow(/^the target must be a path, .*, not "/);
      expect(() => offer({ url: { ...url, target } })).toThrow(TypeError);
    },
  );

  it("a host that would begin a line of its own", () => {
    expect(() => offer({ url: { ...url, host: "a\r\nB: c" } })).toThrow(TypeError);
  });

  it.each([
    "Connection",
    "upgrade",
    "Sec-WebSocket-Key",
    "sec-websocket-version",
    "Sec-WebSocket-Protocol",
    "SEC-WEBSOCKET-EXTENSIONS",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-",
    "Content-Length",
    "Transfer-Encoding",
    "Trailer",
    "TE",
    "Expect",
  ])("the header %s, which is the handshake's own or announces a body", (name) => {
    expect(() => offer({ headers: { [name]: "x" } })).toThrow(
      new TypeError(`the header "${name}" is set by the handshake itself`),
    );
    expect(() => offer({ headers: new Map([[name, "x"]]) })).toThrow(TypeError);
  });

  it("two Hosts", () => {
    const headers = [
      ["Host", "a"],
      ["host", "b"],
    ] as const;
    expect(() => offer({ headers })).toThrow(
      new TypeError("there can be one Host header only (RFC 9112 §3.2)"),
    );
  });

  it.each([
    ["a line of its own", { "X-A": "b\r\nC: d" }],
    ["no token for a name", { "X A": "b" }],
    ["a value beyond Latin-1", { "X-A": "\u20ac" }],
  ])("headers with %s", (_, headers) => {
    expect(() => offer({ headers })).toThrow(TypeError);
  });

  it("headers, and an extension, that are none", () => {
    expect(offerAnything({ headers: "X-A: b" })).toThrow(TypeError);
    expect(() => offer({ extensions: [{ name: "a b", parameters: [] }] })).toThrow(TypeError);
  });

  it.each([
    ["chat", 'subprotocols must be an array of names, as ["chat"], not the string'],
    [null, "subprotocols must be an array"],
    [new Set(["chat"]), "subprotocols must be an array"],
    [[""], 'a subprotocol must be a token, as "chat.v2", not '],
    [["a b"], "a subprotocol must be a token"],
    [["a,b"], "a subprotocol must be a token"],
    [["a\r\nB: c"], "a subprotocol must be a token"],
    [["\u00e4"], "a subprotocol must be a token"],
    [[13], "a subprotocol must be a token"],
    [[undefined], "a subprotocol must be a token"],
    [Array.from({ length: 1 }), "a subprotocol must be a token"],
    [["a", "b", "a"], 'the subprotocol "a" is there twice'],
  ])("the subprotocols %j (§4.1(10))", (subprotocols, message) => {
    expect(() => checkSubprotocols(subprotocols)).toThrow(TypeError);
    expect(() => checkSubprotocols(subprotocols)).toThrow(message);
  });

  it("those of an offer are checked too", () => {
    expect(offerAnything({ subprotocols: "chat" })).toThrow(/^subprotocols must be an array/);
    expect(() => offer({ subprotocols: ["a", "A"] })).not.toThrow();
  });
});

/** What comes of an answer to an offer, under every split: what was agreed on, or the refusal. */
function outcome(bytes: Buffer, options: Partial<OfferOptions> = {}) {
  return underEverySplit(bytes, (chunks) => {
    const read = readAnswer(chunks);
    if (read === undefined) throw new Error("the answer is not complete");
    try {
      return checkAnswer(offer(options), read.head);
    } catch (error) {
      return refusalOf(() => {
        throw error;
      });
    }
  });
}

type Changes = Parameters<typeof answer>[0];

const agreed = (changes?: Changes, options?: Partial<OfferOptions>) => outcome(answer(changes), options);

function expectBroken(changes: Changes, rule: string, message: RegExp, options?: Partial<OfferOptions>) {
  const refusal = agreed(changes, options);
  expect(refusal).toMatchObject({ name: "HandshakeError", status: 101, rule, body: "" });
  expect(refusal).toHaveProperty("message", expect.stringMatching(message));
}

const nothing = { subprotocol: "", extensions: [] };

describe("a right answer (RFC 6455 §4.1)", () => {
  it("agrees on nothing where nothing was chosen", () => {
    expect(agreed()).toEqual(nothing);
    expect(agreed({}, { subprotocols: ["a"], extensions: [{ name: "x", parameters: [] }] })).toEqual(nothing);
  });

  it.each([
    ["the case of names and values", { Upgrade: "WebSocket", Connection: "uPGRADE" }],
    ["spaces around values", { Upgrade: " websocket\t", "Sec-WebSocket-Accept": `\t ${sampleAccept} ` }],
    ["other options in Connection", { Connection: "keep-alive, ,Upgrade" }],
    ["Connection in two lines", { Connection: ["keep-alive", "Upgrade"] }],
    ["headers about a body, which it cannot have", { "Content-Length": "5", "Transfer-Encoding": "chunked" }],
    ["any other header", { Server: "x", "Set-Cookie": ["a=1", "b=2"], "Sec-WebSocket-Version": "8" }],
  ])("does not mind %s", (_, changes) => {
    expect(agreed(changes)).toEqual(nothing);
  });

  it.each(["HTTP/1.1 101", "HTTP/1.1 101 ", "HTTP/1.1 101 Web Socket Protocol Handshake", "HTTP/1.2 101 x"])(
    "does not mind %j",
    (line) => {
      expect(outcome(answer({}, line))).toEqual(nothing);
    },
  );

  it("is what our own server answers", () => {
    const { head, ...rest } = offer({
      subprotocols: ["a", "b"],
      extensions: [{ name: "x", parameters: [] }],
    });
    const chosen = { subprotocol: "b", extensions: [{ name: "x", parameters: [["y", "1"]] as const }] };
    const { bytes } = printAcceptance(examine(head), chosen);
    const read = new AnswerReader(limits).read(bytes);
    expect(read && checkAnswer({ head, ...rest }, read.head)).toEqual(chosen);
  });
});

describe("another answer", () => {
  it.each([
    ["HTTP/1.1 200 OK", 200],
    ["HTTP/1.1 302 Found", 302],
    ["HTTP/1.1 401 Unauthorized", 401],
    ["HTTP/1.1 426 Upgrade Required", 426],
    ["HTTP/1.0 503 x", 503],
  ])("%s is no 101 (§4.1(1)), and the error has what it said", (line, status) => {
    const refusal = outcome(answer({ "X-Why": "because" }, line));
    expect(refusal).toMatchObject({
      status,
      rule: "RFC 6455 §4.1(1)",
      message: `the server answered ${status}, and not 101`,
    });
    expect(refusal).toHaveProperty("headers", expect.arrayContaining([["X-Why", "because"]]));
  });

  it("101 over HTTP/1.0 (RFC 9110 §15.2)", () => {
    expect(outcome(answer({}, "HTTP/1.0 101 x"))).toMatchObject({
      status: 101,
      rule: "RFC 9110 §15.2",
      message: "the server answered 101 over HTTP/1.0",
    });
  });
});

describe("K2: 101 without its Upgrade (RFC 6455 §4.1(2))", () => {
  it.each([
    ["none", undefined, '""'],
    ["an empty one", "", '""'],
    ["h2c", "h2c", '"h2c"'],
    ["a list", "websocket, h2c", '"websocket, h2c"'],
    ["two lines", ["websocket", "websocket"], '"websocket, websocket"'],
    ["a version", "websocket/13", '"websocket/13"'],
    ["an escape sequence, which is not printed as it is", "\x80[2J", '"\\\\u0080\\[2J"'],
  ])("%s", (_, value, shown) => {
    expectBroken(
      { Upgrade: value },
      "RFC 6455 §4.1(2)",
      new RegExp(`^the Upgrade of the answer is ${shown}, and not "websocket"$`),
    );
  });
});

describe("K2: 101 without its Connection (RFC 6455 §4.1(3))", () => {
  it.each([
    ["none", undefined],
    ["an empty one", ""],
    ["another", "keep-alive"],
    ["a word that has it inside", "Upgraded, no-upgrade"],
    ["two words", "Upgrade please"],
  ])("%s", (_, value) => {
    expectBroken({ Connection: value }, "RFC 6455 §4.1(3)", /^the Connection of the answer does not have/);
  });
});

describe("K1: Sec-WebSocket-Accept (RFC 6455 §4.1(4))", () => {
  it.each([
    ["none", undefined, /^there is no Sec-WebSocket-Accept in the answer$/],
    ["an empty one", "", /^wrong /],
    ["that of another key", "ICX+Yqv66kxgM0FcWaLWlFLwTAI=", /^wrong /],
    ["the key itself", sampleKey, /^wrong /],
    ["another case", sampleAccept.toLowerCase(), /^wrong /],
    ["something behind it", `${sampleAccept}=`, /^wrong /],
    ["a quoted one", `"${sampleAccept}"`, /^wrong /],
    ["a list", `${sampleAccept}, ${sampleAccept}`, /^wrong /],
    ["the right one twice", [sampleAccept, sampleAccept], /^more than one /],
    ["the right one and another", [sampleAccept, "x"], /^more than one /],
    ["another and the right one", ["x", sampleAccept], /^more than one /],
    ["the right one and an empty one", [sampleAccept, ""], /^more than one /],
  ])("%s", (_, value, message) => {
    expectBroken({ "Sec-WebSocket-Accept": value }, "RFC 6455 §4.1(4)", message);
  });
});

describe("K3: the subprotocol (RFC 6455 §4.1(6))", () => {
  const subprotocols = ["chat.v2", "chat"];

  it("is one of those that were offered", () => {
    expect(agreed({ "Sec-WebSocket-Protocol": " chat " }, { subprotocols })).toEqual({
      subprotocol: "chat",
      extensions: [],
    });
  });

  it.each([
    ["one that was not offered", "other"],
    ["another case", "Chat"],
    ["several", "chat.v2, chat"],
    ["an empty one", ""],
    ["a quoted one", '"chat"'],
    ["what objects inherit", "__proto__"],
  ])("%s", (_, value) => {
    expectBroken({ "Sec-WebSocket-Protocol": value }, "RFC 6455 §4.1(6)", /, which was not offered$/, {
      subprotocols,
    });
  });

  it("any, where none was offered", () => {
    expectBroken({ "Sec-WebSocket-Protocol": "chat" }, "RFC 6455 §4.1(6)", /"chat", which was not offered$/);
  });

  it.each([[["chat", "chat.v2"]], [["chat", "chat"]], [["chat", ""]]])(
    "in several lines: %j (§11.3.4)",
    (value) => {
      expectBroken({ "Sec-WebSocket-Protocol": value }, "RFC 6455 §11.3.4", /more than one/, {
        subprotocols,
      });
    },
  );
});

describe("K4: the extensions (RFC 6455 §4.1(5), §9.1)", () => {
  const extensions = parseExtensions(["x; a, y, x; b"]);
  const chosen = (value: string | readonly string[]) => ({ "Sec-WebSocket-Extensions": value });

  it("are among those that were offered, in the server's order, with the server's parameters", () => {
    const both = [
      { name: "y", parameters: [["c", "1"]] },
      { name: "x", parameters: [] },
    ];
    expect(agreed(chosen('y; c="1", x'), { extensions })).toEqual({ subprotocol: "", extensions: both });
    expect(agreed(chosen(["y; c=1", "x"]), { extensions })).toEqual({ subprotocol: "", extensions: both });
  });

  it.each(["permessage-deflate", "x, permessage-deflate", "X", "toString"])("not offered: %s", (value) => {
    expectBroken(chosen(value), "RFC 6455 §4.1(5)", /, which was not offered$/, { extensions });
  });

  it("any, where none was offered", () => {
    const message = /^the answer uses the extension "permessage-deflate", which was not offered$/;
    expectBroken(chosen("permessage-deflate"), "RFC 6455 §4.1(5)", message);
  });

  it.each([["x, x"], ["x; a, y, x; b"], [["x", "x"]]])("twice: %j", (value) => {
    expectBroken(chosen(value), "RFC 6455 §9.1", /^the answer uses the extension "x" twice$/, { extensions });
  });

  it.each([
    "",
    ",",
    ";",
    "x;",
    "x y",
    "x; a=",
    'x; a="',
    'x; a="b c"',
    "x; =b",
    '"x"',
    ["x", ";"],
    "x\u00e4",
  ])("malformed: %j", (value) => {
    const message = /^the Sec-WebSocket-Extensions of the answer is malformed: "/;
    expectBroken(chosen(value), "RFC 6455 §9.1", message, { extensions });
  });
});

describe("permessage-deflate, offered with compression (RFC 7692 §7.1)", () => {
  const compression = { contextTakeover: true, windowBits: 15 };
  const check = (extensions: string) => {
    const read = readAnswer([answer({ "Sec-WebSocket-Extensions": extensions })]);
    return () => checkAnswer(offer({ compression }), read!.head);
  };

  it("stands in the request, behind other extensions", () => {
    const lines = printed({ compression, extensions: [{ name: "x", parameters: [] }] });
    expect(lines).toContain("Sec-WebSocket-Extensions: x, permessage-deflate; client_max_window_bits");
  });

  it("is in the agreement", () => {
    expect(check("permessage-deflate; server_max_window_bits=10")()).toMatchObject({
      extensions: [{ name: "permessage-deflate" }],
      deflate: { receive: { contextTakeover: true, windowBits: 10 } },
    });
  });

  it("is not there if the answer has none", () => {
    const read = readAnswer([answer()]);
    expect(checkAnswer(offer({ compression }), read!.head).deflate).toBeUndefined();
  });

  it("is the caller's business where the caller offered it as any extension", () => {
    const extensions = [{ name: "permessage-deflate", parameters: [] }];
    const read = readAnswer([answer({ "Sec-WebSocket-Extensions": "permessage-deflate; x" })]);
    expect(checkAnswer(offer({ extensions }), read!.head)).toMatchObject({ deflate: undefined });
  });

  it("K4, K5: fails the handshake for parameters that are wrong", () => {
    expect(refusalOf(check("permessage-deflate; server_max_window_bits=16"))).toMatchObject({
      status: 101,
      rule: "RFC 7692 §7.1",
      message:
        'the permessage-deflate of the answer has window bits out of range: "server_max_window_bits=16"',
    });
  });
});

it("whatever the headers of a 101 are, checking them ends in an agreement or a HandshakeError", () => {
  const names = fc.constantFrom(
    "Upgrade",
    "Connection",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
  );
  const values = fc.oneof(
    fc.constantFrom("websocket", "Upgrade", sampleAccept, "chat", "x", "x; a=b", ",", '"', "\\"),
    fc.string({ unit: "binary-ascii", maxLength: 12 }),
  );
  const added = fc.array(fc.tuple(names, values), { maxLength: 4 });
  const good: [string, string][] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", sampleAccept],
  ];
  const made = offer({ subprotocols: ["chat"], extensions: [{ name: "x", parameters: [] }] });
  let agreements = 0;
  fc.assert(
    fc.property(added, fc.boolean(), (lines, complete) => {
      const headers = new HeaderList(complete ? [...good, ...lines] : lines);
      try {
        const agreement = checkAnswer(made, { status: 101, reason: "", version: "1.1", headers });
        expect(["", "chat"]).toContain(agreement.subprotocol);
        expect(agreement.extensions.length).toBeLessThan(2);
        agreements += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(HandshakeError);
        expect(error).toMatchObject({ status: 101, rule: expect.stringMatching(/^RFC /) });
      }
    }),
    runs(1000),
  );
  expect(agreements).toBeGreaterThan(10);
});
