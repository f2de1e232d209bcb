import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { HeadScanner } from "../../src/handshake/head-scanner.ts";
import { limits, refusalOf } from "./support.ts";

const scan = (text: string, given = limits) => new HeadScanner(given).scan(Buffer.from(text, "latin1"));
const refused = (text: string, given = limits) => refusalOf(() => scan(text, given));

describe("where a head ends", () => {
  it("is behind its empty line", () => {
    expect(scan("GET / HTTP/1.1\r\n\r\n")).toBe(18);
    expect(scan("GET / HTTP/1.1\r\nA: b\r\n\r\nrest\r\n\r\n")).toBe(24);
  });

  it("is not known before", () => {
    for (const text of [
      "",
      "G",
      "\r",
      "\r\n",
      "GET / HTTP/1.1\r\n",
      "GET / HTTP/1.1\r\nA",
      "GET / HTTP/1.1\r\nA: b\r\n\r",
    ]) {
      expect(scan(text)).toBeUndefined();
    }
  });

  it("is found across calls, each of which looks at new bytes only", () => {
    const scanner = new HeadScanner(limits);
    expect(scanner.scan(Buffer.from("GET / HTTP/1.1\r\n"))).toBeUndefined();
    // What was seen is not looked at again: here it would be refused.
    expect(scanner.scan(Buffer.from("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0A: b\r\n\r\n"))).toBe(24);
  });
});

describe("the request line", () => {
  it("may follow one empty line (RFC 9112 §2.2), and not two", () => {
    expect(scan("\r\nGET / HTTP/1.1\r\n\r\n")).toBe(20);
    expect(refused("\r\n\r\nGET / HTTP/1.1\r\n\r\n")).toMatchObject({ status: 400, rule: "RFC 9112 §3.1" });
  });

  it.each(["M-SEARCH * HTTP/1.1", "get /a?b=|^ HTTP/1.0", "CONNECT a:1 HTTP/1.9"])("may be %s", (line) => {
    expect(scan(`${line}\r\n\r\n`)).toBe(line.length + 4);
  });

  it.each([
    ["no method", " / HTTP/1.1", "RFC 9112 §3.1"],
    ["a method that is no token", "G(T / HTTP/1.1", "RFC 9112 §3.1"],
    ["two spaces", "GET  / HTTP/1.1", "RFC 9112 §3"],
    ["a tab for a space", "GET\t/ HTTP/1.1", "RFC 9112 §3.1"],
    ["H32: a space in the target", "GET /a b HTTP/1.1", "RFC 9112 §2.3"],
    ["H32: a byte beyond ASCII in the target", "GET /\xe4 HTTP/1.1", "RFC 9112 §3.2"],
    ["H32: NUL in the target", "GET /\0 HTTP/1.1", "RFC 9112 §3.2"],
    ["a tab in the target", "GET /\t HTTP/1.1", "RFC 9112 §3.2"],
    ["DEL in the target", "GET /\x7f HTTP/1.1", "RFC 9112 §3.2"],
    ["HTTP/0.9: no version", "GET /", "RFC 9112 §3.2"],
    ["HTTP/0.9 by name", "GET / HTTP/0.9", "RFC 9112 §2.3"],
    ["a version in lower case", "GET / http/1.1", "RFC 9112 §2.3"],
    ["another protocol", "GET / HTCPCP/1.1", "RFC 9112 §2.3"],
    ["a version without a minor number", "GET / HTTP/2", "RFC 9112 §2.3"],
    ["a version of two digits", "GET / HTTP/11.1", "RFC 9112 §2.3"],
    ["a minor version of two digits", "GET / HTTP/1.10", "RFC 9112 §2.3"],
    ["a minor version that is no number", "GET / HTTP/1.x", "RFC 9112 §2.3"],
    ["a space behind the version", "GET / HTTP/1.1 ", "RFC 9112 §2.3"],
  ])("%s → 400", (_, line, rule) => {
    expect(refused(`${line}\r\n\r\n`)).toMatchObject({ status: 400, rule });
  });

  it.each(["HTTP/2.0", "HTTP/3.1", "HTTP/9.9"])("H6: %s → 505, before the line has ended", (version) => {
    expect(refused(`GET / ${version}`)).toMatchObject({ status: 505, rule: "RFC 9112 §2.3" });
  });

  it("H7: the preface of HTTP/2 → 400", () => {
    expect(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).toMatchObject({ status: 400, rule: "RFC 9113 §3.4" });
  });

  it("H8: a TLS ClientHello → 400 at its first byte, with a hint", () => {
    const error = refused("\x16");
    expect(error).toMatchObject({ status: 400, rule: "RFC 9112 §3.1" });
    expect(error.message).toContain("found 0x16 at offset 0; it looks like TLS");
    expect(refused("GE\x16").message).not.toContain("TLS");
  });

  it.each(["\0", "\n", "\x80", "\xff", "{", "GE\x01"])("H8: garbage → 400 at once: %j", (text) => {
    expect(refused(text).status).toBe(400);
  });

  it("H20: bare LF → 400", () => {
    expect(refused("GET / HTTP/1.1\n").status).toBe(400);
    expect(refused("\nGET / HTTP/1.1\r\n").status).toBe(400);
  });

  it("a CR without its LF → 400", () => {
    expect(refused("\rG")).toMatchObject({ status: 400, rule: "RFC 9112 §2.2" });
    expect(refused("GET / HTTP/1.1\rA")).toMatchObject({ status: 400, rule: "RFC 9112 §2.2" });
  });
});

