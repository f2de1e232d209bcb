// Waiting until nothing happens any more.
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Quiet } from "../../src/connect/quiet.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Whether it is quiet by now. */
function watch(quiet: Quiet, milliseconds: number) {
  let over = false;
  void quiet.wait(milliseconds).then(() => {
    over = true;
  });
  return async () => {
    await setImmediate();
    await setImmediate();
    return over;
  };
}

test("is over when nothing has gone on for so long", async () => {
  const over = watch(new Quiet(), 1000);
  vi.advanceTimersByTime(999);
  expect(await over()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(await over()).toBe(true);
});

test("starts anew after each thing, and stands still while one goes on", async () => {
  const quiet = new Quiet();
  quiet.begin();
  const over = watch(quiet, 1000);
  vi.advanceTimersByTime(5000);
  expect(await over()).toBe(false);
  quiet.end();
  vi.advanceTimersByTime(999);
  quiet.begin();
  quiet.end();
  vi.advanceTimersByTime(999);
  expect(await over()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(await over()).toBe(true);
});

test("what had arrived when the time was up counts, although it is read after that", async () => {
  const quiet = new Quiet();
  const over = watch(quiet, 1000);
  vi.advanceTimersByTime(1000);
  quiet.begin();
  quiet.end();
  expect(await over()).toBe(false);
  vi.advanceTimersByTime(1000);
  expect(await over()).toBe(true);
});

test("never, for Infinity and after stop()", async () => {
  const quiet = new Quiet();
  const over = watch(quiet, Number.POSITIVE_INFINITY);
  const stopped = new Quiet();
  const overThere = watch(stopped, 1000);
  stopped.stop();
  vi.advanceTimersByTime(10 ** 9);
  expect([await over(), await overThere()]).toEqual([false, false]);
});
