import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HandshakeError } from "../../src/handshake/handshake-error.ts";
import { AnswerReader, HeadReader, printHead } from "../../src/handshake/head.ts";
import { everySplit, inChunks, underEverySplit } from "../support/splits.ts";
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
    fc.assert(fc.property(fc.array(bytes, { maxLength: 8 }), reads), runs(100));
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
      runs(100),
    );
  });
});

/** What a reader of answers makes of some bytes, under every split. */
function answered(text: string | Buffer, given = limits) {
  const input = typeof text === "string" ? Buffer.from(text, "latin1") : text;
  return underEverySplit(input, (chunks) => {
    const read = readAnswer(chunks, given);
    if (read === undefined) return undefined;
    const { status, reason, version, headers } = read.head;
    return { status, reason, version, headers: [...headers] };
  });
}

/** The error that they are refused with, under every split. */
function refusedAnswer(text: string, given = limits) {
  return underEverySplit(Buffer.from(text, "latin1"), (chunks) => refusalOf(() => readAnswer(chunks, given)));
}

describe("reading the head of an answer", () => {
  it("takes the status line and the header lines apart", () => {
    expect(answered(answer())).toEqual({
      status: 101,
      reason: "Switching Protocols",
      version: "1.1",
      headers: [
        ["Upgrade", "websocket"],
        ["Connection", "Upgrade"],
        ["Sec-WebSocket-Accept", sampleAccept],
      ],
    });
  });

  it.each([
    ["HTTP/1.1 200 OK", 200, "OK", "1.1"],
    ["HTTP/1.0 404 Not Found", 404, "Not Found", "1.0"],
    ["HTTP/1.1 503 ", 503, "", "1.1"],
    ["HTTP/1.1 503", 503, "", "1.1"],
    ["HTTP/1.1 999 \tsie\xdft ", 999, "\tsie\u00dft ", "1.1"],
  ])("%j", (line, status, reason, version) => {
    expect(answered(`${line}\r\n\r\n`)).toEqual({ status, reason, version, headers: [] });
  });

  it("gives the bytes behind the head, without copying what came in one piece", () => {
    const frames = "\x81\x02hi";
    const chunk = Buffer.concat([answer(), Buffer.from(frames, "latin1")]);
    const rest = readAnswer([chunk])?.rest;
    expect(rest?.toString("latin1")).toBe(frames);
    expect(rest?.buffer).toBe(chunk.buffer);
    const end = chunk.length - frames.length;
    for (const pieces of everySplit(chunk)) {
      const first = pieces[0]?.length ?? 0;
      // The second piece is not asked for where the head ends in the first.
      const all = first < end ? chunk.length : first;
      expect(readAnswer(pieces)?.rest).toEqual(chunk.subarray(end, all));
    }
  });

  it("gives nothing while the head is not complete", () => {
    expect(readAnswer([answer().subarray(0, -1)])).toBeUndefined();
  });

  it("skips informational answers (RFC 9110 §15.2), however they are cut", () => {
    const early = "HTTP/1.1 100\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 199 x\r\n\r\n";
    expect(answered(`${early}HTTP/1.1 401 No\r\nA: b\r\n\r\n`)).toEqual({
      status: 401,
      reason: "No",
      version: "1.1",
      headers: [["A", "b"]],
    });
    expect(answered(early)).toBeUndefined();
    expect(answered(`HTTP/1.1 102 x\r\n\r\n${answer().toString("latin1")}`)?.status).toBe(101);
  });

  it("does not wait for anything behind a 101, nor behind an answer that has a body", () => {
    expect(readAnswer([Buffer.from("HTTP/1.1 101 x\r\n\r\n")])?.rest).toHaveLength(0);
    expect(readAnswer([Buffer.from("HTTP/1.1 500 x\r\nContent-Length: 9\r\n\r\n")])?.rest).toHaveLength(0);
  });
});

describe("an answer that is none → HandshakeError with status 0", () => {
  it.each([
    ["K9: garbage", "FOO BAR BAZ\r\n\r\n", "RFC 9112 §4"],
    ["K9: HTTP/0.9, a body alone", "<html>hello</html>", "RFC 9112 §4"],
    ["another server's greeting", "220 mail.example ESMTP\r\n", "RFC 9112 §4"],
    ["another answer of the kind", "ICY 200 OK\r\n\r\n", "RFC 9112 §4"],
    ["frames of HTTP/2", "\0\0\x12\x04\0\0\0\0\0", "RFC 9112 §4"],
    ["TLS", "\x15\x03\x03\0\x02\x02\x28", "RFC 9112 §4"],
    ["an empty line before it", `\r\n${answer().toString("latin1")}`, "RFC 9112 §4"],
    ["garbage behind an informational answer", "HTTP/1.1 100 x\r\n\r\nFOO", "RFC 9112 §4"],
    ["a status of 0, which says that there is no answer", "HTTP/1.1 000 x\r\n\r\n", "RFC 9110 §15"],
    ["a folded header", "HTTP/1.1 101 x\r\nA: b\r\n c\r\n\r\n", "RFC 9112 §5"],
  ])("%s", (_, text, rule) => {
    expect(refusedAnswer(text)).toMatchObject({ name: "HandshakeError", status: 0, rule, body: "" });
  });

  it("says how TLS can be had", () => {
    expect(refusedAnswer("\x15\x03").message).toContain("it looks like TLS, and the URL says ws: try wss");
  });
});

