// How many deaths a minute are too many.
import { expect, test } from "vitest";
import { RestartBudget } from "../../src/workers/restart-budget.ts";

test("only those of the last minute count against it", () => {
  const budget = new RestartBudget(2);
  expect([0, 10_000].map((at) => budget.overdrawn(at))).toEqual([false, false]);
  expect(budget.overdrawn(60_000)).toBe(false);
  expect(budget.overdrawn(69_999)).toBe(true);
  expect(budget.spent).toBe(4);
});

test("without an end there is none", () => {
  const budget = new RestartBudget(Number.POSITIVE_INFINITY);
  expect(Array.from({ length: 1000 }, (_, at) => budget.overdrawn(at)).includes(true)).toBe(false);
});
