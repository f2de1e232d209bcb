// Clock: monotonic time and deadlines, as the whole library sees them. system-clock.ts keeps the contract with one shared
// coarse timer wheel, manual-clock.ts keeps it for tests.

/** A place in a ring of timers. The links are the clock's own: nobody else reads or writes them. */
export class TimerLink {
  timerPrevious: TimerLink = this;
  timerNext: TimerLink = this;
}

/** A thing that wants to be woken. One object serves many deadlines, one after another, all of the same clock. */
export abstract class Timer extends TimerLink {
  /** When to wake it, in the clock's own unit. The clock's own, like the links: a timer carries them so that scheduling allocates nothing. */
  timerDue = 0;

  /** Called once the deadline given to `Clock.schedule` has passed, never before, and never inside `schedule`. */
  abstract expired(now: number): void;
}

/** Time, as the library sees it: milliseconds from an arbitrary start, never going back. */
export interface Clock {
  now(): number;
  /** Wakes the timer at `at` or a little later. A timer has one deadline: a second call moves it. `Infinity` is never, as `cancel`. */
  schedule(timer: Timer, at: number): void;
  /** Forgets the timer's deadline; does nothing if it has none. */
  cancel(timer: Timer): void;
  /** Runs the task in a later turn of the loop, after input that is already there was read. */
  soon(task: () => void): void;
}

/** Whether the timer waits for a deadline. For clocks. */
export function isScheduled(timer: Timer): boolean {
  return timer.timerNext !== timer;
}

/** Hangs a timer that is in no ring between `link` and the one before it. For clocks. */
export function insertBefore(link: TimerLink, timer: Timer): void {
  timer.timerPrevious = link.timerPrevious;
  timer.timerNext = link;
  link.timerPrevious.timerNext = timer;
  link.timerPrevious = timer;
}

/** Takes a timer out of its ring. For clocks. */
export function unlink(timer: Timer): void {
  timer.timerPrevious.timerNext = timer.timerNext;
  timer.timerNext.timerPrevious = timer.timerPrevious;
  timer.timerPrevious = timer;
  timer.timerNext = timer;
}
