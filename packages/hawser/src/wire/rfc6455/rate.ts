// Messages per second, counted in windows of one second (`limits.rate`).

const WINDOW = 1000;

/** Counts what a peer sends. */
export class Rate {
  readonly #max: number;
  #windowStart: number;
  #left: number;

  /** @param max messages per second */
  constructor(max: number, now: number) {
    this.#max = max;
    this.#windowStart = now;
    this.#left = max;
  }

  /** One more message. Returns false if it is one too many. */
  take(now: number): boolean {
    if (now - this.#windowStart >= WINDOW) {
      this.#windowStart = now;
      this.#left = this.#max;
    }
    this.#left -= 1;
    return this.#left >= 0;
  }

  /** What came in this time, in milliseconds, will all be read at once: a new window begins, with room for it. */
  credit(time: number, now: number): void {
    this.#windowStart = now;
    this.#left = this.#max + Math.floor((this.#max * time) / WINDOW);
  }
}
