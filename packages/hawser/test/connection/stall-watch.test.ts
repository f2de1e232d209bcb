// The stall watch by itself: when it looks, and what it takes for a stall.
import { describe, expect, test } from "vitest";
import { StallWatch } from "../../src/connection/stall-watch.ts";

const off = Number.POSITIVE_INFINITY;

describe("a stall watch", () => {
  test("looks four times within the timeout, from when it begins", () => {
    const watch = new StallWatch(1000);
    expect([watch.idle, watch.nextSample]).toEqual([true, off]);
    watch.begin({ buffered: 10, taken: 0 }, 500);
    expect([watch.idle, watch.nextSample]).toEqual([false, 750]);
    expect(watch.sample({ buffered: 10, taken: 0 }, 749)).toBe(false);
    expect(watch.nextSample).toBe(750);
    expect(watch.sample({ buffered: 10, taken: 0 }, 750)).toBe(false);
    expect(watch.nextSample).toBe(1000);
  });

  test("says so when nothing was taken for the whole timeout", () => {
    const watch = new StallWatch(1000);
    const still = { buffered: 10, taken: 5 };
    watch.begin(still, 0);
    expect([250, 500, 750, 1000].map((now) => watch.sample(still, now))).toEqual([false, false, false, true]);
  });

  test("a single byte is progress", () => {
    const watch = new StallWatch(1000);
    watch.begin({ buffered: 10, taken: 5 }, 0);
    for (const now of [250, 500, 750]) watch.sample({ buffered: 10, taken: 5 }, now);
    const little = { buffered: 9, taken: 6 };
    const later = [1000, 1250, 1500, 1750, 2000];
    expect(later.map((now) => watch.sample(little, now))).toEqual([false, false, false, false, true]);
  });

  test("stops looking when all is gone", () => {
    const watch = new StallWatch(1000);
    watch.begin({ buffered: 10, taken: 0 }, 0);
    expect(watch.sample({ buffered: 0, taken: 10 }, 250)).toBe(false);
    expect([watch.idle, watch.nextSample]).toEqual([true, off]);
    watch.begin({ buffered: 1, taken: 10 }, 9000);
    expect(watch.nextSample).toBe(9250);
  });

  test("Infinity is never begun", () => {
    expect(new StallWatch(off).idle).toBe(false);
  });
});
