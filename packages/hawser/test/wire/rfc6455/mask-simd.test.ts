// Masking in the memory of WebAssembly, against the plain loop; and engines that cannot do it.
import { describe, expect, test } from "vitest";
import { maskElsewhere, maskedCopy, rotate } from "../../../src/wire/rfc6455/mask.ts";
import { compileSimdMask, simdMask } from "../../../src/wire/rfc6455/mask-simd.ts";
import { filler } from "../../support/bytes.ts";
import { KEY, xored } from "../../support/frames.ts";

const MASK = KEY.readInt32LE();
const KiB = 1024;

describe("large pieces", () => {
  test("are masked by SIMD in every engine that this library supports", () => {
    expect(simdMask).toBeDefined();
  });

  test.each([2048, 2049, 2079, 2080, 4095, 64 * KiB - 1, 64 * KiB])(
    "of %i bytes come out as by the plain loop",
    (size) => {
      const source = filler(size + 3);
      const before = Buffer.from(source);
      for (const start of [0, 1, 3]) {
        const moved = maskElsewhere(source, start, start + size, MASK);
        expect(moved?.size).toBe(size);
        expect(moved?.bytes.subarray(0, size).equals(xored(source.subarray(start, start + size), KEY))).toBe(
          true,
        );
      }
      // The source stays as it is.
      expect(source.equals(before)).toBe(true);
    },
  );

  test("are taken as far as they fit", () => {
    const source = filler(64 * KiB + 5000);
    expect(maskElsewhere(source, 0, source.length, MASK)?.size).toBe(64 * KiB);
    expect(maskElsewhere(source, 64 * KiB, source.length, MASK)?.size).toBe(5000);
    expect(maskElsewhere(source, 68 * KiB, source.length, MASK)).toBeUndefined();
  });

  test("are ASCII only if no byte has its top bit set, wherever it lies", () => {
    const text = xored(Buffer.alloc(3000, "a"), KEY);
    expect(maskElsewhere(text, 0, text.length, MASK)?.ascii).toBe(true);
    for (const at of [0, 15, 16, 31, 32, 2975, 2976, 2999]) {
      const broken = Buffer.from(text);
      broken[at] = (broken[at] ?? 0) ^ 0x80;
      expect(maskElsewhere(broken, 0, broken.length, MASK)?.ascii).toBe(false);
    }
  });
});

describe("a masked copy", () => {
  test.each([0, 1, 47, 48, 2047, 2048, 70_001, 64 * KiB * 2, 64 * KiB * 2 + 100])("of %i bytes", (size) => {
    const source = filler(size);
    const before = Buffer.from(source);
    expect(maskedCopy(source, MASK).equals(xored(source, KEY))).toBe(true);
    expect(source.equals(before)).toBe(true);
    // With another phase of the key.
    expect(
      maskedCopy(source, rotate(MASK, 1)).equals(
        xored(source, Buffer.from([...KEY.subarray(1), ...KEY.subarray(0, 1)])),
      ),
    ).toBe(true);
  });
});

test("an engine without WebAssembly, without SIMD, or with a module of something else has none", () => {
  const none = () => {
    throw new ReferenceError("WebAssembly is not defined");
  };
  expect(compileSimdMask(none)).toBeUndefined();
  class Instance {
    exports = {};
  }
  const engines = [
    undefined,
    {},
    { validate: () => false, Module: Object, Instance: Object },
    { validate: () => true, Module: Object, Instance },
  ];
  for (const engine of engines) expect(compileSimdMask(() => engine)).toBeUndefined();
});
