// The server's side of the handshakes before RFC 6455: requests of the drafts' examples, and the answers to them byte by byte.
import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import type { AcceptanceOptions } from "../../../src/handshake/acceptance.ts";
import { examine, printAcceptance, wantsWebSocket } from "../../../src/handshake/answer.ts";
import { HeaderList } from "../../../src/handshake/header-list.ts";
import { hixie76Wishes } from "../../../src/handshake/legacy/hixie-76.ts";
import type { Opening } from "../../../src/handshake/opening.ts";
import { framingOf } from "../../../src/wire/legacy/framings.ts";
import type { WireVersion } from "../../../src/wire/wire.ts";
import { refusalOf, sampleAccept, sampleKey } from "../support.ts";
import { example, head, parsed } from "./support.ts";

const hixie75 = [
  "GET /demo HTTP/1.1",
  "Upgrade: WebSocket",
  "Connection: Upgrade",
  "Host: example.com",
  "Origin: http://example.com",
];
const hixie76 = [
  "GET /demo HTTP/1.1",
  "Host: example.com",
  "Connection: Upgrade",
  `Sec-WebSocket-Key2: ${example.key2}`,
  "Upgrade: WebSocket",
  `Sec-WebSocket-Key1: ${example.key1}`,
  "Origin: http://example.com",
];
const hybi = (number: number, ...more: string[]) => [
  "GET /chat HTTP/1.1",
  "Host: server.example.com",
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Key: ${sampleKey}`,
  `Sec-WebSocket-Version: ${number}`,
  ...more,
];

const examined = (version: WireVersion, lines: readonly string[]): Opening =>
  examine(parsed(...lines), [version]);
const answered = (version: WireVersion, lines: readonly string[], options?: AcceptanceOptions) =>
  printAcceptance(examined(version, lines), options);
const text = (bytes: Buffer) => bytes.toString("latin1");

describe("hixie-75", () => {
  it("answers the example of the draft byte by byte", () => {
    const lines = [...hixie75, "WebSocket-Protocol: sample"];
    expect(examined("hixie-75", lines)).toMatchObject({
      version: "hixie-75",
      origin: "http://example.com",
      subprotocols: ["sample"],
      key: "",
      path: "/demo",
    });
    const { bytes, head: printed, proof } = answered("hixie-75", lines, { subprotocol: "sample" });
    expect(text(bytes)).toBe(
      text(
        head(
          "HTTP/1.1 101 Web Socket Protocol Handshake",
          "Upgrade: WebSocket",
          "Connection: Upgrade",
          "WebSocket-Origin: http://example.com",
          "WebSocket-Location: ws://example.com/demo",
          "WebSocket-Protocol: sample",
        ),
      ),
    );
    expect([printed.status, printed.reason, proof]).toEqual([
      101,
      "Web Socket Protocol Handshake",
      undefined,
    ]);
  });

  it("knows the later name of the subprotocol, and answers with it", () => {
    const lines = [...hixie75, "Sec-WebSocket-Protocol: a b, c"];
    expect(examined("hixie-75", lines).subprotocols).toEqual(["a b, c"]);
    expect(text(answered("hixie-75", lines, { subprotocol: "a b, c" }).bytes)).toContain(
      "\r\nSec-WebSocket-Protocol: a b, c\r\n",
    );
  });

  it("does without an Origin, and with an empty subprotocol", () => {
    const lines = [...hixie75.slice(0, -1), "WebSocket-Protocol: "];
    expect(examined("hixie-75", lines)).toMatchObject({ origin: undefined, subprotocols: [] });
    expect(text(answered("hixie-75", lines).bytes)).not.toContain("Origin");
  });
});

describe("hixie-76", () => {
  it("answers the example of the draft byte by byte", () => {
    const lines = [...hixie76, "Sec-WebSocket-Protocol: sample"];
    expect(examined("hixie-76", lines)).toMatchObject({
      challenge: example.numbers,
      subprotocols: ["sample"],
      key: "",
    });
    const { bytes, proof } = answered("hixie-76", lines, { subprotocol: "sample" });
    expect(text(bytes)).toBe(
      text(
        head(
          "HTTP/1.1 101 WebSocket Protocol Handshake",
          "Upgrade: WebSocket",
          "Connection: Upgrade",
          "Sec-WebSocket-Origin: http://example.com",
          "Sec-WebSocket-Location: ws://example.com/demo",
          "Sec-WebSocket-Protocol: sample",
        ),
      ),
    );
    expect(text(proof!(Buffer.from(example.body)))).toBe(example.proof);
  });

  it("does without an Origin", () => {
    expect(text(answered("hixie-76", hixie76.slice(0, -1)).bytes)).not.toContain("Origin");
  });

  it("says where the client believes to be: under TLS, behind a proxy, or what it is told to say", () => {
    const location = (options: AcceptanceOptions) =>
      answered("hixie-76", hixie76, options).head.headers.get("sec-websocket-location");
    expect(location({ secure: true })).toBe("wss://example.com/demo");
    expect(location({ host: "front.example:8080" })).toBe("ws://front.example:8080/demo");
    expect(location({ location: "wss://other.example/a?b" })).toBe("wss://other.example/a?b");
    expect(() => location({ location: "http://other.example/" })).toThrow(TypeError);
    for (const [target, resource] of [
      ["/demo?a=b", "/demo?a=b"],
      ["/demo?", "/demo?"],
      ["http://example.com/demo?a=b", "/demo?a=b"],
      ["http://example.com", "/"],
    ]) {
      const asked = [`GET ${target} HTTP/1.1`, ...hixie76.slice(1)];
      expect(answered("hixie-76", asked).head.headers.get("sec-websocket-location")).toBe(
        `ws://example.com${resource}`,
      );
    }
  });

  it.each(["hixie-76", "whatwg-2010-08", "hybi-01"] as const)("as %s: the same", (version) => {
    expect(text(answered(version, hixie76).bytes)).toBe(text(answered("hixie-76", hixie76).bytes));
  });

  it.each([
    [`Sec-WebSocket-Key1: ${example.key1}`, "the request has more than one Sec-WebSocket-Key1"],
    [`Sec-WebSocket-Key2: ${example.key2}`, "the request has more than one Sec-WebSocket-Key2"],
    ["Origin: http://other.example", "the request has more than one Origin"],
  ])("with %j once more → 400", (line, message) => {
    expect(refusalOf(() => examined("hixie-76", [...hixie76, line]))).toMatchObject({ status: 400, message });
  });

  it("with keys that are none → 400", () => {
    const lines = hixie76.map((line) => line.replace(example.key1, "nospaces123"));
    expect(refusalOf(() => examined("hixie-76", lines))).toMatchObject({ status: 400 });
  });

  it("may announce its eight bytes, and no others", () => {
    const announcing = (length: number) => [...hixie76, `Content-Length: ${length}`];
    expect(examined("hixie-76", announcing(8)).challenge).toEqual(example.numbers);
    const message = 'a request for a WebSocket has no body, and the Content-Length is "9"';
    expect(refusalOf(() => examined("hixie-76", announcing(9)))).toMatchObject({ status: 400, message });
    // Without the keys nothing is to come.
    const modern = [...hybi(13), `Sec-WebSocket-Key1: ${example.key1}`, "Content-Length: 8"];
    expect(refusalOf(() => examined("rfc6455", modern))).toMatchObject({ status: 400 });
    expect(refusalOf(() => examined("hixie-75", [...hixie75, "Content-Length: 8"]))).toMatchObject({
      status: 400,
    });
  });

  it("without its keys → 400", () => {
    expect(refusalOf(() => hixie76Wishes(new HeaderList([])))).toMatchObject({ status: 400 });
  });

  it("cannot be answered without what it asked", () => {
    const { challenge: _, ...opening } = examined("hixie-76", hixie76);
    expect(() => printAcceptance(opening)).toThrow("there are no keys");
  });

  it("is for a WebSocket server whatever its Upgrade: what comes behind it is no request of HTTP", () => {
    const without = hixie76.filter((line) => !line.startsWith("Upgrade"));
    expect(wantsWebSocket(parsed(...without))).toBe(true);
    expect(wantsWebSocket(parsed("GET / HTTP/1.1", "Host: a"))).toBe(false);
  });
});

