// The list of those that are flushed before the loop turns, when one of them throws.
import { afterEach, expect, test, vi } from "vitest";
import { type Flushable, flushThisTurn } from "../../src/transport/flush-list.ts";
import { turns } from "./support.ts";

afterEach(() => void vi.restoreAllMocks());

/** Has the ticks run by the test, which gets what they throw. */
function holdTicks(): () => unknown[] {
  const ticks: (() => void)[] = [];
  vi.spyOn(process, "nextTick").mockImplementation((task, ...args: unknown[]) => {
    ticks.push(() => task(...args));
  });
  return () => {
    const thrown: unknown[] = [];
    for (const tick of ticks) {
      try {
        tick();
      } catch (error) {
        thrown.push(error);
      }
    }
    ticks.length = 0;
    return thrown;
  };
}

function output(name: string, seen: string[], then?: () => void): Flushable {
  return {
    flushListed() {
      seen.push(name);
      then?.();
    },
  };
}

test("a flush that throws stops neither those behind it nor later ones, and each error is heard", () => {
  const runTicks = holdTicks();
  const seen: string[] = [];
  const failing = (name: string) => () => {
    throw new Error(name);
  };
  flushThisTurn(output("a", seen));
  flushThisTurn(output("b", seen, failing("b")));
  flushThisTurn(output("c", seen));
  flushThisTurn(output("d", seen, failing("d")));
  flushThisTurn(output("e", seen));
  expect(runTicks()).toEqual([new Error("b"), new Error("d")]);
  expect(seen).toEqual(["a", "b", "c", "d", "e"]);
  flushThisTurn(output("f", seen));
  expect(runTicks()).toEqual([]);
  expect(seen.at(-1)).toBe("f");
});

test("what a flush lists goes out before the loop turns, and once", async () => {
  const seen: string[] = [];
  const second = output("second", seen);
  flushThisTurn(output("first", seen, () => flushThisTurn(second)));
  await turns(1);
  expect(seen).toEqual(["first", "second"]);
});
