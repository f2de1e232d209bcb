import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HandshakeError } from "../../src/handshake/handshake-error.ts";
import { HeadReader, printHead } from "../../src/handshake/head.ts";
import { HeaderList } from "../../src/handshake/header-list.ts";
import { limits, readPieces, refusalOf, sampleKey } from "./support.ts";

const sample = [
  "GET /chat?room=1 HTTP/1.1",
  "Host: server.example.com",
  "Upgrade: websocket",
  "Connection: keep-alive, Upgrade",
  `Sec-WebSocket-Key: ${sampleKey}`,
  "Sec-WebSocket-Version:13",
  "X-Empty:",
  "X-Latin: \t h\xe9 \t",
  "__proto__: 1",
  "",
  "early \xff bytes",
].join("\r\n");

function summary(pieces: readonly string[]) {
  const read = readPieces(pieces);
  if (read === undefined) return undefined;
  const { method, target, version, headers } = read.head;
  return { method, target, version, headers: [...headers] };
}

describe("reading a head", () => {
  it("takes the request line and the header lines apart", () => {
    expect(summary([sample])).toEqual({
      method: "GET",
      target: "/chat?room=1",
      version: "1.1",
      headers: [
        ["Host", "server.example.com"],
        ["Upgrade", "websocket"],
        ["Connection", "keep-alive, Upgrade"],
        ["Sec-WebSocket-Key", sampleKey],
        ["Sec-WebSocket-Version", "13"],
        ["X-Empty", ""],
        ["X-Latin", "h\u00e9"],
        ["__proto__", "1"],
      ],
    });
  });

  it("gives the bytes behind the head, and all bytes as they came, without copying what came in one piece", () => {
    const chunk = Buffer.from(sample, "latin1");
    const read = new HeadReader(limits).read(chunk);
    expect(read?.raw).toBe(chunk);
    expect(read?.rest.toString("latin1")).toBe("early \xff bytes");
    expect(read?.rest.buffer).toBe(chunk.buffer);
  });

  it("takes a head without header lines, and one behind an empty line", () => {
    const bare = { method: "GET", target: "/", version: "1.0", headers: [] };
    expect(summary(["GET / HTTP/1.0\r\n\r\n"])).toEqual(bare);
    expect(summary(["\r\nGET / HTTP/1.0\r\n\r\n"])).toEqual(bare);
  });

  it("gives the same for every split into two", () => {
    const whole = summary([sample]);
    const end = sample.indexOf("early");
    for (let at = 0; at <= sample.length; at++) {
      expect(summary([sample.slice(0, at), sample.slice(at)])).toEqual(whole);
      const reader = new HeadReader(limits);
      const first = reader.read(Buffer.from(sample.slice(0, at), "latin1"));
      const read = first ?? reader.read(Buffer.from(sample.slice(at), "latin1"));
      const seen = first === undefined ? sample : sample.slice(0, at);
      expect(read?.raw.toString("latin1")).toBe(seen);
      expect(read?.rest.toString("latin1")).toBe(seen.slice(end));
    }
  });

  it("gives the same byte by byte", () => {
    expect(summary(sample.split(""))).toEqual(summary([sample]));
  });

  it("keeps what has come so far, also after it threw", () => {
    const reader = new HeadReader(limits);
    expect(reader.bytes).toHaveLength(0);
    reader.read(Buffer.from("GET /"));
    expect(reader.bytes.toString()).toBe("GET /");
    expect(refusalOf(() => reader.read(Buffer.from("\0x"))).status).toBe(400);
    expect(reader.bytes.toString()).toBe("GET /\0x");
  });

  it("limits.head: refuses a drip of single bytes at the limit", () => {
    const reader = new HeadReader({ head: 64 * 1024, headers: 1 });
    const drip = () => {
      reader.read(Buffer.from("GET / HTTP/1.1\r\nA:"));
      for (;;) reader.read(Buffer.from("b"));
    };
    expect(refusalOf(drip).status).toBe(431);
    expect(reader.bytes).toHaveLength(64 * 1024);
  });

  it("gives a head or throws a HandshakeError, whatever comes", () => {
    const reads = (pieces: readonly Buffer[]) => {
      const reader = new HeadReader({ head: 512, headers: 16 });
      try {
        for (const piece of pieces) if (reader.read(piece) !== undefined) return;
      } catch (error) {
        expect(error).toBeInstanceOf(HandshakeError);
      }
    };
    const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array));
    fc.assert(fc.property(fc.array(bytes, { maxLength: 8 }), reads));
  });

  it("reads a spoiled head the same in one piece and in many", () => {
    const outcome = (pieces: readonly string[]) => {
      try {
        return summary(pieces);
      } catch (error) {
        expect(error).toBeInstanceOf(HandshakeError);
        return error instanceof HandshakeError ? [error.status, error.message] : undefined;
      }
    };
    const spoiled = fc
      .tuple(
        fc.nat(sample.length),
        fc.nat(3),
        fc.constantFrom("", "\r", "\n", "\r\n", " ", ":", "\0", "\xff", "/", "2", "H"),
      )
      .map(([at, cut, put]) => sample.slice(0, at) + put + sample.slice(at + cut));
    fc.assert(
      fc.property(spoiled, (text) => {
        expect(outcome(text.split(""))).toEqual(outcome([text]));
      }),
    );
  });
});

