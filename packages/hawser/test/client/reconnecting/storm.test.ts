// R15 of the hostile inputs: a thousand clients lose their server at the same moment, and must not come back at the same moment.
import { describe, expect, test } from "vitest";
import { turns } from "../../connection/support.ts";
import { Random } from "../../support/random.ts";
import type { Attempt } from "./support.ts";
import { Network } from "./support.ts";

const CLIENTS = 1000;

/** A network with a crowd of clients, whose attempts are answered as they come, and written down. */
class Crowd extends Network {
  /** When attempts were made. */
  readonly times: number[] = [];

  constructor(seed: number) {
    super();
    const random = new Random(seed);
    this.random = () => random.next() / 2 ** 32;
  }

  join(): void {
    for (let count = 0; count < CLIENTS; count += 1) this.reconnecting();
  }

  /** Answers attempts until nobody waits before `until`, each at the very moment it is made. */
  async run(until: number, answer: (attempt: Attempt, now: number) => void): Promise<void> {
    for (;;) {
      await turns(1);
      for (; this.times.length < this.count; this.times.push(this.clock.now()))
        answer(await this.next(), this.clock.now());
      await turns(1);
      const next = this.clock.next ?? Number.POSITIVE_INFINITY;
      if (next > until) break;
      this.clock.advance(Math.max(0, next - this.clock.now()));
    }
    this.clock.advance(until - this.clock.now());
  }
}

/** How many times lie in each of `count` equal parts of what begins at `from` and ends at `to`. */
function histogram(times: readonly number[], from: number, to: number, count: number): number[] {
  const bins = new Array<number>(count).fill(0);
  for (const time of times) {
    const bin = Math.floor(((time - from) / (to - from)) * count);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}

/** Five standard deviations around what a tenth of the crowd is. */
function expectEven(bins: readonly number[]): void {
  expect(bins).toHaveLength(10);
  for (const bin of bins) expect(Math.abs(bin - CLIENTS / 10)).toBeLessThan(50);
}

describe("R15: thundering reconnect", () => {
  test("a Close with 1012 and a hint: nobody before it, and all spread over as long again", async () => {
    const crowd = new Crowd(1);
    crowd.join();
    await crowd.run(1, (attempt) => void attempt.accept().close(1012, "retry-after=10"));
    await turns();
    const first = crowd.times.length;
    expect(first).toBe(CLIENTS);
    const lost = crowd.clock.now();
    await crowd.run(lost + 20_000, (attempt) => void attempt.accept());
    const back = crowd.times.slice(first);
    expect(back).toHaveLength(CLIENTS);
    expect(Math.min(...back) - lost).toBeGreaterThanOrEqual(9999);
    expectEven(histogram(back, 10_000, 20_001, 10));
    expect(crowd.clients.every(({ state }) => state.phase === "open")).toBe(true);
  });

  test("a server that is down: the load falls with every round, and never comes in waves", async () => {
    const crowd = new Crowd(2);
    crowd.join();
    await crowd.run(120_000, (attempt) => attempt.refuse(0));
    expect(crowd.times.filter((time) => time === 0)).toHaveLength(CLIENTS);
    const later = crowd.times.filter((time) => time > 0);
    const seconds = histogram(later, 0, 120_000, 120);
    // Two attempts in the first second at the most that jitter makes likely; later one in 15 s on average.
    expect(Math.max(...seconds)).toBeLessThan(2 * CLIENTS);
    const settled = seconds.slice(60);
    const average = settled.reduce((sum, count) => sum + count, 0) / settled.length;
    expect(average).toBeGreaterThan(CLIENTS / 20);
    expect(average).toBeLessThan(CLIENTS / 12);
    expect(Math.max(...settled)).toBeLessThan(2 * average);
  });

  test("503 with Retry-After: nobody comes early, and a server that takes 50 a second has everybody back in a minute", async () => {
    const crowd = new Crowd(3);
    const shed = new Map<unknown, number>();
    let early = 0;
    let second = -1;
    let taken = 0;
    crowd.join();
    await crowd.run(60_000, (attempt, now) => {
      // Each client passes its own signal.
      const who = attempt.options.signal;
      if (now < (shed.get(who) ?? 0)) early += 1;
      if (Math.floor(now / 1000) !== second) [second, taken] = [Math.floor(now / 1000), 0];
      taken += 1;
      if (taken <= 50) {
        attempt.accept();
        return;
      }
      shed.set(who, now + 5000);
      attempt.refuse(503, [["Retry-After", "5"]]);
    });
    expect(shed.size).toBe(CLIENTS - 50);
    expect(early).toBe(0);
    expect(crowd.clients.filter(({ state }) => state.phase !== "open")).toEqual([]);
    // At most one attempt of each in 5 s: had they come as they liked, it would be some twenty times as many.
    expect(crowd.times.length).toBeLessThan(6 * CLIENTS);
  });

  test("connections that are cut, without a word: spread over the first second", async () => {
    const crowd = new Crowd(4);
    crowd.join();
    await crowd.run(1, (attempt) => void attempt.accept().terminate());
    await turns();
    const lost = crowd.clock.now();
    await crowd.run(lost + 1000, (attempt) => void attempt.accept());
    const back = crowd.times.slice(CLIENTS);
    expect(back).toHaveLength(CLIENTS);
    expectEven(histogram(back, 0, 1002, 10));
  });
});
