// Whether output that waits makes progress (`timeouts.stalled`).

/** A stall is looked for this many times within the timeout. */
const SAMPLES = 4;

/** What is watched: see Transport. */
export interface Watched {
  readonly buffered: number;
  readonly taken: number;
}

/** What a sample shows: it is not time yet or output moves, nothing waits any more, no byte was taken for the whole timeout. */
export type StallVerdict = "moving" | "idle" | "stalled";

/** Samples a transport from when something is put into it until it is empty. */
export class StallWatch {
  readonly #interval: number;
  /** When to sample next. */
  nextSample: number;
  #taken: number;
  #unchanged = 0;

  /** @param timeout in milliseconds, not Infinity */
  constructor(timeout: number, transport: Watched, now: number) {
    this.#interval = timeout / SAMPLES;
    this.#taken = transport.taken;
    this.nextSample = now + this.#interval;
  }

  sample(transport: Watched, now: number): StallVerdict {
    if (now < this.nextSample) return "moving";
    if (transport.buffered === 0) return "idle";
    this.nextSample = now + this.#interval;
    this.#unchanged = transport.taken === this.#taken ? this.#unchanged + 1 : 0;
    this.#taken = transport.taken;
    return this.#unchanged >= SAMPLES ? "stalled" : "moving";
  }
}