describe("the list of header lines", () => {
  const list = new HeaderList([
    ["Host", " a.example "],
    ["Cookie", "a=1"],
    ["X-Key", "  12 3 "],
    ["cookie", "\tb=2"],
  ]);

  it("finds a name in any case, and joins its lines (RFC 9110 §5.3)", () => {
    expect(list.get("HOST")).toBe("a.example");
    expect(list.get("Cookie")).toBe("a=1, b=2");
    expect(list.all("COOKIE")).toEqual(["a=1", "b=2"]);
    expect(list.has("x-key")).toBe(true);
    expect(list.size).toBe(4);
  });

  it("finds nothing that is not there, least of all what objects inherit", () => {
    for (const name of ["__proto__", "constructor", "hasOwnProperty", "toString", "hos", "hosts", ""]) {
      expect(list.get(name)).toBeUndefined();
      expect(list.all(name)).toEqual([]);
      expect(list.has(name)).toBe(false);
      expect(list.rawValue(name)).toBeUndefined();
    }
    expect(new HeaderList([["__proto__", "x"]]).get("__proto__")).toBe("x");
  });

  it("keeps raw values: a key of the early drafts may end in a space", () => {
    expect(list.rawValue("x-key")).toBe("  12 3 ");
    expect(list.rawValue("cookie")).toBe("a=1");
    expect(readPieces(["GET / HTTP/1.1\r\nK: 1 2 \r\n\r\n"])?.head.headers.rawValue("k")).toBe(" 1 2 ");
  });

  it("iterates over names as they came and values without the whitespace around them", () => {
    expect([...list]).toEqual([
      ["Host", "a.example"],
      ["Cookie", "a=1"],
      ["X-Key", "12 3"],
      ["cookie", "b=2"],
    ]);
  });

  it("is made from rawHeaders of node:http, and stays as it is if that changes", () => {
    const raw = ["Host", "a", "X", "1"];
    const made = HeaderList.fromRaw(raw);
    raw[1] = "b";
    expect([...made]).toEqual([
      ["Host", "a"],
      ["X", "1"],
    ]);
    expect(() => HeaderList.fromRaw(["Host", "a", "X"])).toThrow(
      new TypeError('the header "X" has no value'),
    );
  });
});

describe("printing a head", () => {
  it("puts a line for each header, and an empty one behind them", () => {
    const bytes = printHead("HTTP/1.1 200 OK", [
      ["A", "b"],
      ["X-Latin", "h\u00e9\t~ "],
    ]);
    expect(bytes).toEqual(Buffer.from("HTTP/1.1 200 OK\r\nA: b\r\nX-Latin: h\xe9\t~ \r\n\r\n", "latin1"));
  });

  it.each(["", "a b", "a:", "a\r\nb", "h\u00e9"])("H48: the name %j → TypeError", (name) => {
    expect(() => printHead("HTTP/1.1 200 OK", [[name, "x"]])).toThrow(
      /^a header name must be a token, not "/,
    );
  });

  it.each(["a\r\nSet-Cookie: b", "a\rb", "a\nb", "a\0b", "a\x1bb", "a\x7fb", "\u0100", "\u20ac"])(
    "H48: the value %j → TypeError",
    (value) => {
      const print = () => printHead("HTTP/1.1 200 OK", [["X-A", value]]);
      expect(print).toThrow(TypeError);
      expect(print).toThrow(/^the header X-A must be without control characters/);
    },
  );

  it("H48: CR LF in the start line → TypeError", () => {
    expect(() => printHead("HTTP/1.1 200 OK\r\nA: b", [])).toThrow(/^the start line must be without/);
  });
});
