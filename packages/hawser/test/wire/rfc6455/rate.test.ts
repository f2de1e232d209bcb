// Messages per second, in windows of a second.
import { expect, test } from "vitest";
import { Rate } from "../../../src/wire/rfc6455/rate.ts";

test("so many a second and no more", () => {
  const rate = new Rate(3, 1000);
  expect([1000, 1500, 1999].map((now) => rate.take(now))).toEqual([true, true, true]);
  expect(rate.take(1999)).toBe(false);
});

test("a new second counts anew, from the first message in it", () => {
  const rate = new Rate(1, 1000);
  expect(rate.take(1000)).toBe(true);
  expect(rate.take(1999)).toBe(false);
  expect(rate.take(2000)).toBe(true);
  expect(rate.take(2001)).toBe(false);
  expect(rate.take(9500)).toBe(true);
  expect(rate.take(10_499)).toBe(false);
  expect(rate.take(10_500)).toBe(true);
});

test("what came while nobody read is allowed at once, and then the rate holds again", () => {
  const rate = new Rate(2, 0);
  expect([0, 0].map((now) => rate.take(now))).toEqual([true, true]);
  rate.credit(1500, 1600);
  expect([1600, 1600, 1600, 1600, 1600].map((now) => rate.take(now))).toEqual([true, true, true, true, true]);
  expect(rate.take(1600)).toBe(false);
  expect([2600, 2600, 2600].map((now) => rate.take(now))).toEqual([true, true, false]);
});
