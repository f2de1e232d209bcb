// Binary messages for the eye.
import { expect, test } from "vitest";
import { hexPreview } from "../../src/connect/hex.ts";

test.each<[number[], string]>([
  [[], "0 bytes"],
  [[0x41], "1 byte: 41 |A|"],
  [[0, 0x68, 0x7e, 0x7f, 0xff], "5 bytes: 00 68 7e 7f ff |.h~..|"],
])("%j", (bytes, preview) => {
  expect(hexPreview(Uint8Array.from(bytes))).toBe(preview);
});

test("of many only the first are shown", () => {
  expect(hexPreview(new Uint8Array(32))).toBe(`32 bytes: ${"00 ".repeat(32)}|${".".repeat(32)}|`);
  expect(hexPreview(new Uint8Array(12_345))).toBe(`12,345 bytes: ${"00 ".repeat(32)}… |${".".repeat(32)}| …`);
});
