// Lines of standard input, however they are cut.
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/connect/input-error.ts";
import { LineReader } from "../../src/connect/lines.ts";

/** The bytes in chunks of this size. */
async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What is read, a line that came in pieces as an array of them. */
async function read(source: AsyncIterable<Uint8Array>, whole = 64): Promise<(string | string[])[]> {
  const lines: (string | string[])[] = [];
  for await (const line of new LineReader(source, whole)) {
    if (typeof line === "string") {
      lines.push(line);
      continue;
    }
    const pieces: string[] = [];
    for await (const piece of line) pieces.push(piece);
    lines.push(pieces);
  }
  return lines;
}

const joined = (lines: (string | string[])[]) =>
  lines.map((line) => (typeof line === "string" ? line : line.join("")));

describe.each([1, 2, 3, 7, 1000])("in chunks of %i bytes", (size) => {
  test.each<[string, string[]]>([
    ["", []],
    ["\n", [""]],
    ["\n\n", ["", ""]],
    ["one", ["one"]],
    ["one\n", ["one"]],
    ["one\ntwo", ["one", "two"]],
    ["one\r\ntwo\r\n", ["one", "two"]],
    ["a\rb\n\r\n", ["a\rb", ""]],
    ["one\r", ["one\r"]],
    ["\ufeffGrüße 🐈\n滴水之恩\n", ["\ufeffGrüße 🐈", "滴水之恩"]],
    [`${"long".repeat(50)}\nshort\n`, ["long".repeat(50), "short"]],
    [`${"ü".repeat(200)}\r\n${"🐈".repeat(200)}\r`, ["ü".repeat(200), `${"🐈".repeat(200)}\r`]],
    [`${"\r".repeat(200)}\n`, ["\r".repeat(199)]],
  ])("%.30j", async (input, lines) => {
    expect(joined(await read(chunks(Buffer.from(input), size)))).toEqual(lines);
  });
});

test("a line up to the given size is whole, a longer one comes in pieces as it is read", async () => {
  const input = Buffer.from(`${"x".repeat(64)}\n${"y".repeat(300)}\nz\n`);
  const [whole, pieces, after] = await read(chunks(input, 16));
  expect(whole).toBe("x".repeat(64));
  expect(pieces).toBeInstanceOf(Array);
  for (const piece of pieces ?? []) expect(piece.length).toBeLessThanOrEqual(80);
  expect(after).toBe("z");
});

test("a line without an end is not collected: its pieces come before its end is read", async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      given += 16;
      yield Buffer.alloc(16, "x");
    }
  }
  for await (const line of new LineReader(endless(), 64)) {
    if (typeof line === "string") throw new Error("it has no end");
    let got = 0;
    for await (const piece of line) {
      got += piece.length;
      expect(given - got).toBeLessThanOrEqual(32);
      if (got > 10_000) break;
    }
    break;
  }
});

test.each([
  ["a whole line", [0x6f, 0x6b, 0x0a, 0xff, 0x0a], 2],
  ["a cut character", [0x61, 0xc3, 0x0a], 1],
  ["a surrogate", [0xed, 0xa0, 0x80, 0x0a], 1],
  ["a long line", Array(300).fill(0x61).concat(0xff), 1],
  ["a long line that ends inside of a character", Array(300).fill(0x61).concat(0xc3), 1],
])("%s that is not UTF-8 is an error that names the line", async (_name, bytes, line) => {
  for (const size of [1, 16, 1000]) {
    const reading = read(chunks(Uint8Array.from(bytes), size));
    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(`line ${line} of the input is not UTF-8`);
  }
});

test("lines of a stream", async () => {
  expect(await read(Readable.from([Buffer.from("a\nb"), Buffer.from("c\n")]))).toEqual(["a", "bc"]);
});
