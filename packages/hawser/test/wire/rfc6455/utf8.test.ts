// Utf8Checker against the platform's decoder, at every cut, and refused no later than it must be (RFC 6455 §8.1, RFC 3629).
import { describe, expect, test } from "vitest";
import { Utf8Checker } from "../../../src/wire/rfc6455/utf8.ts";
import { bytes } from "../../support/bytes.ts";
import { canBecomeUtf8, isWholeUtf8 } from "../../support/plain-utf8.ts";
import { Random } from "../../support/random.ts";
import { everySplit } from "../../support/splits.ts";

/** Feeds pieces and says what the checker thinks of the whole. */
function check(...pieces: readonly Uint8Array[]): "valid" | "incomplete" | "invalid" {
  const checker = new Utf8Checker();
  for (const piece of pieces) if (!checker.push(piece, 0, piece.length)) return "invalid";
  return checker.complete ? "valid" : "incomplete";
}

function expected(input: Uint8Array): "valid" | "incomplete" | "invalid" {
  return isWholeUtf8(input) ? "valid" : canBecomeUtf8(input) ? "incomplete" : "invalid";
}

/** Checked whole, in two parts everywhere, and byte by byte with an eye on the byte where it fails. */
function expectRight(input: Uint8Array): void {
  const whole = expected(input);
  const name = Buffer.from(input).toString("hex");
  expect(check(input), name).toBe(whole);
  for (const parts of everySplit(input)) expect(check(...parts), name).toBe(whole);
  const checker = new Utf8Checker();
  for (let end = 1; end <= input.length; end += 1) {
    const soFar = input.subarray(0, end);
    const goesOn = checker.push(input, end - 1, end);
    expect(goesOn, `${name} up to byte ${end}`).toBe(canBecomeUtf8(soFar));
    if (!goesOn) return;
    expect(checker.complete, name).toBe(isWholeUtf8(soFar));
  }
}

describe("Utf8Checker", () => {
  test("nothing is valid text", () => {
    expect(check()).toBe("valid");
    expect(check(bytes``)).toBe("valid");
  });

  test.each([
    ["the ends of the one-byte range", bytes`00 7f`],
    ["the ends of the two-byte range", bytes`c2 80 df bf`],
    ["the ends of the three-byte range", bytes`e0 a0 80 ef bf bf`],
    ["around the surrogates", bytes`ed 9f bf ee 80 80`],
    ["the ends of the four-byte range", bytes`f0 90 80 80 f4 8f bf bf`],
    ["noncharacters and marks", bytes`ef bb bf ef bf be ef b7 90 f0 9f bf bf`],
    ["a mixture", Buffer.from("aé水😀 b")],
  ])("takes %s", (_what, input) => {
    expect(check(input)).toBe("valid");
    expectRight(input);
  });

  test.each([
    ["a continuation with no start", bytes`80`, 1],
    ["a continuation behind a whole character", bytes`c3 a9 80`, 3],
    ["five continuations", bytes`80 80 80 80 80`, 1],
    ["C0, overlong by any second byte", bytes`c0 80`, 1],
    ["C1, overlong by any second byte", bytes`c1 bf`, 1],
    ["an overlong form of three bytes", bytes`e0 9f bf`, 2],
    ["an overlong form of four bytes", bytes`f0 8f bf bf`, 2],
    ["the lowest surrogate", bytes`ed a0 80`, 2],
    ["the highest surrogate", bytes`ed bf bf`, 2],
    ["a pair of surrogates (CESU-8)", bytes`ed a0 bd ed b8 80`, 2],
    ["what lies above U+10FFFF", bytes`f4 90 80 80`, 2],
    ["F5", bytes`f5 80 80 80`, 1],
    ["a form of five bytes", bytes`f8 88 80 80 80`, 1],
    ["a form of six bytes", bytes`fc 84 80 80 80 80`, 1],
    ["FE", bytes`fe`, 1],
    ["FF", bytes`ff`, 1],
    ["a character cut short by another", bytes`e6 b0 61`, 3],
    ["a character cut short by a start", bytes`f0 9f c3 a9`, 3],
    ["a third byte out of range", bytes`f0 9f 98 41`, 4],
  ])("refuses %s at the byte that makes it impossible", (_what, input, at) => {
    expect(check(input.subarray(0, at - 1))).not.toBe("invalid");
    expect(check(input.subarray(0, at))).toBe("invalid");
    for (const before of ["", "a", "水"]) expectRight(bytes`${before} ${input} ${"z"}`);
  });

  test.each([bytes`c3`, bytes`e6`, bytes`e6 b0`, bytes`f0`, bytes`f0 9f`, bytes`f0 9f 98`])(
    "%o at the end is a character that is cut",
    (input) => {
      expect(check(input)).toBe("incomplete");
      expectRight(bytes`${"ab"} ${input}`);
    },
  );

  test("looks only between start and end", () => {
    const checker = new Utf8Checker();
    expect(checker.push(bytes`ff c3 a9 ff`, 1, 3)).toBe(true);
    expect(checker.push(bytes`a9 41`, 1, 1)).toBe(true);
    expect(checker.complete).toBe(true);
    // The byte before `start` is no part of a character either.
    expect(checker.push(bytes`e6 b0`, 1, 2)).toBe(false);
  });

  test("after reset it knows of no cut character", () => {
    const checker = new Utf8Checker();
    expect(checker.push(bytes`e0`, 0, 1)).toBe(true);
    expect(checker.complete).toBe(false);
    checker.reset();
    expect(checker.complete).toBe(true);
    expect(checker.push(bytes`c3 80`, 0, 2)).toBe(true);
    expect(checker.push(bytes`f4`, 0, 1)).toBe(true);
    checker.reset();
    expect(checker.push(bytes`c3`, 0, 1)).toBe(true);
    expect(checker.push(bytes`bf`, 0, 1)).toBe(true);
  });

  test("every pair of bytes that matters", () => {
    const seconds = [
      0x00, 0x41, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xf4, 0xff,
    ];
    for (let first = 0x7e; first < 0x100; first += 1) {
      for (const second of seconds) {
        const pair = Uint8Array.of(first, second);
        const verdict = expected(pair);
        if (check(pair) !== verdict) expect(check(pair), `${first} ${second}`).toBe(verdict);
      }
    }
  });

  test("every three and four bytes that matter", () => {
    const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xff];
    for (const first of [0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5]) {
      for (const second of edges) {
        for (const third of edges) {
          const input = Uint8Array.of(first, second, third, 0x80);
          const verdict = expected(input);
          if (check(input) !== verdict)
            expect(check(input), Buffer.from(input).toString("hex")).toBe(verdict);
        }
      }
    }
  });

  test("generated text, whole and with one byte changed", () => {
    const random = new Random(8);
    const characters = ["a", "\0", "é", "ߧ", "水", "\ud7ff", "\uffff", "😀", "\u{10ffff}"];
    for (let round = 0; round < 300; round += 1) {
      const text = Array.from({ length: 1 + random.below(8) }, () => random.pick(characters)).join("");
      const input = Buffer.from(text);
      expectRight(input);
      input[random.below(input.length)] = random.below(256);
      expectRight(input);
    }
  });
});