describe("header lines", () => {
  const afterLine = (text: string) => `GET / HTTP/1.1\r\n${text}`;

  it.each([
    "A:\r\n",
    "A:b\r\n",
    "A: \t b \t\r\n",
    "A: \x80\xff\r\n",
    'A: !"#(){}[]:;=/\\@~\r\n',
    "!#$%&'*+-.^_`|~: x\r\n",
  ])("may be %j", (line) => {
    expect(scan(afterLine(`${line}\r\n`))).toBe(16 + line.length + 2);
  });

  it.each([
    ["H18: a folded line", "A: b\r\n c\r\n", "RFC 9112 §5"],
    ["H18: a line folded with a tab", "A: b\r\n\tc\r\n", "RFC 9112 §5"],
    ["a space before the first line", " A: b\r\n", "RFC 9112 §5"],
    ["H19: a space before the colon", "A : b\r\n", "RFC 9112 §5.1"],
    ["a tab before the colon", "A\t: b\r\n", "RFC 9112 §5.1"],
    ["an empty name", ": b\r\n", "RFC 9112 §5"],
    ["a name that is no token", "A(: b\r\n", "RFC 9112 §5.1"],
    ["a name beyond ASCII", "\xc4: b\r\n", "RFC 9112 §5"],
    ["no colon", "A\r\n", "RFC 9112 §5.1"],
    ["H20: bare LF behind a value", "A: b\nC: d\r\n", "RFC 9110 §5.5"],
    ["H20: bare LF for the empty line", "A: b\r\n\n", "RFC 9112 §5"],
    ["H21: bare CR inside a value", "A: b\rc\r\n", "RFC 9112 §2.2"],
    ["two CR before LF", "A: b\r\r\n", "RFC 9112 §2.2"],
    ["H22: NUL in a value", "A: b\0\r\n", "RFC 9110 §5.5"],
    ["H22: a control byte in a value", "A: \x1b[2J\r\n", "RFC 9110 §5.5"],
    ["H22: DEL in a value", "A: \x7f\r\n", "RFC 9110 §5.5"],
    ["H23: CR LF CR X for the end", "A: b\r\n\rX", "RFC 9112 §2.2"],
  ])("%s → 400", (_, lines, rule) => {
    expect(refused(afterLine(`${lines}\r\n`))).toMatchObject({ status: 400, rule });
  });
});

