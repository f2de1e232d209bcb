import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AnswerBody } from "../../src/handshake/answer-body.ts";
import { HeaderList } from "../../src/handshake/header-list.ts";
import { allSplits, cutAt, inChunks, underEverySplit } from "../support/splits.ts";
import { runs } from "./support.ts";

type Lines = readonly (readonly [name: string, value: string])[];

const chunked: Lines = [["Transfer-Encoding", "chunked"]];
const length = (value: string): Lines => [["Content-Length", value]];

function bodyOf(lines: Lines, limit = 1000, status = 403): AnswerBody {
  return new AnswerBody({ status, headers: new HeaderList(lines) }, limit);
}

function fed(body: AnswerBody, chunks: readonly Buffer[]) {
  for (const chunk of chunks) body.read(chunk);
  return { text: body.text, complete: body.complete };
}

/** What comes of a body, under every split. */
function read(text: string, lines: Lines, limit = 1000) {
  return underEverySplit(Buffer.from(text, "latin1"), (chunks) => fed(bodyOf(lines, limit), chunks));
}

describe("a body of a known length (RFC 9112 §6.3(6))", () => {
  it("ends there, whatever is behind it", () => {
    expect(read("hello", length("5"))).toEqual({ text: "hello", complete: true });
    expect(read("hello, world", length("5"))).toEqual({ text: "hello", complete: true });
    expect(read("hell", length("5"))).toEqual({ text: "hell", complete: false });
  });

  it("is complete at once where it is empty", () => {
    expect(bodyOf(length("0"))).toMatchObject({ complete: true, text: "" });
    expect(read("HTTP/1.1", length("0"))).toEqual({ text: "", complete: true });
  });

  it("may be longer than a number can say", () => {
    expect(read("hello", length("9".repeat(400)))).toEqual({ text: "hello", complete: false });
  });
});

describe("a body up to the end of the connection (RFC 9112 §6.3(8))", () => {
  it.each([
    ["no header about it", []],
    ["a length that is none", length("five")],
    ["a negative length", length("-5")],
    ["a length with a sign", length("+5")],
    ["a fractional length", length("5.0")],
    ["a hexadecimal length", length("0x5")],
    ["an empty length", length("")],
    ["two lengths", [...length("5"), ...length("6")]],
    ["another coding", [["Transfer-Encoding", "gzip"]]],
    ["another coding and a length (§6.3(3))", [["Transfer-Encoding", "gzip"], ...length("5")]],
    ["a coding behind chunked", [["Transfer-Encoding", "chunked, gzip"]]],
    ["a coding whose name ends in it", [["Transfer-Encoding", "unchunked"]]],
  ] satisfies readonly (readonly [string, Lines])[])("with %s", (_, lines) => {
    expect(read("5\r\nhello\r\n0\r\n\r\n", lines)).toEqual({
      text: "5\r\nhello\r\n0\r\n\r\n",
      complete: false,
    });
  });

  it.each([101, 204, 304])("but %i has none, whatever its headers say (RFC 9112 §6.3(1))", (status) => {
    for (const lines of [[], chunked, length("5")]) {
      const body = bodyOf(lines, 1000, status);
      expect(body.complete).toBe(true);
      expect(fed(body, [Buffer.from("5\r\nhello\r\n")])).toEqual({ text: "", complete: true });
    }
  });
});

