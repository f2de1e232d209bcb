// Conversions of Web IDL.
import { describe, expect, test } from "vitest";
import {
  bufferSource,
  clampedUnsignedShort,
  dictionary,
  domString,
  enforcedUnsignedShort,
  isIterable,
  requireArguments,
  unsignedShort,
  usvString,
} from "../../../src/client/whatwg/web-idl.ts";

describe("strings", () => {
  test.each([
    ["a", "a"],
    [5, "5"],
    [null, "null"],
    [undefined, "undefined"],
    [[1, 2], "1,2"],
    [{ toString: () => "own" }, "own"],
    [10n, "10"],
  ])("%s is a DOMString", (value, text) => expect(domString(value)).toBe(text));

  test("a symbol is none", () => expect(() => domString(Symbol("s"))).toThrow(TypeError));

  test("what cannot be converted throws its own error", () => {
    const error = new RangeError("own");
    const object = {
      toString() {
        throw error;
      },
    };
    expect(() => domString(object)).toThrow(error);
  });

  test.each([
    ["a\uD800b", "a\uFFFDb"],
    ["\uDC00\uD800", "\uFFFD\uFFFD"],
    ["a😀b", "a😀b"],
    ["\uFEFFx", "\uFEFFx"],
  ])("USVString of %j", (given, text) => expect(usvString(given)).toBe(text));
});

describe("numbers", () => {
  test.each([
    [1000, 1000],
    ["3000", 3000],
    [Number.NaN, 0],
    ["x", 0],
    [null, 0],
    [true, 1],
    [-5, 0],
    [1e9, 65535],
    [Number.POSITIVE_INFINITY, 65535],
    [999.4, 999],
    [999.5, 1000],
    [1000.5, 1000],
    [1000.6, 1001],
    [1001.5, 1002],
  ])("[Clamp] %s", (given, number) => expect(clampedUnsignedShort(given)).toBe(number));

  test.each([
    [0, 0],
    [65535.9, 65535],
    [-0.5, 0],
    ["1000", 1000],
    [null, 0],
  ])("[EnforceRange] %s", (given, number) => expect(enforcedUnsignedShort("it", given)).toBe(number));

  test.each([-1, 65536, Number.NaN, Number.POSITIVE_INFINITY, "x", {}])(
    "[EnforceRange] refuses %s",
    (given) => expect(() => enforcedUnsignedShort("it", given)).toThrow(TypeError),
  );

  test.each([
    [65536 + 1000, 1000],
    [-1, 65535],
    [Number.NaN, 0],
    [1000.9, 1000],
  ])("modulo: %s", (given, number) => expect(unsignedShort(given)).toBe(number));

  test("a bigint is no number", () => {
    expect(() => clampedUnsignedShort(1000n)).toThrow(TypeError);
    expect(() => enforcedUnsignedShort("it", 1000n)).toThrow(TypeError);
    expect(() => unsignedShort(1000n)).toThrow(TypeError);
  });
});

test("arguments", () => {
  expect(() => requireArguments("send()", 0, 1)).toThrow(new TypeError("send() needs 1 argument, and has 0"));
  expect(requireArguments("send()", 2, 1)).toBeUndefined();
});

test("dictionaries", () => {
  const given = { a: 1 };
  expect([dictionary("it", given), dictionary("it", null), dictionary("it", undefined)]).toEqual([
    given,
    {},
    {},
  ]);
  for (const wrong of [true, 5, "text", Symbol("s")])
    expect(() => dictionary("it", wrong)).toThrow(TypeError);
});

test("sequences", () => {
  expect([[], new Set(), new String("ab")].map(isIterable)).toEqual([true, true, true]);
  expect(["text", {}, null, 5, { [Symbol.iterator]: null }].map(isIterable)).toEqual(Array(5).fill(false));
});

describe("BufferSource", () => {
  test("a buffer, and each kind of view, is its bytes in the same memory", () => {
    const buffer = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7).buffer;
    expect(bufferSource(buffer)).toEqual(new Uint8Array(buffer));
    expect(bufferSource(new Uint16Array(buffer, 2, 2))).toEqual(Uint8Array.of(2, 3, 4, 5));
    expect(bufferSource(new DataView(buffer, 6))).toEqual(Uint8Array.of(6, 7));
    expect(bufferSource(buffer)?.buffer).toBe(buffer);
  });

  test("everything else is none, a SharedArrayBuffer by itself included", () => {
    expect([bufferSource("x"), bufferSource({}), bufferSource(new SharedArrayBuffer(1))]).toEqual(
      Array(3).fill(undefined),
    );
  });

  test("shared and resizable memory is refused", () => {
    expect(() => bufferSource(new Uint8Array(new SharedArrayBuffer(4)))).toThrow(TypeError);
    const resizable: ArrayBuffer = Reflect.construct(ArrayBuffer, [4, { maxByteLength: 8 }]);
    expect(() => bufferSource(resizable)).toThrow(TypeError);
    expect(() => bufferSource(new Uint8Array(resizable))).toThrow(TypeError);
  });
});
