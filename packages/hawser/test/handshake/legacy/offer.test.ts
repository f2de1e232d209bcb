// The client's side of the handshakes before RFC 6455: what it asks, and which answers it takes, strictly and leniently.
import { Buffer } from "node:buffer";
import { UnsupportedError } from "hawser";
import { describe, expect, it } from "vitest";
import type { Offer, OfferOptions } from "../../../src/handshake/agreement.ts";
import { examine, printAcceptance } from "../../../src/handshake/answer.ts";
import { checkProof } from "../../../src/handshake/legacy/hixie-76.ts";
import { checkAnswer, printOffer } from "../../../src/handshake/offer.ts";
import { parseWebSocketUrl } from "../../../src/handshake/url.ts";
import { allVersions } from "../../../src/wire/legacy/framings.ts";
import type { WireVersion } from "../../../src/wire/wire.ts";
import { readAnswer, readPieces, refusalOf, sampleAccept, sampleKey } from "../support.ts";
import { head, repeatable } from "./support.ts";

const url = parseWebSocketUrl("ws://example.com/demo");
const offer = (version: WireVersion, options: Partial<OfferOptions> = {}): Offer =>
  printOffer({ url, key: sampleKey, randomness: repeatable(), version, ...options });
const lines = ({ bytes }: Offer) => bytes.toString("latin1").split("\r\n");
const legacy = allVersions.filter((version) => version !== "rfc6455");
const keyed = ["hixie-76", "whatwg-2010-08", "hybi-01", "hybi-02", "hybi-03"] as const;

const check = (given: Offer, ...answer: readonly string[]) => {
  const read = readAnswer([head(...answer)]);
  if (read === undefined) throw new Error("no answer");
  return checkAnswer(given, read.head);
};
const brokenRule = (given: Offer, ...answer: readonly string[]) => refusalOf(() => check(given, ...answer));

