// Tasks: in order, one at a time, each after all microtasks, and before the loop turns.
import { describe, expect, test, vi } from "vitest";
import { afterMicrotasks } from "../../src/transport/after-microtasks.ts";

/** Resolves in a later turn of the loop. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("afterMicrotasks", () => {
  test("runs nothing at once", async () => {
    let ran = false;
    afterMicrotasks(() => {
      ran = true;
    });
    expect(ran).toBe(false);
    await turn();
    expect(ran).toBe(true);
  });

  test("runs behind every microtask, however many make others", async () => {
    const log: string[] = [];
    void (async () => {
      for (let round = 0; round < 50; round += 1) await Promise.resolve();
      log.push("microtasks");
    })();
    afterMicrotasks(() => log.push("task"));
    await turn();
    expect(log).toEqual(["microtasks", "task"]);
  });

  test("all microtasks of one task run before the next task, whoever asked for it", async () => {
    const log: string[] = [];
    for (const name of ["a", "b", "c"]) {
      afterMicrotasks(() => {
        log.push(name);
        void (async () => {
          for (let round = 0; round < 20; round += 1) await Promise.resolve();
          log.push(`${name} settled`);
        })();
      });
    }
    await turn();
    expect(log).toEqual(["a", "a settled", "b", "b settled", "c", "c settled"]);
  });

  test("a task may ask for another", async () => {
    const log: number[] = [];
    const again = (left: number) => {
      log.push(left);
      if (left > 0) afterMicrotasks(() => again(left - 1));
    };
    afterMicrotasks(() => again(3));
    await turn();
    expect(log).toEqual([3, 2, 1, 0]);
  });

  test("asked for in a tick, it still waits for microtasks", async () => {
    const log: string[] = [];
    process.nextTick(() => {
      afterMicrotasks(() => log.push("task"));
      void Promise.resolve().then(() => log.push("microtask"));
    });
    await turn();
    expect(log).toEqual(["microtask", "task"]);
  });

  test("thousands are run in order, without the loop turning", async () => {
    const seen: number[] = [];
    for (let index = 0; index < 5000; index += 1) afterMicrotasks(() => seen.push(index));
    await turn();
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, index) => index));
  });

  test("what one throws is an uncaught exception, and costs the others nothing", async () => {
    const thrown = new Error("of the test");
    const caught = vi.fn();
    // In place of the runner's own.
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", caught);
    try {
      const ran: string[] = [];
      afterMicrotasks(() => {
        throw thrown;
      });
      afterMicrotasks(() => ran.push("next"));
      await turn();
      expect(ran).toEqual(["next"]);
      expect(caught.mock.calls.map(([error]) => error)).toEqual([thrown]);
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const other of others) process.on("uncaughtException", other);
    }
  });
});
