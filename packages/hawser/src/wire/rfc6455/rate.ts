// Messages per second, counted in windows of one second (`limits.rate`).

const WINDOW = 1000;

/** Counts what a peer sends. */
export class Rate {
  readonly #max: number;
  #windowStart: number;
  #count = 0;

  /** @param max messages per second */
  constructor(max: number, now: number) {
    this.#max = max;
    this.#windowStart = now;
  }

  /** One more message. Returns false if it is one too many. */
  take(now: number): boolean {
    if (now - this.#windowStart >= WINDOW) {
      this.#windowStart = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= this.#max;
  }
}