describe("limits", () => {
  const head = "GET /abc HTTP/1.1\r\nA: b\r\n\r\n";

  it("limits.head: a head of exactly that many bytes passes, whatever is behind it", () => {
    expect(scan(`${head}more`, { head: head.length, headers: 1 })).toBe(head.length);
  });

  it("limits.head: one byte more → 431", () => {
    expect(refused(head, { head: head.length - 1, headers: 1 })).toMatchObject({
      status: 431,
      rule: "RFC 6585 §5",
    });
  });

  it("limits.head: refuses as soon as the bytes are there, the head unfinished", () => {
    expect(refused("GET / HTTP/1.1\r\nA: bc", { head: 20, headers: 1 }).status).toBe(431);
    expect(scan("GET / HTTP/1.1\r\nA: b", { head: 21, headers: 1 })).toBeUndefined();
  });

  it("limits.head: counts over all pieces", () => {
    const scanner = new HeadScanner({ head: 4, headers: 1 });
    expect(scanner.scan(Buffer.from("GET"))).toBeUndefined();
    expect(refusalOf(() => scanner.scan(Buffer.from("GET "))).status).toBe(414);
  });

  it("limits.head: once the request line has ended it is the head that is too long, not the line", () => {
    expect(refused("GET / HTTP/1.1\r\nA", { head: 16, headers: 1 }).status).toBe(431);
    expect(refused("GET / HTTP/1.1\r\nA", { head: 15, headers: 1 }).status).toBe(414);
  });

  it("H33: a request line over the limit → 414", () => {
    expect(refused(`GET /${"a".repeat(limits.head)} HTTP/1.1\r\n\r\n`)).toMatchObject({
      status: 414,
      rule: "RFC 9112 §3",
    });
  });

  it("H34: one header of 17 KiB → 431", () => {
    expect(refused(`GET / HTTP/1.1\r\nA: ${"b".repeat(17 * 1024)}\r\n\r\n`).status).toBe(431);
  });

  it("limits.headers: that many lines pass, one more → 431 at its first byte", () => {
    const lines = (count: number) => `GET / HTTP/1.1\r\n${"A: b\r\n".repeat(count)}`;
    expect(scan(`${lines(100)}\r\n`)).toBeGreaterThan(0);
    expect(refused(`${lines(100)}A`)).toMatchObject({ status: 431, rule: "RFC 6585 §5" });
  });

  it("H35: 1,100 headers → 431", () => {
    expect(refused(`GET / HTTP/1.1\r\n${"A: b\r\n".repeat(1100)}\r\n`).message).toContain("limits.headers");
  });

  it("Infinity is no limit", () => {
    const free = { head: Number.POSITIVE_INFINITY, headers: Number.POSITIVE_INFINITY };
    expect(scan(`GET /${"a".repeat(100_000)} HTTP/1.1\r\n${"A: b\r\n".repeat(2000)}\r\n`, free)).toBe(
      112_018,
    );
  });
});

