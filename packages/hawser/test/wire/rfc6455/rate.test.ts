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

test("what came while nobody read is allowed beside what is left, and then the rate holds again", () => {
  const rate = new Rate(2, 0);
  expect([0, 0, 0].map((now) => rate.take(now))).toEqual([true, true, false]);
  rate.credit(1500);
  expect([1600, 1600, 1600, 1600].map((now) => rate.take(now))).toEqual([true, true, true, false]);
  expect([2499, 2500, 2500, 2500].map((now) => rate.take(now))).toEqual([false, true, true, false]);
});

test("pauses of no length are worth nothing, however many (a peer can cause them)", () => {
  const rate = new Rate(3, 0);
  const taken = Array.from({ length: 1000 }, () => {
    rate.credit(0);
    return rate.take(500);
  });
  expect(taken.filter(Boolean)).toHaveLength(3);
});