describe("what a client asks", () => {
  it("hixie-75: in the order of the draft", () => {
    expect(lines(offer("hixie-75", { subprotocols: ["sample"], headers: { Cookie: "a=b" } }))).toEqual([
      "GET /demo HTTP/1.1",
      "Upgrade: WebSocket",
      "Connection: Upgrade",
      "Host: example.com",
      "Origin: http://example.com",
      "WebSocket-Protocol: sample",
      "Cookie: a=b",
      "",
      "",
    ]);
  });

  it.each([
    ["hixie-76", undefined],
    ["whatwg-2010-08", undefined],
    ["hybi-01", "1"],
    ["hybi-02", "2"],
    ["hybi-03", "2"],
  ] as const)("%s: two keys and eight bytes, in any order, draft %s", (version, draft) => {
    const asked = offer(version, { subprotocols: ["sample"], headers: { Origin: "http://page.example" } });
    const { head: read, rest } = readPieces([asked.bytes.toString("latin1")])!;
    expect(rest).toHaveLength(8);
    const opening = examine(read, [version]);
    expect(opening).toMatchObject({ origin: "http://page.example", subprotocols: ["sample"] });
    expect(read.headers.get("sec-websocket-draft")).toBe(draft);
    expect(printAcceptance(opening).proof!(rest)).toEqual(asked.proof);
  });

  it("the fields of two requests come in different orders", () => {
    const order = (seed: number) =>
      lines(offer("hixie-76", { randomness: repeatable(seed) })).map((line) => line.split(":")[0]);
    expect(order(1)).not.toEqual(order(2));
    expect(new Set(order(1).slice(0, -2))).toEqual(new Set(order(2).slice(0, -2)));
  });

  it.each([4, 5, 6, 7, 8])("hybi-0%i: its number, and where it comes from", (number) => {
    const version = `hybi-0${number}` as WireVersion;
    const secure = parseWebSocketUrl("wss://user:pass@Example.com:8443/demo");
    expect(lines(offer(version, { url: secure, subprotocols: ["a", "b"] }))).toEqual([
      "GET /demo HTTP/1.1",
      "Host: example.com:8443",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Key: ${sampleKey}`,
      "Sec-WebSocket-Origin: https://example.com:8443",
      `Sec-WebSocket-Version: ${number}`,
      "Sec-WebSocket-Protocol: a, b",
      "Authorization: Basic dXNlcjpwYXNz",
      "",
      "",
    ]);
  });

  it("an Origin of the application's goes where the version has it", () => {
    const asked = lines(offer("hybi-08", { headers: { origin: "http://page.example", "X-A": "b" } }));
    expect(asked).toContain("Sec-WebSocket-Origin: http://page.example");
    expect(asked.filter((line) => /^origin/i.test(line))).toEqual([]);
    expect(asked).toContain("X-A: b");
  });
});

describe("what a version has no form for", () => {
  it.each(legacy)("%s: compression and extensions → UnsupportedError", (version) => {
    expect(() => offer(version, { compression: {} as never })).toThrow(UnsupportedError);
    expect(() => offer(version, { extensions: [{ name: "x", parameters: [] }] })).toThrow(version);
  });

  it.each(["hixie-75", ...keyed] as const)("%s: two subprotocols → UnsupportedError", (version) => {
    expect(() => offer(version, { subprotocols: ["a", "b"] })).toThrow(UnsupportedError);
  });

  it.each(keyed)("%s: no chance to make keys of → TypeError", (version) => {
    expect(() => offer(version, { randomness: undefined })).toThrow(TypeError);
  });

  it("headers that are the handshake's → TypeError", () => {
    expect(() => offer("hixie-75", { headers: { "WebSocket-Protocol": "x" } })).toThrow(TypeError);
  });
});

const first = ["HTTP/1.1 101 Web Socket Protocol Handshake", "Upgrade: WebSocket", "Connection: Upgrade"];
const said75 = ["WebSocket-Origin: http://example.com", "WebSocket-Location: ws://example.com/demo"];

describe("an answer of hixie-75", () => {
  const strict = offer("hixie-75");
  const lenient = offer("hixie-75", { lenient: true });

  it("is right", () => {
    expect(check(strict, ...first, ...said75)).toMatchObject({ subprotocol: "", deflate: undefined });
    expect(
      check(offer("hixie-75", { subprotocols: ["a"] }), ...first, ...said75, "WebSocket-Protocol: a"),
    ).toMatchObject({ subprotocol: "a" });
  });

  it.each<[string, string[]]>([
    ["another reason", ["HTTP/1.1 101 Switching Protocols", ...first.slice(1), ...said75]],
    ["other lines first", [first[0]!, ...said75, ...first.slice(1)]],
    ["other letters", [first[0]!, "upgrade: WebSocket", first[2]!, ...said75]],
    ["no Connection", [first[0]!, first[1]!, ...said75]],
    ["no Upgrade at all", [first[0]!]],
    ["no Origin", [...first, said75[1]!]],
    ["no Location", [...first, said75[0]!]],
  ])("%s: wrong, and leniently right", (_what, answer) => {
    expect(brokenRule(strict, ...answer)).toMatchObject({
      status: 101,
      rule: "draft-hixie-thewebsocketprotocol-75",
    });
    expect(check(lenient, ...answer)).toMatchObject({ subprotocol: "" });
  });

  it.each<[string, string[]]>([
    ["another Origin", [...first, "WebSocket-Origin: http://evil.example", said75[1]!]],
    ["two Origins", [...first, said75[0]!, ...said75]],
    ["another Location", [...first, said75[0]!, "WebSocket-Location: ws://example.com/other"]],
    ["a subprotocol that was not asked for", [...first, ...said75, "WebSocket-Protocol: b"]],
    ["HTTP/1.2", ["HTTP/1.2 101 Web Socket Protocol Handshake", ...first.slice(1), ...said75]],
  ])("%s: wrong, leniently too", (_what, answer) => {
    for (const given of [strict, lenient])
      expect(brokenRule(given, ...answer)).toMatchObject({ status: 101 });
  });

  it("without the subprotocol that was asked for: wrong, and leniently right", () => {
    const asked = { subprotocols: ["a"] };
    expect(brokenRule(offer("hixie-75", asked), ...first, ...said75).message).toContain(
      'leaves out the subprotocol "a"',
    );
    expect(check(offer("hixie-75", { ...asked, lenient: true }), ...first, ...said75)).toMatchObject({
      subprotocol: "",
    });
  });
});

const first76 = ["HTTP/1.1 101 Whatever", "upgrade: WebSocket", "connection: upgrade"];
const said76 = ["Sec-WebSocket-Origin: http://example.com", "Sec-WebSocket-Location: ws://example.com/demo"];

describe.each(keyed)("an answer of %s", (version) => {
  const strict = offer(version);
  const lenient = offer(version, { lenient: true });

  it("is right, in any order", () => {
    expect(check(strict, ...first76, ...said76)).toMatchObject({ subprotocol: "" });
    expect(check(strict, first76[0]!, ...said76, ...first76.slice(1))).toMatchObject({ subprotocol: "" });
  });

  it.each<[string, string[], boolean]>([
    ["no Origin", [...first76, said76[1]!], true],
    ["no Location", [...first76, said76[0]!], true],
    ["neither, as Racket's answer", first76, true],
    ["another Origin", [...first76, "Sec-WebSocket-Origin: http://evil.example", said76[1]!], false],
    ["Upgrade in other letters", [first76[0]!, "Upgrade: websocket", first76[2]!, ...said76], false],
    ["no Upgrade", [first76[0]!, first76[2]!, ...said76], false],
    ["two of Connection", [...first76, "Connection: Upgrade", ...said76], false],
    ["no Connection", [first76[0]!, first76[1]!, ...said76], false],
  ])("%s: wrong; leniently right: %s", (_what, answer, leniently) => {
    expect(brokenRule(strict, ...answer)).toMatchObject({ status: 101 });
    if (leniently) expect(check(lenient, ...answer)).toMatchObject({ subprotocol: "" });
    else expect(brokenRule(lenient, ...answer)).toMatchObject({ status: 101 });
  });

  it("is proven by sixteen bytes, and by no others", () => {
    const { head: answer } = readAnswer([head(...first76, ...said76)])!;
    expect(() => checkProof(strict, answer, strict.proof!)).not.toThrow();
    for (const bytes of [Buffer.alloc(16), strict.proof!.subarray(0, 15)]) {
      expect(refusalOf(() => checkProof(strict, answer, bytes))).toMatchObject({ status: 101 });
    }
  });
});

const firstHybi = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: WebSocket",
  "Connection: keep-alive, Upgrade",
  `Sec-WebSocket-Accept: ${sampleAccept}`,
];
const nonce = "Sec-WebSocket-Nonce: AQIDBAUGBwgJCgsMDQ4PEA==";

describe("an answer of hybi-04 to hybi-08", () => {
  it.each([5, 6, 7, 8])("hybi-0%i: as RFC 6455 has it", (number) => {
    const given = offer(`hybi-0${number}` as WireVersion, { subprotocols: ["a", "b"] });
    expect(check(given, ...firstHybi)).toMatchObject({ subprotocol: "" });
    expect(check(given, ...firstHybi, "Sec-WebSocket-Protocol: b")).toMatchObject({ subprotocol: "b" });
    expect(check(given, ...firstHybi, "Sec-WebSocket-Protocol:")).toMatchObject({ subprotocol: "" });
    expect(brokenRule(given, ...firstHybi, "Sec-WebSocket-Protocol: c")).toMatchObject({ status: 101 });
    expect(brokenRule(given, ...firstHybi.slice(0, 3))).toMatchObject({ rule: "RFC 6455 §4.1(4)" });
    expect(brokenRule(given, ...firstHybi.filter((line) => !line.startsWith("Upgrade")))).toMatchObject({
      rule: "RFC 6455 §4.1(2)",
    });
  });

  it("hybi-04: with a nonce, of which the keys of frames are made", () => {
    const { frameKey } = check(offer("hybi-04"), ...firstHybi, nonce);
    expect(Buffer.from(frameKey!(Buffer.from("37fa213d", "hex"))).toString("hex")).toBe(
      "9d201bbb5a4c941ac5087543ca409c45bb3ce784",
    );
  });

  it.each([[[]], [["Sec-WebSocket-Nonce: short"]], [[nonce, nonce]]])(
    "hybi-04 with the nonces %j: wrong",
    (nonces) => {
      expect(brokenRule(offer("hybi-04"), ...firstHybi, ...nonces)).toMatchObject({
        rule: "draft-ietf-hybi-thewebsocketprotocol-04",
      });
    },
  );
});
