// Backoff: how long to wait before the next attempt, with full jitter.

/** How delays grow. */
export interface BackoffOptions {
  /** The longest first delay, in milliseconds. Default 1 s. */
  readonly initial: number;
  /** The longest delay that is not asked for by the server, in milliseconds. Default 30 s. */
  readonly max: number;
  /** By what the longest delay grows with each attempt that fails. Default 2. */
  readonly factor: number;
}

/**
 * What the server had to say about when to come back.
 *
 * - `hint`: not before so many milliseconds
 * - `restart`: close code 1012, without a hint
 * - `overload`: close code 1013, without a hint
 */
export type Advice =
  | { readonly kind: "none" | "restart" | "overload" }
  | { readonly kind: "hint"; readonly ms: number };

/** Makes delays. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;

  /** @param random gives numbers in [0, 1) */
  constructor(options: BackoffOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /**
   * The time to wait, in milliseconds: at random between the earliest moment and the latest, all equally likely. That ("full
   * jitter") is what keeps clients apart that lost the same server at the same moment.
   *
   * @param failed how many attempts in a row have failed; 0 after a connection that lasted
   */
  delay(failed: number, advice: Advice): number {
    const { earliest, latest } = this.#window(failed, advice);
    return earliest + this.#random() * (latest - earliest);
  }

  #window(failed: number, advice: Advice): { earliest: number; latest: number } {
    const { initial, max, factor } = this.#options;
    const ceiling = Math.min(max, initial * factor ** Math.max(0, failed - 1));
    switch (advice.kind) {
      case "none":
        return { earliest: 0, latest: ceiling };
      case "hint":
        // The crowd that was sent away together would come back together: spread it over as long as it was told to wait.
        return { earliest: advice.ms, latest: advice.ms + Math.min(max, Math.max(ceiling, advice.ms)) };
      case "restart":
        // 5 to 30 s with the default `max`, which is what the registration of 1012 asks for.
        return { earliest: max / 6, latest: max };
      case "overload":
        return { earliest: max, latest: 2 * max };
      default:
        return advice satisfies never;
    }
  }
}
