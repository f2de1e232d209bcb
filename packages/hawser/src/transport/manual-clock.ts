// A clock that stands still until it is told to move, for tests of everything that has a deadline.
import type { Clock } from "./clock.ts";
import { insertBefore, isScheduled, Timer, TimerLink, unlink } from "./clock.ts";

/**
 * Time that only `advance` moves, to the millisecond: no slots, no rounding.
 *
 * @example
 * const clock = new ManualClock();
 * clock.schedule(timer, clock.now() + 25_000);
 * clock.advance(24_999); // nothing
 * clock.advance(1); // timer.expired(25_000)
 */
export class ManualClock implements Clock {
  /** All timers, the earliest first; equal deadlines in the order they were scheduled. */
  readonly #timers: TimerLink = new TimerLink();
  #now: number;
  #pending = 0;
  #advancing = false;

  /** @param start what `now` says at first, in milliseconds; 0 */
  constructor(start = 0) {
    this.#now = start;
  }

  /** How many timers wait for their deadline: 0 at the end of a test, or something leaks. */
  get pending(): number {
    return this.#pending;
  }

  /** The earliest deadline; undefined if no timer waits. */
  get next(): number | undefined {
    const first = this.#timers.timerNext;
    return first instanceof Timer ? first.timerDue : undefined;
  }

  now(): number {
    return this.#now;
  }

  schedule(timer: Timer, at: number): void {
    this.cancel(timer);
    if (!(at < Number.POSITIVE_INFINITY)) return;
    // A timer that asks for a time already past, while time moves, waits a millisecond: so every advance ends.
    timer.timerDue = this.#advancing ? Math.max(at, this.#now + 1) : at;
    let after = this.#timers.timerPrevious;
    while (after instanceof Timer && after.timerDue > timer.timerDue) after = after.timerPrevious;
    insertBefore(after.timerNext, timer);
    this.#pending += 1;
  }

  cancel(timer: Timer): void {
    if (!isScheduled(timer)) return;
    unlink(timer);
    this.#pending -= 1;
  }

  /** Runs the task in a turn of the real loop: it waits for input, not for time. */
  soon(task: () => void): void {
    setImmediate(task);
  }

  /**
   * Moves time on and fires, in order, each timer whose deadline is met, with `now` at that deadline. Synchronous. What
   * a timer throws comes out here, with time standing at its deadline and the others still waiting.
   *
   * @param ms how far, in milliseconds; 0 fires what is overdue
   * @throws RangeError if `ms` is negative or not finite
   */
  advance(ms: number): void {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`time moves by a number of milliseconds, not by ${ms}`);
    }
    if (this.#advancing) throw new Error("advance was called by a timer that advance fired");
    const target = this.#now + ms;
    this.#advancing = true;
    try {
      for (let timer = this.#timers.timerNext; timer instanceof Timer; timer = this.#timers.timerNext) {
        if (timer.timerDue > target) break;
        this.#now = Math.max(this.#now, timer.timerDue);
        this.cancel(timer);
        timer.expired(this.#now);
      }
      this.#now = target;
    } finally {
      this.#advancing = false;
    }
  }
}
