// When work is done: at once while the turn has time, in order, few at a time elsewhere.
import { describe, expect, it } from "vitest";
import type { DeflateJob } from "../../src/transport/deflate-work.ts";
import { DeflateWork } from "../../src/transport/deflate-work.ts";

const KiB = 1024;

/** Work with turns of the loop by hand, and a diary. */
function make() {
  const turns: (() => void)[] = [];
  const diary: string[] = [];
  const running = new Map<string, () => void>();
  const work = new DeflateWork((act) => turns.push(act));
  const job = (name: string, { cost = KiB, large = false, dropped = false } = {}): DeflateJob => ({
    dropped,
    tryHere: () => {
      diary.push(large ? `${name} is too large` : `${name} here`);
      work.spent(cost);
      return !large;
    },
    doElsewhere: (done) => {
      diary.push(`${name} elsewhere`);
      running.set(name, done);
    },
  });
  return { work, job, diary, running, turns, turn: () => turns.shift()?.() };
}

describe("a turn of the loop", () => {
  it("has time for a quarter of a megabyte, and then again in the next", () => {
    const { work, turn, turns } = make();
    expect(work.hasTime).toBe(true);
    work.spent(255 * KiB);
    expect(work.hasTime).toBe(true);
    work.spent(KiB);
    expect(work.hasTime).toBe(false);
    expect(turns).toHaveLength(1);
    turn();
    expect(work.hasTime).toBe(true);
    expect(turns).toHaveLength(0);
  });

  it("has no time for endless messages of nothing", () => {
    const { work } = make();
    for (let count = 0; count < 512; count += 1) work.spent(0);
    expect(work.hasTime).toBe(false);
  });

  it("Z17: has no time either for what takes long, however few bytes it is", () => {
    let now = 100;
    const turns: (() => void)[] = [];
    const work = new DeflateWork(
      (act) => turns.push(act),
      () => now,
    );
    const since = work.now();
    now += 9;
    work.spent(10, since);
    expect(work.hasTime).toBe(true);
    work.spent(10, now - 1);
    expect(work.hasTime).toBe(false);
    turns.shift()?.();
    expect(work.hasTime).toBe(true);
  });

  it("does what waited first, in order, as far as the time goes", () => {
    const { work, job, diary, turn } = make();
    for (const name of ["a", "b", "c"]) work.later(job(name, { cost: 130 * KiB }));
    expect(work.hasTime).toBe(false);
    turn();
    expect(diary).toEqual(["a here", "b here"]);
    expect(work.hasTime).toBe(false);
    work.later(job("d"));
    turn();
    expect(diary).toEqual(["a here", "b here", "c here", "d here"]);
    expect(work.hasTime).toBe(true);
  });

  it("passes over what nobody waits for, and sends away what is too large", () => {
    const { work, job, diary, turn } = make();
    work.later(job("a", { dropped: true }));
    work.later(job("b", { large: true }));
    work.later(job("c"));
    turn();
    expect(diary).toEqual(["b is too large", "b elsewhere", "c here"]);
  });

  it("goes on in the next where a job throws", () => {
    const { work, job, diary, turn } = make();
    work.later({
      ...job("a"),
      tryHere: () => {
        throw new Error("a bug");
      },
    });
    work.later(job("b"));
    expect(turn).toThrow("a bug");
    turn();
    expect(diary).toEqual(["b here"]);
  });
});

describe("the thread pool", () => {
  it("has two jobs at a time, in order, and none that nobody waits for", () => {
    const { work, job, diary, running } = make();
    for (const name of ["a", "b", "c"]) work.elsewhere(job(name));
    work.elsewhere(job("d", { dropped: true }));
    work.elsewhere(job("e"));
    expect(diary).toEqual(["a elsewhere", "b elsewhere"]);
    running.get("b")?.();
    expect(diary).toEqual(["a elsewhere", "b elsewhere", "c elsewhere"]);
    running.get("a")?.();
    running.get("c")?.();
    expect(diary.at(-1)).toBe("e elsewhere");
  });
});