describe("hybi-04 to hybi-08", () => {
  it("hybi-04 has a nonce in its answer, and makes the keys of its frames of it", () => {
    const lines = hybi(
      4,
      "Sec-WebSocket-Origin: http://example.com",
      "Sec-WebSocket-Protocol: chat, superchat",
    );
    expect(examined("hybi-04", lines)).toMatchObject({
      origin: "http://example.com",
      subprotocols: ["chat", "superchat"],
      extensions: [],
      key: sampleKey,
    });
    const nonce = () => "AQIDBAUGBwgJCgsMDQ4PEA==";
    const { bytes, frameKey } = answered("hybi-04", lines, { nonce, subprotocol: "chat" });
    expect(text(bytes)).toBe(
      text(
        head(
          "HTTP/1.1 101 Switching Protocols",
          "Upgrade: websocket",
          "Connection: Upgrade",
          `Sec-WebSocket-Accept: ${sampleAccept}`,
          `Sec-WebSocket-Nonce: ${nonce()}`,
          "Sec-WebSocket-Protocol: chat",
        ),
      ),
    );
    expect(Buffer.from(frameKey!(Buffer.from("37fa213d", "hex"))).toString("hex")).toBe(
      "9d201bbb5a4c941ac5087543ca409c45bb3ce784",
    );
    expect(() => answered("hybi-04", lines)).toThrow(TypeError);
    expect(() => framingOf("hybi-04")).toThrow(TypeError);
  });

  it.each([5, 6, 7, 8])("hybi-0%i answers as RFC 6455 does", (number) => {
    const version = `hybi-0${number}` as WireVersion;
    const offered = ["Sec-WebSocket-Extensions: deflate-stream", "Sec-WebSocket-Protocol: "];
    const { bytes, frameKey } = answered(version, hybi(number, ...offered), { headers: { "X-Room": "a" } });
    expect(text(bytes)).toBe(
      text(
        head(
          "HTTP/1.1 101 Switching Protocols",
          "Upgrade: websocket",
          "Connection: Upgrade",
          `Sec-WebSocket-Accept: ${sampleAccept}`,
          "X-Room: a",
        ),
      ),
    );
    expect(frameKey).toBeUndefined();
  });

  it("takes Origin by either of its names", () => {
    const origin = (...lines: string[]) => examined("hybi-08", hybi(8, ...lines)).origin;
    expect(origin("Sec-WebSocket-Origin: http://a")).toBe("http://a");
    expect(origin("Origin: http://a")).toBe("http://a");
    expect(origin()).toBeUndefined();
  });
});

describe("what an application may not add to an answer", () => {
  it.each(["Sec-WebSocket-Location", "sec-websocket-origin", "WebSocket-Origin", "websocket-location"])(
    "%s → TypeError",
    (name) => {
      for (const [version, lines] of [
        ["hixie-75", hixie75],
        ["hixie-76", hixie76],
        ["hybi-08", hybi(8)],
      ] as const) {
        expect(() => answered(version, lines, { headers: { [name]: "x" } })).toThrow(
          `the header "${name}" is set by the handshake itself`,
        );
      }
    },
  );

  it("a subprotocol that was not offered → TypeError", () => {
    expect(() => answered("hixie-76", hixie76, { subprotocol: "chat" })).toThrow(TypeError);
  });
});