describe("answers", () => {
  const scanAnswer = (text: string, given = limits) =>
    new HeadScanner(given, "response").scan(Buffer.from(text, "latin1"));
  const refusedAnswer = (text: string, given = limits) => refusalOf(() => scanAnswer(text, given));

  it.each([
    "HTTP/1.1 101 Switching Protocols",
    "HTTP/1.0 200 OK",
    "HTTP/1.9 999 x",
    "HTTP/1.1 100 ",
    "HTTP/1.1 100",
    "HTTP/1.1 404  two  spaces ",
    "HTTP/1.1 404 \t\x80\xff~!:/",
  ])("the status line may be %j (RFC 9112 §4)", (line) => {
    expect(scanAnswer(`${line}\r\n\r\nrest`)).toBe(line.length + 4);
    expect(scanAnswer(`${line}\r\nA: b\r\n\r\nrest`)).toBe(line.length + 10);
    expect(scanAnswer(`${line}\r\n\r`)).toBeUndefined();
  });

  it.each([
    ["another protocol", "ICY 200 OK", "RFC 9112 §4"],
    ["lower case", "http/1.1 200 OK", "RFC 9112 §4"],
    ["HTTP/0.9", "HTTP/0.9 200 OK", "RFC 9112 §4"],
    ["HTTP/2", "HTTP/2 200", "RFC 9112 §4"],
    ["HTTP/2.0", "HTTP/2.0 200 OK", "RFC 9112 §4"],
    ["a version of two digits", "HTTP/11.1 200 OK", "RFC 9112 §4"],
    ["a minor version of two digits", "HTTP/1.10 200 OK", "RFC 9112 §4"],
    ["a minor version that is no digit", "HTTP/1.x 200 OK", "RFC 9112 §4"],
    ["no status", "HTTP/1.1", "RFC 9112 §4"],
    ["two spaces before the status", "HTTP/1.1  200 OK", "RFC 9110 §15"],
    ["a tab before the status", "HTTP/1.1\t200 OK", "RFC 9112 §4"],
    ["a status of one digit", "HTTP/1.1 2 OK", "RFC 9112 §4"],
    ["a status of two digits", "HTTP/1.1 20 OK", "RFC 9112 §4"],
    ["a status of four digits", "HTTP/1.1 2000 OK", "RFC 9112 §4"],
    ["a status that begins with 0", "HTTP/1.1 099 OK", "RFC 9110 §15"],
    ["a status of letters", "HTTP/1.1 OK", "RFC 9110 §15"],
    ["a negative status", "HTTP/1.1 -10 OK", "RFC 9110 §15"],
    ["a tab before the reason", "HTTP/1.1 200\tOK", "RFC 9112 §4"],
    ["NUL in the reason", "HTTP/1.1 200 a\0b", "RFC 9112 §4"],
    ["an escape sequence in the reason", "HTTP/1.1 200 \x1b[2J", "RFC 9112 §4"],
    ["DEL in the reason", "HTTP/1.1 200 \x7f", "RFC 9112 §4"],
    ["a request", "GET / HTTP/1.1", "RFC 9112 §4"],
  ])("%s → status 0", (_, line, rule) => {
    expect(refusedAnswer(`${line}\r\n\r\n`)).toMatchObject({ status: 0, rule });
  });

  it.each([
    ["a bare LF behind the status", "HTTP/1.1 200\n", "RFC 9112 §4"],
    ["a bare LF behind the reason", "HTTP/1.1 200 OK\n", "RFC 9112 §4"],
    ["a bare CR behind the status", "HTTP/1.1 200\rA", "RFC 9112 §2.2"],
    ["a bare CR in the reason", "HTTP/1.1 200 O\rK", "RFC 9112 §2.2"],
    ["an empty line before it: that is for requests", "\r\nHTTP/1.1 200 OK\r\n", "RFC 9112 §4"],
    ["a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n", "RFC 9112 §5"],
    ["a space before the colon", "HTTP/1.1 200 OK\r\nA : b\r\n", "RFC 9112 §5.1"],
    ["NUL in a value", "HTTP/1.1 200 OK\r\nA: \0\r\n", "RFC 9110 §5.5"],
  ])("%s → status 0", (_, text, rule) => {
    expect(refusedAnswer(text)).toMatchObject({ status: 0, rule });
  });

  it("is refused at its first byte that cannot be right, which the message names", () => {
    expect(refusedAnswer("<").message).toBe(
      "bad response head: expected the version HTTP/1.1, found 0x3c at offset 0",
    );
    expect(refusedAnswer("HTTP/1.1 2x").message).toBe(
      "bad response head: expected a status of three digits, found 0x78 at offset 10",
    );
  });

  it("H8: a TLS alert or handshake gets a hint that a client can use", () => {
    for (const first of ["\x15", "\x16"]) {
      expect(refusedAnswer(first).message).toMatch(/; it looks like TLS, and the URL says ws: try wss$/);
    }
    expect(refusedAnswer("H\x15").message).not.toContain("TLS");
  });

  it("limits.head and limits.headers hold, with status 0", () => {
    const line = "HTTP/1.1 200 OK\r\n";
    expect(refusedAnswer(line, { head: 10, headers: 1 })).toMatchObject({
      status: 0,
      message: "the response line is over 10 bytes (limits.head)",
    });
    expect(refusedAnswer(`${line}A: b`, { head: 20, headers: 1 })).toMatchObject({
      status: 0,
      message: "the response head is over 20 bytes (limits.head)",
    });
    expect(refusedAnswer(`${line}A: b\r\nC`, { head: 100, headers: 1 })).toMatchObject({
      status: 0,
      message: "the response has more than 1 header lines (limits.headers)",
    });
  });
});

describe("one head behind another", () => {
  const text = "HTTP/1.1 100\r\n\r\n";

  it("is scanned from its own start, and counts together with it", () => {
    const scanner = new HeadScanner({ head: 40, headers: 2 }, "response");
    expect(scanner.scan(Buffer.from(text + text))).toBe(16);
    scanner.restart(16);
    expect(scanner.scan(Buffer.from(text))).toBe(16);
    scanner.restart(16);
    expect(refusalOf(() => scanner.scan(Buffer.from(text)))).toMatchObject({
      status: 0,
      message: "the response line is over 40 bytes (limits.head), with the informational answers before it",
    });
  });

  it("is one line at least", () => {
    const scanner = new HeadScanner({ head: 100, headers: 2 }, "response");
    for (let count = 1; count <= 2; count += 1) {
      scanner.scan(Buffer.from(text));
      scanner.restart(16);
    }
    scanner.scan(Buffer.from(text));
    expect(refusalOf(() => scanner.restart(16)).message).toBe(
      "the response has more than 2 header lines (limits.headers), with the informational answers before it",
    );
  });
});
