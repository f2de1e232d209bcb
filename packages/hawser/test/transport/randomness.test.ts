// Masking keys and jitter.
import { expect, test } from "vitest";
import { maskKey, random } from "../../src/transport/randomness.ts";

test("keys are 32-bit integers that do not repeat, over several fillings of the pool (RFC 6455 §5.3)", () => {
  const keys = Array.from({ length: 5000 }, maskKey);
  expect(keys.every((key) => key === (key | 0))).toBe(true);
  // 5,000 out of 2^32: two repetitions have a chance of about one in a hundred thousand.
  expect(new Set(keys).size).toBeGreaterThan(4998);
  for (let bit = 0; bit < 32; bit++) {
    const ones = keys.filter((key) => (key >>> bit) & 1).length;
    expect(ones).toBeGreaterThan(2000);
    expect(ones).toBeLessThan(3000);
  }
});

test("jitter lies in [0, 1)", () => {
  const numbers = Array.from({ length: 1000 }, random);
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  expect(new Set(numbers).size).toBeGreaterThan(990);
});
