// What is seen of a pool: where there is no terminal, and what steers one that there is.
import { PassThrough } from "node:stream";
import type { PoolStats } from "hawser";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Screen } from "../../src/serve/screen.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function stats(connections: number): PoolStats {
  const total = {
    connections,
    accepted: connections,
    refused: 0,
    shed: 0,
    messages: { sent: 0, received: 60 * connections },
    bytes: { sent: 0, received: 0 },
    loopDelay: 1,
    memory: 50e6,
  };
  const members = [{ member: 1, pid: 7, phase: "ready" as const, ...total }];
  return { members, restarts: 0, onTheWay: 0, shed: 0, total };
}

/** A screen, and what was printed to it since that was asked last. */
function screenOn(terminal: { isTTY?: true; rows: number; columns: number }, environment = {}) {
  const output = Object.assign(new PassThrough().setEncoding("utf8"), terminal);
  const screen = new Screen({ output, errors: output, environment });
  return { screen, printed: (): string => output.read() ?? "" };
}

const window = { isTTY: true, rows: 10, columns: 80 } as const;

test("a line a minute, if anything has changed", () => {
  const { screen, printed } = screenOn({ rows: 0, columns: 0 });
  let connections = 0;
  screen.follow(() => stats(connections));
  vi.advanceTimersByTime(120_000);
  expect(printed()).toBe("");
  connections = 2;
  vi.advanceTimersByTime(59_999);
  expect(printed()).toBe("");
  vi.advanceTimersByTime(1);
  expect(printed()).toMatch(
    /^\d\d:\d\d:\d\d {2}1 member · 2 connections · 2 msg\/s in · 0 msg\/s out · 0 B\/s · loop 1 ms · 50\.0 MB · 0 restarts\n$/,
  );
  vi.advanceTimersByTime(60_000);
  expect(printed()).toBe("");
  screen.end();
  connections = 3;
  vi.advanceTimersByTime(120_000);
  expect(printed()).toBe("");
});

test("on a terminal the last row is kept, drawn each second, and given back", () => {
  const { screen, printed } = screenOn(window);
  screen.follow(() => stats(1));
  const line = "1 member · 1 connection · 0 msg/s in · 0 msg/s out · loop 1 ms · 50.0 MB";
  expect(printed()).toContain(`\u001b[1;9r`);
  vi.advanceTimersByTime(1000);
  expect(printed()).toBe(`\u001b7\u001b[10;1H\u001b[2K\u001b[2m${line}\u001b[22m\u001b8`);
  screen.end();
  expect(printed()).toBe("\u001b7\u001b[r\u001b[10;1H\u001b[2K\u001b8");
});

test.each([
  ["NO_COLOR, and the line is without colours", window, { NO_COLOR: "1" }, / msg\/s in/],
  ["a terminal that cannot move its cursor has no line", window, { TERM: "dumb" }, /^$/],
  ["nor has one of three rows", { ...window, rows: 3 }, {}, /^$/],
])("%s", (_name, terminal, environment, expected) => {
  const { screen, printed } = screenOn(terminal, environment);
  screen.follow(() => stats(1));
  const text = printed();
  expect(text).toMatch(expected);
  expect(text.split("\u001b").filter((sequence) => /^\[[\d;]*m/.test(sequence))).toEqual([]);
  screen.end();
});
