// Whether bytes are all ASCII, by words and by bytes: the same answer wherever they lie.
import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { isAscii, wordsOf } from "../../../src/wire/rfc6455/ascii.ts";

const chunk = () => Buffer.from(new ArrayBuffer(320)).fill("a");

test("every position of the one byte that is not, against every start and end near it", () => {
  const bytes = chunk();
  const words = wordsOf(bytes);
  expect(words).toHaveLength(80);
  for (let odd = 8; odd < 40; odd++) {
    bytes[odd] = 0x80;
    for (let start = 4; start < 12; start++) {
      for (let end = start; end < 44; end++) {
        const expected = odd < start || odd >= end;
        expect([isAscii(bytes, start, end, words), isAscii(bytes, start, end, undefined)]).toEqual([
          expected,
          expected,
        ]);
      }
    }
    bytes[odd] = 0x61;
  }
});

test.each([0x7f, 0x80, 0xc3, 0xff])("the byte %i in each place of a long text", (byte) => {
  const bytes = chunk();
  for (let odd = 3; odd < 317; odd++) {
    bytes[odd] = byte;
    expect(isAscii(bytes, 3, 317, wordsOf(bytes))).toBe(byte < 0x80);
    bytes[odd] = 0x61;
  }
});

test("a chunk that is short, or begins between two words, has no words", () => {
  const bytes = chunk();
  expect(wordsOf(bytes.subarray(0, 255))).toBeUndefined();
  expect(wordsOf(bytes.subarray(1))).toBeUndefined();
  expect(wordsOf(bytes.subarray(4))).toHaveLength(79);
  expect(wordsOf(bytes.subarray(4, 263))).toHaveLength(64);
});