describe("limits of an answer", () => {
  const small = { head: 64, headers: 4 };

  /** Sends a start, and then the same over and over; says how much had been taken before the chunk that was refused. */
  function endless(start: string, more: string, given = limits) {
    const reader = new AnswerReader(given);
    const chunk = Buffer.from(more.repeat(Math.ceil(1000 / more.length)), "latin1");
    let taken = 0;
    const error = refusalOf(() => {
      expect(reader.read(Buffer.from(start, "latin1"))).toBeUndefined();
      for (; taken < 2 ** 30; taken += chunk.length) {
        expect(reader.read(Buffer.from(chunk))).toBeUndefined();
      }
    });
    return { ...error, taken };
  }

  it.each([
    ["limits.head", "a status line of 1 GiB", "HTTP/1.1 101 ", "a", /^the response line is over 16384 bytes/],
    [
      "limits.head",
      "a header of 1 GiB",
      "HTTP/1.1 101 x\r\nA:",
      "a",
      /^the response head is over 16384 bytes/,
    ],
    [
      "limits.headers",
      "endless headers",
      "HTTP/1.1 101 x\r\n",
      "A:b\r\n",
      /^the response has more than 100 header lines/,
    ],
    [
      "limits.headers",
      "endless informational answers",
      "",
      "HTTP/1.1 100\r\n\r\n",
      /^the response has more than 100 header lines \(limits.headers\), with the informational answers before it$/,
    ],
    [
      "limits.head",
      "endless long informational answers",
      "",
      `HTTP/1.1 103 x\r\nLink: ${"a".repeat(960)}\r\n\r\n`,
      /^the response (?:head|line) is over 16384 bytes \(limits.head\), with the informational answers before it$/,
    ],
  ])("%s: K8: %s", (_, _what, start, more, message) => {
    const { status, message: shown, taken } = endless(start, more);
    expect(status).toBe(0);
    expect(shown).toMatch(message);
    expect(taken).toBeLessThan(limits.head);
  });

  it("limits.headers: K8: 100 informational answers leave no room for another header", () => {
    const informational = "HTTP/1.1 100\r\n\r\n".repeat(100);
    expect(readAnswer([Buffer.from(informational)])).toBeUndefined();
    expect(readAnswer([Buffer.from(`${informational}HTTP/1.1 101 x\r\n\r\n`)])).toBeDefined();
    const one = `${informational}HTTP/1.1 101 x\r\nA`;
    expect(refusalOf(() => readAnswer([Buffer.from(one)])).message).toContain("(limits.headers)");
    expect(refusalOf(() => readAnswer(inChunks(Buffer.from(one), 1))).message).toContain("(limits.headers)");
    const next = `${informational}HTTP/1.1 100\r\n\r\n`;
    expect(refusalOf(() => readAnswer([Buffer.from(next)])).message).toContain("(limits.headers)");
  });

  it("limits.headers: all answers count together, cut anywhere", () => {
    const early = "HTTP/1.1 103\r\nA:b\r\n\r\n";
    expect(answered(`${early}HTTP/1.1 200 x\r\nA:b\r\nA:b\r\n\r\n`, small)?.headers).toHaveLength(2);
    expect(refusedAnswer(`${early}HTTP/1.1 200 x\r\nA:b\r\nA:b\r\nA`, small).message).toBe(
      "the response has more than 4 header lines (limits.headers), with the informational answers before it",
    );
  });

  it("limits.head: all answers count together, cut anywhere", () => {
    const early = "HTTP/1.1 100\r\n\r\n";
    const last = `HTTP/1.1 200 ${"x".repeat(64 - early.length - 17)}\r\n\r\n`;
    expect(early.length + last.length).toBe(64);
    expect(answered(early + last, small)?.status).toBe(200);
    expect(refusedAnswer(early + last, { head: 63, headers: 4 }).message).toBe(
      "the response head is over 63 bytes (limits.head), with the informational answers before it",
    );
    // Used up by the informational one alone.
    expect(refusedAnswer(early, { head: early.length, headers: 4 }).message).toContain("limits.head");
  });

  it("Infinity is no limit", () => {
    const free = { head: Number.POSITIVE_INFINITY, headers: Number.POSITIVE_INFINITY };
    const text = `${"HTTP/1.1 100\r\nA: b\r\n\r\n".repeat(2000)}HTTP/1.1 101 x\r\n\r\n`;
    expect(readAnswer(inChunks(Buffer.from(text), 100), free)?.head.status).toBe(101);
  });
});

describe("whatever a server sends", () => {
  /** What came of it: what was read, or the message. */
  function outcome(pieces: readonly Buffer[]) {
    try {
      const read = readAnswer(pieces, { head: 512, headers: 8 });
      return read && { ...read.head, headers: [...read.head.headers] };
    } catch (error) {
      expect(error).toBeInstanceOf(HandshakeError);
      if (!(error instanceof HandshakeError)) return undefined;
      expect(error.status).toBe(0);
      return error.message;
    }
  }

  it("a head comes of it, or a HandshakeError", () => {
    const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), (pieces) => void outcome(pieces)),
      runs(300),
    );
  });

  it("and the same in one piece and in many", () => {
    const parts = fc.constantFrom(
      "HTTP/1.1 100\r\n\r\n",
      "HTTP/1.1 101 x\r\n",
      "HTTP/1.0 503 ",
      "Connection: Upgrade\r\n",
      "\r\n",
      "\r",
      "\n",
      " ",
      ":",
      "0",
      "\0",
      "\xff",
      "a".repeat(200),
    );
    const text = fc.array(parts, { maxLength: 12 }).map((array) => Buffer.from(array.join(""), "latin1"));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 16 }), (input, size) => {
        expect(outcome(inChunks(input, size))).toEqual(outcome([Buffer.from(input)]));
      }),
      runs(1000),
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
