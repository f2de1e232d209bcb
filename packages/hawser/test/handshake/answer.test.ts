import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { examine, printAcceptance, printRefusal, wantsWebSocket } from "../../src/handshake/answer.ts";
import { HandshakeError } from "../../src/handshake/handshake-error.ts";
import { HeaderList } from "../../src/handshake/header-list.ts";
import { readPieces, refusalOf, request, sampleAccept, sampleKey } from "./support.ts";

const refused = (...given: Parameters<typeof request>) => refusalOf(() => examine(request(...given)));
const offersVersion13 = ["Sec-WebSocket-Version", "13"];
const offersUpgrade = ["Upgrade", "websocket"];

describe("whether a request asks for a WebSocket", () => {
  it.each(["websocket", "WebSocket", "h2c, websocket", "h2c,WEBSOCKET ,x"])("Upgrade: %s does", (value) => {
    expect(wantsWebSocket(request({ Upgrade: value }))).toBe(true);
  });

  it("does with the token in the second of two lines, in any method and version", () => {
    expect(
      wantsWebSocket(request({ Upgrade: ["h2c", "websocket"] }, { method: "POST", version: "1.0" })),
    ).toBe(true);
  });

  it.each([undefined, "", "h2c", "websocket2", "x-websocket", "websocket/13", "web socket"])(
    "Upgrade: %s does not",
    (value) => {
      expect(wantsWebSocket(request({ Upgrade: value }))).toBe(false);
    },
  );
});

