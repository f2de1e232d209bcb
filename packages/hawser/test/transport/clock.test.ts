// The clocks: the system's wheel of coarse slots, and the manual one.
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Clock } from "../../src/transport/clock.ts";
import { Timer } from "../../src/transport/clock.ts";
import { ManualClock } from "../../src/transport/manual-clock.ts";
import { SystemClock } from "../../src/transport/system-clock.ts";

class Probe extends Timer {
  readonly firedAt: number[] = [];
  readonly #then: ((now: number) => void) | undefined;

  constructor(then?: (now: number) => void) {
    super();
    this.#then = then;
  }

  override expired(now: number): void {
    this.firedAt.push(now);
    this.#then?.(now);
  }
}

/** Resolves when a timer scheduled at `at` fires. */
function fired(clock: Clock, at: number): Promise<number> {
  return new Promise((resolve) => clock.schedule(new Probe(resolve), at));
}

describe("the system's clock", () => {
  test("never goes back, and is not the wall clock (R16)", () => {
    const clock = new SystemClock();
    const before = clock.now();
    vi.spyOn(Date, "now").mockReturnValue(0);
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(clock.now() - performance.now())).toBeLessThan(1000);
  });

  test("never fires early, and not inside schedule", async () => {
    const clock = new SystemClock();
    const now = clock.now();
    const delays = [-5, 0, 0.5, 1, 30, 63, 64, 65, 100, 130, 190];
    const times = delays.map((delay) => fired(clock, now + delay));
    expect(clock.pending).toBe(delays.length);
    for (const [index, time] of times.entries()) {
      expect(await time).toBeGreaterThanOrEqual(now + (delays[index] ?? 0));
    }
    expect(clock.pending).toBe(0);
  });

  test("fires in the order of the slots", async () => {
    const clock = new SystemClock();
    const now = clock.now();
    const order: number[] = [];
    for (const delay of [200, 10, 130, 70]) clock.schedule(new Probe(() => order.push(delay)), now + delay);
    await fired(clock, now + 330);
    expect(order).toEqual([10, 70, 130, 200]);
  });

  test("forgets a timer that was cancelled, and takes it again", async () => {
    const clock = new SystemClock();
    const probe = new Probe();
    clock.schedule(probe, clock.now() + 1);
    clock.cancel(probe);
    clock.cancel(probe);
    expect(clock.pending).toBe(0);
    await fired(clock, clock.now() + 130);
    expect(probe.firedAt).toEqual([]);
    clock.schedule(probe, clock.now() + 1);
    await fired(clock, clock.now() + 65);
    expect(probe.firedAt).toHaveLength(1);
  });

  test("moves a deadline to earlier and to later", async () => {
    const clock = new SystemClock();
    const now = clock.now();
    const earlier = new Probe();
    const later = new Probe();
    clock.schedule(earlier, now + 1_000_000);
    clock.schedule(later, now + 1);
    clock.schedule(earlier, now + 1);
    clock.schedule(later, now + 260);
    expect(clock.pending).toBe(2);
    await fired(clock, now + 130);
    expect(earlier.firedAt).toHaveLength(1);
    expect(later.firedAt).toHaveLength(0);
    await fired(clock, now + 325);
    expect(later.firedAt).toHaveLength(1);
  });

  test("takes Infinity as never", () => {
    const clock = new SystemClock();
    const probe = new Probe();
    clock.schedule(probe, clock.now() + 1);
    clock.schedule(probe, Number.POSITIVE_INFINITY);
    expect(clock.pending).toBe(0);
  });

  test("a timer may schedule itself again, cancel others, and move others", async () => {
    const clock = new SystemClock();
    const at = clock.now() + 1;
    const cancelled = new Probe();
    const moved = new Probe();
    let rounds = 0;
    const again: Probe = new Probe((now) => {
      clock.cancel(cancelled);
      clock.schedule(moved, now + 1_000_000);
      if (++rounds < 3) clock.schedule(again, now);
    });
    for (const probe of [again, cancelled, moved]) clock.schedule(probe, at);
    await vi.waitUntil(() => rounds === 3);
    expect(cancelled.firedAt).toEqual([]);
    expect(moved.firedAt).toEqual([]);
    expect(clock.pending).toBe(1);
    clock.cancel(moved);
  });

  test("takes 100,000 timers with one timeout, and all fire", async () => {
    const clock = new SystemClock();
    const setTimeoutSpy = vi.spyOn(globalThis, "setTimeout");
    const now = clock.now();
    let early = 0;
    let count = 0;
    const probes = Array.from({ length: 100_000 }, (_, index) => {
      const at = now + 500 + (index % 100);
      const probe = new Probe((time) => {
        count += 1;
        if (time < at) early += 1;
      });
      clock.schedule(probe, at);
      return probe;
    });
    expect(setTimeoutSpy.mock.calls.length).toBeLessThan(5);
    setTimeoutSpy.mockRestore();
    for (const probe of probes.slice(0, 50_000)) clock.cancel(probe);
    expect(clock.pending).toBe(50_000);
    await fired(clock, now + 800);
    expect([count, early, clock.pending]).toEqual([50_000, 0, 0]);
  });
});

