// What is seen of a pool where there is no terminal.
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

test("a line a minute, if anything has changed", () => {
  const output = Object.assign(new PassThrough().setEncoding("utf8"), { rows: 0, columns: 0 });
  const screen = new Screen({ output, errors: output, environment: {} });
  const printed = () => output.read() ?? "";
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