describe("examining a handshake (RFC 6455 §4.2.1)", () => {
  it.each(["POST", "GET"])("a %s that asks for no WebSocket is told to, whatever else it is", (method) => {
    const error = refused({ Upgrade: undefined, Host: undefined, "Content-Length": "5" }, { method });
    expect(error).toMatchObject({ status: 426, headers: [offersUpgrade] });
  });

  it("says what the client asks for", () => {
    const head = request(
      {
        Origin: "http://example.com",
        "Sec-WebSocket-Protocol": "chat, superchat",
        "Sec-WebSocket-Extensions": "x; y=1",
      },
      { target: "/chat?room=1" },
    );
    expect(examine(head)).toEqual({
      head,
      path: "/chat",
      query: "room=1",
      host: "server.example.com",
      origin: "http://example.com",
      subprotocols: ["chat", "superchat"],
      extensions: [{ name: "x", parameters: [["y", "1"]] }],
      key: sampleKey,
      version: "rfc6455",
      versions: ["rfc6455"],
    });
  });

  it("needs no more than the five lines of §4.1", () => {
    expect(examine(request())).toMatchObject({
      query: "",
      origin: undefined,
      subprotocols: [],
      extensions: [],
    });
  });

  it("H15: an Upgrade list with websocket in it passes", () => {
    expect(examine(request({ Upgrade: "h2c, websocket" })).version).toBe("rfc6455");
  });

  it.each([
    [{ Upgrade: "WebSocket" }],
    [{ Upgrade: "uPgRaDe, websocket" }],
    [{ Connection: "keep-alive, Upgrade" }],
    [{ Connection: ["keep-alive", "UPGRADE"] }],
  ])("H17: %j passes", (changes) => {
    expect(examine(request(changes)).key).toBe(sampleKey);
  });

  it("HTTP/1.2 is read as HTTP/1.1 (RFC 9110 §2.5)", () => {
    expect(examine(request({}, { version: "1.2" })).key).toBe(sampleKey);
  });

  it("H29: the authority of a target in absolute form replaces Host", () => {
    expect(examine(request({}, { target: "http://x:81/a?b" }))).toMatchObject({
      host: "x:81",
      path: "/a",
      query: "b",
    });
  });

  it("H29: Host is needed all the same (RFC 9112 §3.2)", () => {
    expect(refused({ Host: undefined }, { target: "http://x/" }).status).toBe(400);
  });

  it("H10: a key that is not canonical base64 passes", () => {
    expect(examine(request({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZR==" })).key).toBe(
      "dGhlIHNhbXBsZSBub25jZR==",
    );
  });

  it("H25: Content-Length: 0 announces no body", () => {
    expect(examine(request({ "Content-Length": "0" })).key).toBe(sampleKey);
  });

  it.each(["POST", "HEAD", "PUT", "OPTIONS", "get", "CONNECT"])("H4: %s → 405 + Allow: GET", (method) => {
    expect(refused({}, { method })).toMatchObject({
      status: 405,
      headers: [["Allow", "GET"]],
      rule: "RFC 6455 §4.2.1(1)",
    });
  });

  it("H5: HTTP/1.0 → 426 + Upgrade: websocket", () => {
    expect(refused({}, { version: "1.0" })).toMatchObject({
      status: 426,
      headers: [offersUpgrade],
      rule: "RFC 6455 §4.2.1(1)",
    });
  });

  it.each([
    ["H1: no Host", { Host: undefined }, "RFC 9112 §3.2"],
    ["H2: two Host lines", { Host: ["a", "a"] }, "RFC 9112 §3.2"],
    ["H3: a bad Host", { Host: "user@a" }, "RFC 9112 §3.2"],
    ["H9: no key", { "Sec-WebSocket-Key": undefined }, "RFC 6455 §4.2.1(5)"],
    ["H9: a key of 22 characters", { "Sec-WebSocket-Key": sampleKey.slice(0, 22) }, "RFC 6455 §4.2.1(5)"],
    ["H9: a key of 3 bytes", { "Sec-WebSocket-Key": "AQID" }, "RFC 6455 §4.2.1(5)"],
    ["H9: two keys", { "Sec-WebSocket-Key": [sampleKey, sampleKey] }, "RFC 6455 §11.3.1"],
    [
      "H24: Content-Length and Transfer-Encoding",
      { "Content-Length": "5", "Transfer-Encoding": "chunked" },
      "RFC 9112 §6.1",
    ],
    ["H25: Content-Length: 5", { "Content-Length": "5" }, "RFC 9112 §6.3"],
    ["H25: Content-Length: +0", { "Content-Length": "+0" }, "RFC 9112 §6.3"],
    ["H25: an empty Content-Length", { "Content-Length": "" }, "RFC 9112 §6.3"],
    ["H26: Transfer-Encoding: chunked", { "Transfer-Encoding": "chunked" }, "RFC 9112 §6.1"],
    ["H26: Transfer-Encoding: identity", { "Transfer-Encoding": "identity" }, "RFC 9112 §6.1"],
    ["H27: two Content-Length values", { "Content-Length": ["0", "5"] }, "RFC 9112 §6.3"],
    ["H27: two that agree", { "Content-Length": ["0", "0"] }, "RFC 9112 §6.3"],
    ["H27: two in one line", { "Content-Length": "0, 0" }, "RFC 9112 §6.3"],
    ["H42: an empty subprotocol list", { "Sec-WebSocket-Protocol": "" }, "RFC 6455 §4.1(10)"],
    ["H43: a subprotocol twice", { "Sec-WebSocket-Protocol": ["a", "a"] }, "RFC 6455 §4.1(10)"],
    ["H45: malformed extensions", { "Sec-WebSocket-Extensions": 'a; b="' }, "RFC 6455 §9.1"],
    ["two Origin lines", { Origin: ["http://a", "http://a"] }, "RFC 6454 §7.3"],
  ])("%s → 400", (_, changes, rule) => {
    expect(refused(changes)).toMatchObject({ status: 400, rule, headers: [] });
  });

  it.each(["*", "example.org:80"])("H30: the target %s → 400", (target) => {
    expect(refused({}, { target })).toMatchObject({ status: 400, rule: "RFC 9112 §3.2" });
  });

  it("H31: a fragment → 400", () => {
    expect(refused({}, { target: "/#frag" })).toMatchObject({ status: 400, rule: "RFC 6455 §3" });
  });

  it("H11: no version → 400 + Sec-WebSocket-Version: 13", () => {
    expect(refused({ "Sec-WebSocket-Version": undefined })).toMatchObject({
      status: 400,
      headers: [offersVersion13],
    });
  });

  it.each(["0", "7", "8", "12", "14", "99", "100", "199", "200", "249", "250", "255"])(
    "H12, H13: version %s → 426 + Sec-WebSocket-Version: 13",
    (version) => {
      expect(refused({ "Sec-WebSocket-Version": version })).toMatchObject({
        status: 426,
        headers: [offersUpgrade, offersVersion13],
        rule: "RFC 6455 §4.4",
      });
    },
  );

  it.each(["013", "13 ,13", "+13", "-13", "13.0", "1e1", "0x0d", "", "x", "256", "1000", "08"])(
    "H14: version %j → 400",
    (version) => {
      expect(refused({ "Sec-WebSocket-Version": version })).toMatchObject({
        status: 400,
        headers: [offersVersion13],
        rule: "RFC 6455 §4.2.1(6)",
      });
    },
  );

  it("H14: the version twice → 400", () => {
    expect(refused({ "Sec-WebSocket-Version": ["13", "13"] })).toMatchObject({
      status: 400,
      headers: [offersVersion13],
    });
  });

  it.each([undefined, "", "close", "keep-alive", "x-upgrade"])(
    "H16: Connection: %s → 426 + Upgrade: websocket",
    (value) => {
      expect(refused({ Connection: value })).toMatchObject({
        status: 426,
        headers: [offersUpgrade],
        rule: "RFC 6455 §4.2.1(4)",
      });
    },
  );

  it("H52: a request for anything but a WebSocket → 426 + Upgrade: websocket", () => {
    expect(refused({ Upgrade: undefined, Connection: undefined })).toMatchObject({
      status: 426,
      headers: [offersUpgrade],
      rule: "RFC 6455 §4.2.1(3)",
    });
  });

  it("H28: names the first rule that is broken, and never passes what breaks any", () => {
    expect(
      refused(
        { Host: undefined, "Sec-WebSocket-Version": "12", "Sec-WebSocket-Key": "x" },
        { method: "POST" },
      ).status,
    ).toBe(405);
    expect(refused({ "Sec-WebSocket-Version": "12", "Sec-WebSocket-Key": "x" }).status).toBe(426);
  });

  it("gives an opening or throws a HandshakeError that can be printed, whatever the lines", () => {
    const name = fc.constantFrom(
      "Host",
      "Upgrade",
      "Connection",
      "Sec-WebSocket-Key",
      "Sec-WebSocket-Version",
      "Sec-WebSocket-Protocol",
      "Sec-WebSocket-Extensions",
      "Origin",
      "Content-Length",
    );
    const value = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom("websocket", "Upgrade", "13", "a, b", 'a; b="c"'),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.string(), (changes, target) => {
        try {
          examine(request(changes, { target: `/${target}` }));
        } catch (error) {
          expect(error).toBeInstanceOf(HandshakeError);
          if (error instanceof HandshakeError) expect(printRefusal(error).length).toBeGreaterThan(0);
        }
      }),
    );
  });
});

describe("printing the answer that accepts (RFC 6455 §4.2.2)", () => {
  const opening = examine(
    request({ "Sec-WebSocket-Protocol": "chat, superchat", "Sec-WebSocket-Extensions": "x; y, z" }),
  );

  it("is that of §1.3", () => {
    const { bytes, head } = printAcceptance(opening);
    expect(bytes.toString("latin1")).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${sampleAccept}\r\n\r\n`,
    );
    expect(head).toMatchObject({ status: 101, reason: "Switching Protocols" });
    expect(head.headers.get("sec-websocket-accept")).toBe(sampleAccept);
  });

  it("adds the subprotocol, the extensions and the application's headers", () => {
    const { bytes, head } = printAcceptance(opening, {
      subprotocol: "superchat",
      extensions: [
        { name: "x", parameters: [["y", "1"]] },
        { name: "z", parameters: [] },
      ],
      headers: { "Set-Cookie": ["a=1", "b=2"], "X-Room": "a" },
    });
    const added = [
      "Sec-WebSocket-Protocol: superchat",
      "Sec-WebSocket-Extensions: x; y=1, z",
      "Set-Cookie: a=1",
      "Set-Cookie: b=2",
      "X-Room: a",
    ];
    expect(bytes.toString("latin1")).toContain(`\r\n${added.join("\r\n")}\r\n\r\n`);
    expect(head.headers.size).toBe(8);
    expect(head.headers.all("set-cookie")).toEqual(["a=1", "b=2"]);
  });

  it("H47: a subprotocol that was not offered → TypeError that says what was", () => {
    expect(() => printAcceptance(opening, { subprotocol: "mqtt" })).toThrow(
      new TypeError('the subprotocol "mqtt" was not offered; the client offered "chat", "superchat"'),
    );
    expect(() => printAcceptance(examine(request()), { subprotocol: "mqtt" })).toThrow(
      /the client offered none$/,
    );
    expect(() => printAcceptance(opening, { subprotocol: "" })).toThrow(TypeError);
  });

  it("an extension that was not offered → TypeError", () => {
    expect(() => printAcceptance(opening, { extensions: [{ name: "q", parameters: [] }] })).toThrow(
      new TypeError('the extension "q" was not offered; the client offered "x", "z"'),
    );
  });

  it.each([
    ["subprotocol", { subprotocol: "chat\r\nSet-Cookie: a=1" }],
    ["header value", { headers: { "X-A": "b\r\nSet-Cookie: a=1" } }],
    ["header name", { headers: { "X-A: b\r\nSet-Cookie": "a=1" } }],
    ["extension", { extensions: [{ name: "x", parameters: [["y", "1\r\n"]] as const }] }],
  ])("H48: CR LF in a %s → TypeError", (_, options) => {
    expect(() => printAcceptance(opening, options)).toThrow(TypeError);
  });

  it.each([
    "Connection",
    "UPGRADE",
    "content-length",
    "Transfer-Encoding",
    "Sec-WebSocket-Accept",
    "sec-websocket-protocol",
    "Sec-WebSocket-Anything",
  ])("the header %s is the handshake's own → TypeError", (name) => {
    expect(() => printAcceptance(opening, { headers: { [name]: "x" } })).toThrow(
      new TypeError(`the header "${name}" is set by the handshake itself`),
    );
  });
});

describe("printing an answer that refuses", () => {
  const printed = (...given: Parameters<typeof printRefusal>) => printRefusal(...given).toString("utf8");

  it("is whole, and ends the connection", () => {
    expect(printed({ status: 404 })).toBe(
      "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 9\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nNot Found",
    );
  });

  it("counts the body in bytes of UTF-8", () => {
    expect(printed({ status: 403, body: "你好" })).toMatch(/Content-Length: 6\r\n[\s\S]*\r\n\r\n你好$/);
    expect(printed({ status: 403, body: "" })).toMatch(/Content-Length: 0\r\n[\s\S]*\r\n\r\n$/);
  });

  it("takes the application's headers, its Content-Type among them", () => {
    const text = printed({
      status: 401,
      body: "{}",
      headers: { "content-type": "application/json", "WWW-Authenticate": "Basic" },
    });
    expect(text).toBe(
      "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 2\r\ncontent-type: application/json\r\nWWW-Authenticate: Basic\r\n\r\n{}",
    );
  });

  it("prints a HandshakeError, with the Connection option that Upgrade needs (RFC 9110 §7.8)", () => {
    const text = printed(refused({ "Sec-WebSocket-Version": "12" }));
    expect(text).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\nConnection: close, Upgrade\r\n/);
    expect(text).toContain("\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    expect(text).toMatch(/\r\n\r\nthis server speaks version 13, and not 12$/);
  });

  it("redirects", () => {
    const text = printed({ status: 302, headers: [["Location", "wss://b.example/"]] });
    expect(text).toMatch(/^HTTP\/1\.1 302 Found\r\n[\s\S]*\r\nLocation: wss:\/\/b\.example\/\r\n/);
  });

  it("can be read back", () => {
    const bytes = printRefusal({ status: 599 });
    const end = bytes.indexOf("\r\n") + 2;
    const read = readPieces([`GET / HTTP/1.1\r\n${bytes.toString("latin1", end)}`]);
    expect(read?.rest.toString()).toBe("Server Error");
    expect(read?.head.headers.get("content-length")).toBe("12");
  });

  it.each([101, 200, 204, 299, 304, 600, 400.5, Number.NaN])("the status %s → RangeError", (status) => {
    expect(() => printRefusal({ status })).toThrow(RangeError);
  });

  it.each(["connection", "Content-Length", "TRANSFER-ENCODING"])(
    "the header %s is set here → TypeError",
    (name) => {
      expect(() => printRefusal({ status: 403, headers: { [name]: "x" } })).toThrow(TypeError);
    },
  );

  it("H48: CR LF in a header → TypeError", () => {
    expect(() => printRefusal({ status: 403, headers: new HeaderList([["X-A", "b\r\nc"]]) })).toThrow(
      TypeError,
    );
  });
});

it("goes the whole way from bytes to bytes", () => {
  const head = readPieces([
    `GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${sampleKey}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  ])?.head;
  expect(head && printAcceptance(examine(head)).bytes).toBeInstanceOf(Buffer);
});
