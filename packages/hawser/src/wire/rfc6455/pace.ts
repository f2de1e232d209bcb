// The pace of a peer's messages: how many a second (`limits.rate`), how long one takes (`timeouts.message`), how long none
// comes (`timeouts.idle`).
import type { Limits, Timeouts } from "../limits.ts";
import { Rate } from "./rate.ts";

/** Watches the messages of one connection. None of it counts while we have reading paused: the peer cannot help it. */
export class Pace {
  readonly #messageTimeout: number;
  readonly #idleTimeout: number;
  readonly #rate: Rate | undefined;
  #messages = 0;
  #lastMessageAt: number;
  /** When the first byte of the unfinished message came, and how many messages had come before it. */
  #unfinishedSince: number | undefined;
  #messagesBefore = 0;
  #heldSince = 0;

  /** A pace, or undefined where nothing is limited, as by default. */
  static where(
    timeouts: Pick<Timeouts, "message" | "idle">,
    limits: Pick<Limits, "rate">,
    now: number,
  ): Pace | undefined {
    const least = Math.min(timeouts.message, timeouts.idle, limits.rate);
    return least === Number.POSITIVE_INFINITY ? undefined : new Pace(timeouts, limits, now);
  }

  constructor(timeouts: Pick<Timeouts, "message" | "idle">, limits: Pick<Limits, "rate">, now: number) {
    this.#messageTimeout = timeouts.message;
    this.#idleTimeout = timeouts.idle;
    this.#rate = limits.rate === Number.POSITIVE_INFINITY ? undefined : new Rate(limits.rate, now);
    this.#lastMessageAt = now;
  }

  /** One more message. Returns false if it is one too many. */
  message(now: number): boolean {
    this.#messages += 1;
    this.#lastMessageAt = now;
    return this.#rate?.take(now) ?? true;
  }

  /** A chunk was read, and ended inside a message or between two. */
  read(now: number, unfinished: boolean): void {
    if (!unfinished) {
      this.#unfinishedSince = undefined;
    } else if (this.#unfinishedSince === undefined || this.#messagesBefore !== this.#messages) {
      this.#unfinishedSince = now;
      this.#messagesBefore = this.#messages;
    }
  }

  /** Reading is paused. */
  held(now: number): void {
    this.#heldSince = now;
  }

  /** Reading goes on: what came meanwhile comes at once, and the pause is in no timeout. */
  resumed(now: number): void {
    const pause = now - this.#heldSince;
    this.#rate?.credit(pause);
    this.#lastMessageAt += pause;
    if (this.#unfinishedSince !== undefined) this.#unfinishedSince += pause;
  }

  /** When the unfinished message has taken too long. */
  get messageDeadline(): number {
    return (this.#unfinishedSince ?? Number.POSITIVE_INFINITY) + this.#messageTimeout;
  }

  /** When no message has come for too long. */
  get idleDeadline(): number {
    return this.#lastMessageAt + this.#idleTimeout;
  }
}
