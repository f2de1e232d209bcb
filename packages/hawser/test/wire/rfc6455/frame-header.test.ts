// The frame header: every form at its borders, read and written (RFC 6455 §5.2).
import { describe, expect, test } from "vitest";
import {
  emptyHeader,
  headerSize,
  MAX_HEADER,
  readHeader,
  writeHeader,
} from "../../../src/wire/rfc6455/frame-header.ts";
import { bytes } from "../../support/bytes.ts";
import { buildFrame, KEY } from "../../support/frames.ts";

/** Reads a header that stands alone. */
function read(input: Buffer) {
  const header = emptyHeader();
  const size = readHeader(header, input, 0, input.length);
  return { size, ...header };
}

const forms = [
  { length: 0, lengthBytes: 0, size: 2 },
  { length: 1, lengthBytes: 0, size: 2 },
  { length: 125, lengthBytes: 0, size: 2 },
  { length: 126, lengthBytes: 2, size: 4 },
  { length: 127, lengthBytes: 2, size: 4 },
  { length: 0x0100, lengthBytes: 2, size: 4 },
  { length: 65_535, lengthBytes: 2, size: 4 },
  { length: 65_536, lengthBytes: 8, size: 10 },
  { length: 2 ** 31, lengthBytes: 8, size: 10 },
  { length: 2 ** 32 - 1, lengthBytes: 8, size: 10 },
  { length: 2 ** 32, lengthBytes: 8, size: 10 },
  { length: 0x0102_0304_0506, lengthBytes: 8, size: 10 },
  { length: Number.MAX_SAFE_INTEGER, lengthBytes: 8, size: 10 },
] as const;

describe.each(forms)("a length of $length", ({ length, lengthBytes, size }) => {
  const header = (mask?: Buffer) => buildFrame({ opcode: 2, length, mask });

  test("is written in its shortest form", () => {
    const buffer = Buffer.alloc(20, 0xee);
    expect(headerSize(length, false)).toBe(size);
    expect(writeHeader(buffer, 3, 0x82, length, undefined)).toBe(3 + size);
    expect(buffer.subarray(3, 3 + size)).toEqual(header());
    expect([buffer[2], buffer[3 + size]]).toEqual([0xee, 0xee]);
  });

  test("is written with a key", () => {
    const buffer = Buffer.alloc(20, 0xee);
    expect(headerSize(length, true)).toBe(size + 4);
    expect(writeHeader(buffer, 1, 0x82, length, KEY.readInt32LE())).toBe(size + 5);
    expect(buffer.subarray(1, size + 5)).toEqual(header(KEY));
    expect(buffer[size + 5]).toBe(0xee);
  });

  test("is read", () => {
    expect(read(header())).toEqual({
      size,
      fin: true,
      reserved: 0,
      opcode: 2,
      masked: false,
      length,
      lengthBytes,
      mask: 0,
    });
    expect(read(header(KEY))).toMatchObject({ size: size + 4, masked: true, length, mask: 0x3d21fa37 });
  });

  test("is unknown until all of its bytes are there, and the size is known before", () => {
    const whole = header(KEY);
    for (let have = 2; have < whole.length; have += 1) {
      const part = read(whole.subarray(0, have));
      expect(part).toMatchObject({ size: size + 4, masked: true, lengthBytes });
      expect(part.length).toBe(have >= size ? length : -1);
    }
  });
});

describe("readHeader", () => {
  test("reads where it is told to", () => {
    const header = emptyHeader();
    expect(readHeader(header, bytes`ff ff 81 05 ff`, 2, 5)).toBe(2);
    expect(header).toMatchObject({ fin: true, opcode: 1, length: 5, reserved: 0 });
  });

  test("does not look beyond its end", () => {
    const header = emptyHeader();
    expect(readHeader(header, bytes`82 7e 01 02`, 0, 3)).toBe(4);
    expect(header.length).toBe(-1);
    expect(readHeader(header, bytes`82 7f 00 00 00 00 00 01 00 00`, 0, 9)).toBe(10);
    expect(header.length).toBe(-1);
  });

  test("overwrites what the last header left", () => {
    const header = emptyHeader();
    readHeader(header, bytes`f1 fe 01 02 37 fa 21 3d`, 0, 8);
    readHeader(header, bytes`0a 03`, 0, 2);
    expect(header).toEqual({
      fin: false,
      reserved: 0,
      opcode: 10,
      masked: false,
      length: 3,
      lengthBytes: 0,
      mask: 0,
    });
  });

  test.each([
    [0xc1, 0x40],
    [0xa1, 0x20],
    [0x91, 0x10],
    [0xf1, 0x70],
  ])("of a first byte %i takes the reserved bits %i", (first, reserved) => {
    expect(read(bytes`${first} 00`)).toMatchObject({ reserved, fin: true, opcode: 1 });
  });

  test("keeps keys whose last byte has the top bit", () => {
    expect(read(bytes`82 80 01 02 03 ff`).mask).toBe(0xff030201 | 0);
  });

  test("lengths above 2^53 stay above, and apart from those with the top bit (§5.2)", () => {
    for (const length of [2n ** 53n, 2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n]) {
      const got = read(buildFrame({ opcode: 2, length })).length;
      expect(got).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
      expect(got).toBeLessThan(2 ** 63);
    }
    for (const length of [2n ** 63n, 2n ** 63n + 1n, 2n ** 64n - 1n]) {
      expect(read(buildFrame({ opcode: 2, length })).length).toBeGreaterThanOrEqual(2 ** 63);
    }
  });
});

describe("writeHeader", () => {
  test("takes a key as any 32-bit number, signed or not", () => {
    const buffer = Buffer.alloc(6);
    for (const mask of [0xff030201, 0xff030201 | 0]) {
      writeHeader(buffer.fill(0), 0, 0x82, 0, mask);
      expect(buffer).toEqual(bytes`82 80 01 02 03 ff`);
    }
  });

  test("never takes more than MAX_HEADER", () => {
    expect(headerSize(Number.MAX_SAFE_INTEGER, true)).toBe(MAX_HEADER);
  });
});
