// examples/outlive-restart.ts, which docs/reconnecting.md shows.
import { expect, test } from "vitest";
import { demo } from "../../../../examples/outlive-restart.ts";

test("it comes back, subscribes first, and sends what waited", async () => {
  const lines: string[] = [];
  await demo((line) => void lines.push(line));
  expect(lines.filter((line) => !line.startsWith("("))).toEqual([
    "first server: subscribe",
    "first server: one",
    "second server: subscribe",
    "second server: two",
    expect.stringMatching(/^\d+ attempts, 2 connections, 0 messages unsent$/),
  ]);
  const states = lines.filter((line) => line.startsWith("("));
  expect(states[0]).toBe("(connecting)");
  expect(states).toContainEqual(expect.stringMatching(/^\(attempt \d+ in \d+ ms\)$/));
  expect(states.at(-1)).toBe("(closed)");
  // Not before the hint.
  const [, delay = "0"] = /in (\d+) ms/.exec(states.find((line) => line.includes(" in ")) ?? "") ?? [];
  expect(Number(delay)).toBeGreaterThanOrEqual(200);
});
