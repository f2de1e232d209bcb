// The kit itself, where a mistake in it would make other tests mean nothing.
import { describe, expect, test } from "vitest";
import { bytes, filler } from "./bytes.ts";
import { buildFrame, KEY, masked, plain, readFrames } from "./frames.ts";
import { Session } from "./session.ts";
import { allSplits, byteByByte, cutAt, everySplit, inChunks, underEverySplit } from "./splits.ts";

describe("bytes", () => {
  test("hexadecimal digits and what stands between them", () => {
    expect(bytes`81 05${"Hello"} ${0xff} ${bytes`0102`}`).toEqual(Buffer.from("810548656c6c6fff0102", "hex"));
    expect(bytes``).toHaveLength(0);
  });

  test("refuses what is no pair of digits", () => {
    expect(() => bytes`8`).toThrow("not pairs of hexadecimal digits");
    expect(() => bytes`zz`).toThrow("not pairs of hexadecimal digits");
  });
});

describe("frames", () => {
  test("are those of RFC 6455 §5.7", () => {
    expect(plain.text("Hello")).toEqual(bytes`81 05 48 65 6c 6c 6f`);
    expect(masked.text("Hello")).toEqual(bytes`81 85 37 fa 21 3d 7f 9f 4d 51 58`);
    expect(plain.text("Hel", { fin: false })).toEqual(bytes`01 03 48 65 6c`);
    expect(plain.last("lo")).toEqual(bytes`80 02 6c 6f`);
    expect(plain.binary(filler(256)).subarray(0, 4)).toEqual(bytes`82 7e 01 00`);
  });

  test("may be wrong in any way", () => {
    expect(plain.text("a", { form: 64 })).toEqual(bytes`81 7f 00 00 00 00 00 00 00 01 61`);
    expect(plain.more("", { rsv: 0x70, length: 2n ** 64n - 1n })).toEqual(
      bytes`70 7f ff ff ff ff ff ff ff ff`,
    );
    expect(plain.close(5, "x")).toEqual(bytes`88 03 00 05 78`);
  });

  test("are read as they were built", () => {
    const spec = { opcode: 11, fin: false, rsv: 0x20, payload: filler(70_000) };
    const read = readFrames(
      Buffer.concat([buildFrame({ ...spec, mask: KEY }), buildFrame(spec), plain.ping()]),
    );
    expect(read.map(({ masked: isMasked, opcode }) => [isMasked, opcode])).toEqual([
      [true, 11],
      [false, 11],
      [false, 9],
    ]);
    expect(read.slice(0, 2).every(({ payload }) => payload.equals(spec.payload))).toBe(true);
    expect(() => readFrames(bytes`81 05 48`)).toThrow("a frame is cut");
  });
});

describe("splits", () => {
  const input = bytes`01 02 03 04`;
  const whole = (chunks: Buffer[]) => Buffer.concat(chunks).equals(input);

  test("in two, in chunks, in all ways", () => {
    expect([...everySplit(input)].map((chunks) => chunks.map(({ length }) => length))).toEqual([
      [1, 3],
      [2, 2],
      [3, 1],
    ]);
    expect(byteByByte(input)).toHaveLength(4);
    expect(inChunks(input, 3)).toEqual([bytes`01 02 03`, bytes`04`]);
    expect(cutAt(input, [0, 2, 2])).toEqual([bytes``, bytes`01 02`, bytes``, bytes`03 04`]);
    const all = [...allSplits(input)];
    expect(all).toHaveLength(8);
    expect(new Set(all.map((chunks) => chunks.map(({ length }) => length).join())).size).toBe(8);
    expect([...everySplit(input), ...all, byteByByte(input)].every(whole)).toBe(true);
  });

  test("12 bytes can be cut in 2048 ways; more are too many", () => {
    expect([...allSplits(filler(12))]).toHaveLength(2048);
    expect(() => [...allSplits(filler(13))]).toThrow(RangeError);
  });

  test("a result that hangs on the split is found", () => {
    expect(underEverySplit(input, (chunks) => Buffer.concat(chunks))).toEqual(input);
    expect(() => underEverySplit(input, (chunks) => chunks[0]!.length === 3)).toThrow("cut into 3+1");
    expect(() => underEverySplit(filler(600), (chunks) => chunks.length === 600)).toThrow(
      "cut into 600 chunks",
    );
  });
});

test("a deadline that a tick leaves where it was is a mistake of the machine's", () => {
  const session = new Session();
  Object.defineProperty(session.wire, "deadline", { value: session.now });
  expect(() => session.advance(1)).toThrow("left the deadline where it was");
});
