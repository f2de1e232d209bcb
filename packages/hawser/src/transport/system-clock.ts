// The system's clock: a wheel of coarse slots, so that a million deadlines cost one setTimeout and no allocation.
//
// Time is cut into slots of 64 ms, numbered from the start of the process. A timer hangs in the slot that begins at or after its
// deadline, in one of 512 rings (slot number modulo 512: 32.8 s, more than every default timeout). A deadline further away
// shares its ring with nearer ones and is passed over once per turn of the wheel. After a sleep longer than that, what is due
// fires ring by ring, not in the order of the deadlines.
import { describe } from "../wire/errors.ts";
import type { Clock } from "./clock.ts";
import { insertBefore, isScheduled, Timer, TimerLink, unlink } from "./clock.ts";

const slotLength = 64;
const ringCount = 512;

/** Nothing is armed: every slot is earlier. */
const unarmed: number = Number.POSITIVE_INFINITY;
/** An expiry is under way and arms the next slot when it ends: no slot is earlier. */
const expiring: number = Number.NEGATIVE_INFINITY;

/**
 * Monotonic time (`performance.now`, so a change of the wall clock moves nothing), with deadlines that are met up to
 * two slots (128 ms) late and never early. It keeps no process alive.
 */
export class SystemClock implements Clock {
  static readonly #wake = (clock: SystemClock): void => clock.#awake();
  static readonly #collectAndFire = (clock: SystemClock): void => clock.#collect();
  static readonly #fireRest = (clock: SystemClock): void => clock.#fire(clock.now());

  readonly #rings: (TimerLink | undefined)[] = new Array<TimerLink | undefined>(ringCount).fill(undefined);
  readonly #due: TimerLink = new TimerLink();
  #pending = 0;
  /** The last slot that was expired. */
  #cursor = 0;
  /** The slot that the timeout is armed for: the first that has timers, or one turn of the wheel ahead. */
  #armedFor = unarmed;
  #timeout: NodeJS.Timeout | undefined;

  /** How many timers wait for their deadline. */
  get pending(): number {
    return this.#pending;
  }

  now(): number {
    return performance.now();
  }

  schedule(timer: Timer, at: number): void {
    if (!(at < Number.POSITIVE_INFINITY)) {
      this.cancel(timer);
      return;
    }
    if (isScheduled(timer)) unlink(timer);
    else this.#count();
    const slot = Math.max(Math.ceil(at / slotLength), this.#cursor + 1);
    timer.timerDue = slot;
    insertBefore(this.#ring(slot), timer);
    if (slot < this.#armedFor) this.#arm(slot);
  }

  cancel(timer: Timer): void {
    if (!isScheduled(timer)) return;
    unlink(timer);
    this.#pending -= 1;
    if (this.#pending === 0 && this.#armedFor !== expiring) this.#disarm();
  }

  soon(task: () => void): void {
    setImmediate(task);
  }

  #count(): void {
    this.#pending += 1;
    // An empty wheel stands still; turning it on costs nothing while nothing hangs in it.
    if (this.#pending === 1 && this.#armedFor === unarmed) this.#cursor = Math.floor(this.now() / slotLength);
  }

  #ring(slot: number): TimerLink {
    const index = slot & (ringCount - 1);
    let ring = this.#rings[index];
    if (ring === undefined) {
      ring = new TimerLink();
      this.#rings[index] = ring;
    }
    return ring;
  }

  #arm(slot: number): void {
    clearTimeout(this.#timeout);
    const now = this.now();
    // No further: a setTimeout of more than 24.8 days fires at once. Waking for nothing arms anew.
    const near = Math.min(slot, Math.floor(now / slotLength) + ringCount);
    const delay = Math.max(1, Math.ceil(near * slotLength - now));
    this.#timeout = setTimeout(SystemClock.#wake, delay, this).unref();
    this.#armedFor = near;
  }

  #disarm(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#armedFor = unarmed;
  }

  /**
   * Timers must not act before input that came in time was read: after a blocked loop the pong of an innocent peer lies in its
   * socket. The poll phase, which reads it, lies between this timeout and the immediate.
   */
  #awake(): void {
    this.#armedFor = expiring;
    setImmediate(SystemClock.#collectAndFire, this);
  }

  #collect(): void {
    const now = this.now();
    const last = Math.floor(now / slotLength);
    const first = Math.max(this.#cursor + 1, last - ringCount + 1);
    // Set before anything fires: what a timer schedules now waits for a later slot, so this ends.
    this.#cursor = Math.max(this.#cursor, last);
    for (let slot = first; slot <= last; slot++) this.#collectRing(slot, last);
    this.#fire(now);
  }

  #collectRing(slot: number, last: number): void {
    const ring = this.#rings[slot & (ringCount - 1)];
    if (ring === undefined) return;
    let link = ring.timerNext;
    while (link instanceof Timer) {
      const timer = link;
      link = timer.timerNext;
      if (timer.timerDue > last) continue;
      unlink(timer);
      insertBefore(this.#due, timer);
    }
  }

  #fire(now: number): void {
    try {
      for (let timer = this.#due.timerNext; timer instanceof Timer; timer = this.#due.timerNext) {
        unlink(timer);
        this.#pending -= 1;
        timer.expired(now);
      }
    } finally {
      // A timer that throws is an uncaught exception like any other; if the process survives it, so do the timers behind it.
      if (this.#due.timerNext !== this.#due) setImmediate(SystemClock.#fireRest, this);
      else this.#rearm();
    }
  }

  #rearm(): void {
    this.#disarm();
    if (this.#pending === 0) return;
    for (let slot = this.#cursor + 1; slot <= this.#cursor + ringCount; slot++) {
      const ring = this.#rings[slot & (ringCount - 1)];
      if (ring !== undefined && ring.timerNext !== ring) {
        this.#arm(slot);
        return;
      }
    }
  }
}

/** The clock that everything uses where no other is given. */
export const systemClock: SystemClock = new SystemClock();

/**
 * The option `clock`, by default the system's.
 *
 * @throws TypeError for what is no clock
 */
export function checkClock(given: Clock | undefined): Clock {
  if (given === undefined) return systemClock;
  if (typeof given?.now === "function" && typeof given.schedule === "function") return given;
  throw new TypeError(`clock must be a Clock, as new ManualClock() is, not ${describe(given)}`);
}
