// Masking against the loop of RFC 6455 §5.3, at every alignment, length and phase.
import { afterEach, describe, expect, test, vi } from "vitest";
import { applyMask, rotate, swapBytes } from "../../../src/wire/rfc6455/mask.ts";
import { bytes, filler } from "../../support/bytes.ts";
import { KEY, xored } from "../../support/frames.ts";

const MASK = KEY.readInt32LE();
/** Alignments of the memory times places in it. */
const places = Array.from({ length: 8 }, (_, offset) => offset);

describe("applyMask", () => {
  test("the example of RFC 6455 §5.7", () => {
    const payload = bytes`7f 9f 4d 51 58`;
    expect(applyMask(payload, 0, 5, MASK)).toBe(true);
    expect(payload.toString()).toBe("Hello");
  });

  test.each(places)("does what the plain loop does, %i bytes into its memory", (offset) => {
    const source = filler(400);
    for (let length = 0; length <= 300; length += 1) {
      const memory = new Uint8Array(source);
      const view = memory.subarray(offset >> 1);
      const start = offset - (offset >> 1);
      const expected = Buffer.from(source);
      xored(source.subarray(offset, offset + length), KEY).copy(expected, offset);
      applyMask(view, start, start + length, MASK);
      // Nothing before or behind was touched either.
      if (!expected.equals(memory)) expect(Buffer.from(memory)).toEqual(expected);
    }
  });

  test("done twice, it undoes itself", () => {
    const payload = filler(1000);
    applyMask(payload, 1, 999, MASK);
    expect(payload).not.toEqual(filler(1000));
    applyMask(payload, 1, 999, MASK);
    expect(payload).toEqual(filler(1000));
  });

  test.each([0, -1, 0x80000000, 0xff030201, 0x01])("takes the key %i, signed or not", (mask) => {
    const key = Buffer.alloc(4);
    key.writeInt32LE(mask | 0);
    const payload = filler(100);
    applyMask(payload, 0, 100, mask);
    expect(payload).toEqual(xored(filler(100), key));
  });

  test("tells whether all that comes out is ASCII, wherever the byte is that is not", () => {
    for (const length of [0, 1, 3, 4, 7, 47, 48, 49, 63, 64, 79, 80, 83, 101]) {
      for (const start of [0, 1, 2, 3]) {
        const clear = Buffer.alloc(start + length, 0x7f);
        const masked = () => Buffer.concat([clear.subarray(0, start), xored(clear.subarray(start), KEY)]);
        expect(applyMask(masked(), start, start + length, MASK)).toBe(true);
        for (let at = start; at < start + length; at += 1) {
          clear[at] = 0x80;
          expect(applyMask(masked(), start, start + length, MASK)).toBe(false);
          clear[at] = 0x7f;
        }
      }
    }
  });
});

describe("rotate", () => {
  test("a payload masked piece by piece is the payload masked at once", () => {
    const whole = xored(filler(120), KEY);
    for (let cut = 0; cut <= 120; cut += 1) {
      const payload = filler(120);
      applyMask(payload, 0, cut, MASK);
      applyMask(payload, cut, 120, rotate(MASK, cut));
      if (!payload.equals(whole)) expect(payload).toEqual(whole);
    }
  });

  test("turns by the bytes that went before", () => {
    expect([0, 1, 2, 3, 4].map((phase) => rotate(0x04030201, phase))).toEqual([
      0x04030201, 0x01040302, 0x02010403, 0x03020104, 0x04030201,
    ]);
    expect(rotate(0xff000000 | 0, 1)).toBe(0x00ff0000);
  });
});

describe("machines with the high byte first", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test("swapBytes turns a word round", () => {
    expect(swapBytes(0x04030201)).toBe(0x01020304);
    expect(swapBytes(0xff000000)).toBe(0xff);
    expect(swapBytes(0x80)).toBe(0x80000000 | 0);
    for (const word of [0, 1, -1, 0x7fffffff, 0x12345678, MASK])
      expect(swapBytes(swapBytes(word))).toBe(word);
  });

  test("words meet the key as it lies in memory there", async () => {
    // A machine where the number 1 has its 1 in the last byte, as far as mask.ts can see.
    vi.stubGlobal("Uint32Array", function highByteFirst() {
      return { buffer: Uint8Array.of(0, 0, 0, 1).buffer };
    });
    vi.resetModules();
    const there = await import("../../../src/wire/rfc6455/mask.ts");
    // Here, words taken with the key swapped come out as if the key were written backwards; single bytes do not.
    const payload = new Uint8Array(64);
    there.applyMask(payload, 0, 64, MASK);
    expect(Buffer.from(payload)).toEqual(xored(new Uint8Array(64), Buffer.from(KEY).reverse()));
    const short = new Uint8Array(8);
    there.applyMask(short, 0, 8, MASK);
    expect(Buffer.from(short)).toEqual(xored(new Uint8Array(8), KEY));
  });
});
