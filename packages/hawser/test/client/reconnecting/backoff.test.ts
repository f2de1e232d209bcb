// Delays: how they grow, what the server may add, and that all moments of a window are equally likely.
import { describe, expect, test } from "vitest";
import type { Advice } from "../../../src/client/reconnecting/backoff.ts";
import { Backoff } from "../../../src/client/reconnecting/backoff.ts";
import { Random } from "../../support/random.ts";

const options = { initial: 1000, max: 30_000, factor: 2 };
const none: Advice = { kind: "none" };
const hint = (ms: number): Advice => ({ kind: "hint", ms });
const almostOne = 1 - Number.EPSILON;

/** The earliest and the latest moment. */
function window(failed: number, advice: Advice, changes: Partial<typeof options> = {}): [number, number] {
  const all = { ...options, ...changes };
  const latest = new Backoff(all, () => almostOne).delay(failed, advice);
  return [new Backoff(all, () => 0).delay(failed, advice), Math.round(latest)];
}

describe("without advice", () => {
  test.each([
    [0, 1000],
    [1, 1000],
    [2, 2000],
    [3, 4000],
    [5, 16_000],
    [6, 30_000],
    [7, 30_000],
    [5000, 30_000],
  ])("after %i failures: from nothing to %i ms", (failed, latest) => {
    expect(window(failed, none)).toEqual([0, latest]);
  });

  test("factor 1 does not grow", () => {
    expect(window(9, none, { factor: 1 })).toEqual([0, 1000]);
  });

  test("every tenth of the window is as likely as another", () => {
    const random = new Random(7);
    const backoff = new Backoff(options, () => random.next() / 2 ** 32);
    const tenths = new Array<number>(10).fill(0);
    for (let count = 0; count < 10_000; count += 1) {
      const tenth = Math.floor(backoff.delay(3, none) / 400);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // 1,000 are expected in each; five standard deviations are 150.
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe("with advice", () => {
  test.each([
    ["a hint of 5 s: spread over 5 s more", 1, hint(5000), [5000, 10_000]],
    ["a hint of 0", 1, hint(0), [0, 1000]],
    ["a short hint after many failures: the spread is that of the backoff", 4, hint(100), [100, 8100]],
    ["a long hint: the spread is no more than `max`", 1, hint(600_000), [600_000, 630_000]],
    ["1012: 5 to 30 s (IANA registry)", 1, { kind: "restart" }, [5000, 30_000]],
    ["1013: no sooner than `max`", 1, { kind: "overload" }, [30_000, 60_000]],
  ] as [string, number, Advice, [number, number]][])("%s", (_, failed, advice, expected) => {
    expect(window(failed, advice)).toEqual(expected);
  });

  test("1012 and 1013 keep to a smaller `max`", () => {
    expect(window(1, { kind: "restart" }, { max: 1200 })).toEqual([200, 1200]);
    expect(window(1, { kind: "overload" }, { max: 1200 })).toEqual([1200, 2400]);
  });
});
