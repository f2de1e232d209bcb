// The state feed: the state as it is now, and as it changes, for whoever looks on.
import type { ReconnectingState } from "./outcome.ts";

/** Holds the newest state. Who follows it and falls behind misses what was in between, so that nothing has to be kept. */
export class StateFeed {
  #current: ReconnectingState;
  #changed: Promise<void>;
  #tell: () => void = () => undefined;

  constructor(first: ReconnectingState) {
    this.#current = first;
    this.#changed = this.#nextChange();
  }

  get current(): ReconnectingState {
    return this.#current;
  }

  set(state: ReconnectingState): void {
    this.#current = state;
    const tell = this.#tell;
    this.#changed = this.#nextChange();
    tell();
  }

  /** The current state, then each newer one that is there when the last was dealt with. Ends after "closed". */
  async *follow(): AsyncGenerator<ReconnectingState, void, undefined> {
    let seen: ReconnectingState | undefined;
    while (seen?.phase !== "closed") {
      if (seen === this.#current) await this.#changed;
      seen = this.#current;
      yield seen;
    }
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = resolve;
    });
  }
}