describe("the system's clock, with time held", () => {
  afterEach(() => {
    // First the spies: they stand on the fake timers.
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  /** Runs the timers of `ms` milliseconds and the immediates they set. */
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  test("arms one timeout, for the earliest slot, and none when no timer waits", async () => {
    vi.useFakeTimers();
    const clock = new SystemClock();
    const late = new Probe();
    const early = new Probe();
    expect(vi.getTimerCount()).toBe(0);
    clock.schedule(late, clock.now() + 5000);
    clock.schedule(early, clock.now() + 1000);
    expect(vi.getTimerCount()).toBe(1);
    await pass(1130);
    expect([early.firedAt.length, late.firedAt.length]).toEqual([1, 0]);
    expect(vi.getTimerCount()).toBe(1);
    clock.cancel(late);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("meets deadlines further away than a turn of the wheel, in their own turn", async () => {
    vi.useFakeTimers();
    const clock = new SystemClock();
    const start = clock.now();
    const probes = [25_000, 32_768, 57_768, 100_000].map((delay) => {
      const probe = new Probe();
      clock.schedule(probe, start + delay);
      return { delay, probe };
    });
    await pass(100_200);
    for (const { delay, probe } of probes) {
      expect(probe.firedAt).toHaveLength(1);
      expect((probe.firedAt[0] ?? 0) - start).toBeGreaterThanOrEqual(delay);
      expect((probe.firedAt[0] ?? 0) - start).toBeLessThanOrEqual(delay + 130);
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a deadline further away than a setTimeout reaches fires then, without a warning", async () => {
    vi.useFakeTimers();
    const clock = new SystemClock();
    const setTimeoutSpy = vi.spyOn(globalThis, "setTimeout");
    const start = performance.now();
    const month = 30 * 24 * 3_600_000;
    const far = new Probe();
    const never = new Probe();
    clock.schedule(never, Number.MAX_VALUE);
    clock.schedule(far, start + month);
    expect(vi.getTimerCount()).toBe(1);
    await pass(100_000);
    expect(far.firedAt).toEqual([]);
    let now = start + month - 1000;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    await pass(40_000);
    expect(far.firedAt).toEqual([]);
    now = start + month + 64;
    await pass(40_000);
    expect(far.firedAt).toEqual([now]);
    expect(never.firedAt).toEqual([]);
    const delays = setTimeoutSpy.mock.calls.map(([, delay]) => delay ?? 0);
    expect(Math.max(...delays)).toBeLessThan(2 ** 31);
    clock.cancel(never);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("after a sleep of an hour everything due fires, once (R16)", async () => {
    vi.useFakeTimers();
    const clock = new SystemClock();
    const order: number[] = [];
    for (const delay of [20_000, 1000, 70_000]) {
      clock.schedule(new Probe(() => order.push(delay)), clock.now() + delay);
    }
    const now = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => now + 3_600_000);
    await pass(1200);
    expect(order.toSorted((a, b) => a - b)).toEqual([1000, 20_000, 70_000]);
    expect(clock.pending).toBe(0);
  });

  test("a timer that throws loses none of those behind it", async () => {
    vi.useFakeTimers();
    const clock = new SystemClock();
    const thrown: unknown[] = [];
    vi.spyOn(globalThis, "setImmediate").mockImplementation(((
      task: (clock: unknown) => void,
      arg: unknown,
    ) => {
      setTimeout(() => {
        try {
          task(arg);
        } catch (error) {
          thrown.push(error);
        }
      }, 0);
    }) as never);
    const at = clock.now() + 10;
    const before = new Probe();
    const after = new Probe();
    const bad = new Probe(() => {
      throw new Error("no");
    });
    for (const timer of [before, bad, new Probe(() => clock.cancel(before)), after])
      clock.schedule(timer, at);
    await pass(200);
    expect(thrown).toEqual([new Error("no")]);
    expect([before, bad, after].map((probe) => probe.firedAt.length)).toEqual([1, 1, 1]);
    expect(clock.pending).toBe(0);
  });

  test("expires in an immediate behind the timeout, so that input is read first (R9)", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const clock = new SystemClock();
    const probe = new Probe();
    clock.schedule(probe, clock.now() + 10);
    vi.advanceTimersByTime(200);
    expect(probe.firedAt).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(probe.firedAt).toHaveLength(1);
  });
});

describe("the manual clock", () => {
  test("fires in the order of the deadlines, each at its time", () => {
    const clock = new ManualClock(100);
    const seen: [string, number, number][] = [];
    const timer = (name: string) => new Probe((now) => seen.push([name, now, clock.now()]));
    clock.schedule(timer("c"), 130);
    clock.schedule(timer("a"), 110);
    clock.schedule(timer("b1"), 120);
    clock.schedule(timer("b2"), 120);
    expect([clock.pending, clock.next]).toEqual([4, 110]);
    clock.advance(9);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual([["a", 110, 110]]);
    clock.advance(100);
    expect(seen.slice(1)).toEqual([
      ["b1", 120, 120],
      ["b2", 120, 120],
      ["c", 130, 130],
    ]);
    expect([clock.now(), clock.pending, clock.next]).toEqual([210, 0, undefined]);
  });

  test("fires what timers schedule on the way, and ends", () => {
    const clock = new ManualClock();
    const every: Probe = new Probe((now) => clock.schedule(every, now + 10));
    const greedy: Probe = new Probe((now) => clock.schedule(greedy, now));
    clock.schedule(every, 10);
    clock.advance(35);
    expect(every.firedAt).toEqual([10, 20, 30]);
    clock.cancel(every);
    clock.schedule(greedy, 0);
    clock.advance(3);
    expect(greedy.firedAt).toEqual([35, 36, 37, 38]);
    clock.schedule(greedy, Number.POSITIVE_INFINITY);
    expect(clock.pending).toBe(0);
  });

  test("overdue timers fire at the next advance, even by nothing", () => {
    const clock = new ManualClock(50);
    const probe = new Probe();
    clock.schedule(probe, 10);
    expect(probe.firedAt).toEqual([]);
    clock.advance(0);
    expect(probe.firedAt).toEqual([50]);
  });

  test("moves and cancels", () => {
    const clock = new ManualClock();
    const probe = new Probe();
    clock.schedule(probe, 10);
    clock.schedule(probe, 20);
    expect(clock.pending).toBe(1);
    clock.advance(15);
    clock.schedule(probe, 16);
    clock.advance(1);
    expect(probe.firedAt).toEqual([16]);
    clock.cancel(probe);
  });

  test("a timer that throws throws out of advance, and the others wait", () => {
    const clock = new ManualClock();
    const after = new Probe();
    clock.schedule(
      new Probe(() => {
        throw new Error("no");
      }),
      5,
    );
    clock.schedule(after, 5);
    expect(() => clock.advance(10)).toThrow("no");
    expect([clock.now(), clock.pending]).toEqual([5, 1]);
    clock.advance(0);
    expect(after.firedAt).toEqual([5]);
  });

  test("refuses to go back, and to be moved from inside", () => {
    const clock = new ManualClock();
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => clock.advance(ms)).toThrow(RangeError);
    clock.schedule(new Probe(() => clock.advance(1)), 1);
    expect(() => clock.advance(1)).toThrow("advance was called by a timer");
  });

  test("soon runs in a later turn, whatever the time", async () => {
    const clock = new ManualClock();
    const order: string[] = [];
    clock.soon(() => order.push("soon"));
    order.push("now");
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(["now", "soon"]);
  });
});