describe("a chunked body (RFC 9112 §7.1)", () => {
  it.each([
    ["one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello"],
    ["several", "1\r\nh\r\n4\r\nello\r\n0\r\n\r\n", "hello"],
    ["no chunk at all", "0\r\n\r\n", ""],
    ["a last chunk of many zeros", "1\r\na\r\n00000000\r\n\r\n", "a"],
    [
      "sizes in both cases",
      `a\r\n${"x".repeat(10)}\r\nB\r\n${"y".repeat(11)}\r\n0\r\n\r\n`,
      "x".repeat(10) + "y".repeat(11),
    ],
    ["zeros before a size", "00000005\r\nhello\r\n0\r\n", "hello"],
    ["an extension", '5;name="value";x\r\nhello\r\n0;y\r\n\r\n', "hello"],
    ["spaces behind the size", "5 \t\r\nhello\r\n0\r\n\r\n", "hello"],
    ["trailers", "5\r\nhello\r\n0\r\nExpires: never\r\n\r\n", "hello"],
    ["line ends in the data", "6\r\n\r\na\r\n\r\r\n0\r\n\r\n", "\r\na\r\n\r"],
    ["another answer behind it", "5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "hello"],
  ])("%s", (_, text, whole) => {
    expect(read(text, chunked)).toEqual({ text: whole, complete: true });
  });

  it.each([
    ["nothing", "", ""],
    ["half a size line", "5\r", ""],
    ["a size alone", "5\r\n", ""],
    ["part of a chunk", "5\r\nhel", "hel"],
    ["a chunk without its end", "5\r\nhello", "hello"],
    ["a chunk with half of its end", "5\r\nhello\r", "hello"],
    ["no last chunk", "5\r\nhello\r\n", "hello"],
    ["half of the last one", "5\r\nhello\r\n0\r", "hello"],
  ])("is not complete with %s", (_, text, whole) => {
    expect(read(text, chunked)).toEqual({ text: whole, complete: false });
  });

  it.each([
    ["no size", "\r\nhello", ""],
    ["an extension without a size", ";a\r\nhello", ""],
    ["a size that is none", "g\r\nhello", ""],
    ["a negative size", "-5\r\nhello", ""],
    ["a size with a prefix", "0x5\r\nhello", ""],
    ["a space before the size", " 5\r\nhello", ""],
    ["a size of nine digits", "000000005\r\nhello", ""],
    ["a bare LF behind the size", "5\nhello\r\n", ""],
    ["two CR behind the size", "5\r\r\nhello", ""],
    ["a chunk that is longer than its size", "4\r\nhello\r\n0\r\n\r\n", "hell"],
    ["a chunk that ends in a bare LF", "5\r\nhello\n1\r\nx\r\n0\r\n\r\n", "hello"],
    ["a chunk that ends in two CR", "5\r\nhello\r\r\n1\r\nx\r\n0\r\n\r\n", "hello"],
    ["something wrong in the second chunk", "1\r\na\r\nhello\r\n", "a"],
  ])("counts as complete where it stops making sense: %s", (_, text, whole) => {
    expect(read(text, chunked)).toEqual({ text: whole, complete: true });
  });

  it("reads all cuts of a short one", () => {
    for (const chunks of allSplits(Buffer.from("2\r\nhi\r\n0\r\n"))) {
      expect(fed(bodyOf(chunked), chunks)).toEqual({ text: "hi", complete: true });
    }
  });

  it("a size line may have 256 bytes, its CR among them, and not one more, however they are cut", () => {
    const line = (size: number) => `5;${"x".repeat(size - 3)}\r\nhello\r\n0\r\n`;
    expect(read(line(256), chunked)).toEqual({ text: "hello", complete: true });
    expect(read(line(257), chunked)).toEqual({ text: "", complete: true });
    expect(read(line(10_000), chunked)).toEqual({ text: "", complete: true });
  });

  it("an endless line comes to an end, as a size and behind a chunk", () => {
    for (const start of ["", "1\r\na"]) {
      const body = bodyOf(chunked);
      body.read(Buffer.from(start));
      let sent = 0;
      for (; !body.complete && sent < 1000; sent += 1) body.read(Buffer.from("5"));
      expect(sent).toBe(257);
    }
  });

  it("is seen whatever else was done to it, by name in any case", () => {
    for (const lines of [
      [["transfer-encoding", "Chunked"]],
      [["Transfer-Encoding", "gzip,\tchunked"]],
      [
        ["Transfer-Encoding", "gzip"],
        ["Transfer-Encoding", "chunked"],
      ],
      [...chunked, ...length("3")],
    ] satisfies Lines[]) {
      expect(read("5\r\nhello\r\n0\r\n\r\n", lines)).toEqual({ text: "hello", complete: true });
    }
  });
});

describe("the limit", () => {
  it.each([
    ["of a known length", "hello, world", length("12")],
    ["of a length beyond all limits", "hello, world", length("1073741824")],
    ["up to the end of the connection", "hello, world", []],
    ["in one chunk", "c\r\nhello, world\r\n0\r\n\r\n", chunked],
    ["in a chunk beyond all limits", "ffffffff\r\nhello, world", chunked],
    ["in chunks", "2\r\nhe\r\n3\r\nllo\r\n7\r\n, world\r\n0\r\n\r\n", chunked],
  ] satisfies readonly (readonly [string, string, Lines])[])("is kept to, %s", (_, text, lines) => {
    expect(read(text, lines, 5)).toEqual({ text: "hello", complete: true });
    expect(read(text, lines, 0)).toEqual({ text: "", complete: true });
  });

  it("may cut a character in two", () => {
    expect(read("\xe2\x82\xac", [], 2)).toEqual({ text: "\ufffd", complete: true });
  });

  it("may be Infinity", () => {
    const whole = "x".repeat(100_000);
    expect(read(whole, length("100000"), Number.POSITIVE_INFINITY)).toEqual({ text: whole, complete: true });
  });

  it("holds against empty chunks of extensions and chunks of one byte", () => {
    const body = bodyOf(chunked, 100);
    let sent = 0;
    for (; !body.complete && sent < 1000; sent += 1) body.read(Buffer.from("1;extension\r\na\r\n"));
    expect(sent).toBe(100);
    expect(body.text).toBe("a".repeat(100));
  });
});

describe("the text", () => {
  it("is UTF-8, whole also where a character is cut", () => {
    const text = "滴水之恩 \u{1f600}";
    const bytes = Buffer.from(text).toString("latin1");
    expect(read(bytes, length(String(bytes.length)))).toEqual({ text, complete: true });
  });

  it("is a copy: the chunks may be written into afterwards", () => {
    for (const lines of [[], length("20"), chunked]) {
      const body = bodyOf(lines);
      for (const text of ["5\r\nhel", "lo\r\n", "5\r\nagain", "\r\n"]) {
        const chunk = Buffer.from(text);
        body.read(chunk);
        chunk.fill(0xff);
      }
      expect(body.text).toBe(lines === chunked ? "helloagain" : "5\r\nhello\r\n5\r\nagain\r\n".slice(0, 20));
    }
  });

  it("stays as it is once the body is complete", () => {
    const body = bodyOf(length("2"));
    expect(fed(body, [Buffer.from("abc"), Buffer.from("def")])).toEqual({ text: "ab", complete: true });
  });
});

it("whatever comes, it ends, keeps to its limit and does not mind how it was cut", () => {
  const parts = fc.constantFrom(
    "0",
    "1",
    "5",
    "ff",
    "\r\n",
    "\r",
    "\n",
    ";",
    " ",
    "\0",
    "hello",
    "x".repeat(100),
  );
  const texts = fc.array(parts, { maxLength: 16 }).map((array) => Buffer.from(array.join("")));
  const headers = fc.constantFrom(chunked, [], length("7"), length("0"));
  const limit = fc.constantFrom(0, 1, 7, 1000);
  fc.assert(
    fc.property(headers, texts, limit, fc.array(fc.nat(64), { maxLength: 4 }), (lines, text, max, cuts) => {
      const whole = fed(bodyOf(lines, max), [Buffer.from(text)]);
      expect(whole.text.length).toBeLessThanOrEqual(max);
      const places = cuts.sort((one, other) => one - other);
      expect(fed(bodyOf(lines, max), cutAt(text, places))).toEqual(whole);
      expect(fed(bodyOf(lines, max), inChunks(text, 1))).toEqual(whole);
    }),
    runs(1000),
  );
});
