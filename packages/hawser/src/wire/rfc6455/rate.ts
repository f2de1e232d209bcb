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
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  /** Nobody read for this time, in milliseconds: the window stood still, and what came meanwhile will be read at once in it. */
  credit(time: number): void {
    this.#windowStart += time;
    this.#left += (this.#max * time) / WINDOW;
  }
}
