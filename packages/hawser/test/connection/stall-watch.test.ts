// The stall watch by itself: when it looks, and what it takes for a stall.
import { describe, expect, test } from "vitest";
import { StallWatch } from "../../src/connection/stall-watch.ts";

describe("a stall watch", () => {
  test("looks four times within the timeout, from when it is made", () => {
    const still = { buffered: 10, taken: 0 };
    const watch = new StallWatch(1000, still, 500);
    expect(watch.nextSample).toBe(750);
    expect(watch.sample(still, 749)).toBe("moving");
    expect(watch.nextSample).toBe(750);
    expect(watch.sample(still, 750)).toBe("moving");
    expect(watch.nextSample).toBe(1000);
  });

  test("says so when nothing was taken for the whole timeout", () => {
    const still = { buffered: 10, taken: 5 };
    const watch = new StallWatch(1000, still, 0);
    const verdicts = [250, 500, 750, 1000].map((now) => watch.sample(still, now));
    expect(verdicts).toEqual(["moving", "moving", "moving", "stalled"]);
  });

  test("a single byte is progress", () => {
    const watch = new StallWatch(1000, { buffered: 10, taken: 5 }, 0);
    for (const now of [250, 500, 750]) watch.sample({ buffered: 10, taken: 5 }, now);
    const little = { buffered: 9, taken: 6 };
    const later = [1000, 1250, 1500, 1750, 2000].map((now) => watch.sample(little, now));
    expect(later).toEqual(["moving", "moving", "moving", "moving", "stalled"]);
  });

  test("says so when all is gone", () => {
    const watch = new StallWatch(1000, { buffered: 10, taken: 0 }, 0);
    expect(watch.sample({ buffered: 0, taken: 10 }, 250)).toBe("idle");
  });
});
