// RestartBudget: how often members may die before something is wrong that no restart will mend.

const MINUTE = 60_000;

export class RestartBudget {
  /** In one minute. */
  readonly most: number;
  #all = 0;
  #recent: number[] = [];

  constructor(most: number) {
    this.most = most;
  }

  /** Restarts since the start. */
  get spent(): number {
    return this.#all;
  }

  /** Counts one more. Returns whether it was too many. */
  overdrawn(now: number): boolean {
    this.#all += 1;
    this.#recent = [...this.#recent.filter((at) => now - at < MINUTE), now];
    return this.#recent.length > this.most;
  }
}
