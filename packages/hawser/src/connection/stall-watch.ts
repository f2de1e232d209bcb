// Whether output that waits makes progress (`timeouts.stalled`).

/** A stall is looked for this many times within the timeout. */
const SAMPLES = 4;

/** What is watched: see Transport. */
export interface Watched {
  readonly buffered: number;
  readonly taken: number;
}

/** Samples a transport from when something is put into it until it is empty. */
export class StallWatch {
  readonly #timeout: number;
  /** When to sample next; Infinity while nothing waits. */
  nextSample: number = Number.POSITIVE_INFINITY;
  #taken = 0;
  #unchanged = 0;

  /** @param timeout in milliseconds; Infinity for never */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** Whether `begin` is due. Asked at every send, so that the clock need not be. */
  get idle(): boolean {
    return this.nextSample === Number.POSITIVE_INFINITY && this.#timeout !== Number.POSITIVE_INFINITY;
  }

  begin(transport: Watched, now: number): void {
    this.#taken = transport.taken;
    this.#unchanged = 0;
    this.nextSample = now + this.#timeout / SAMPLES;
  }

  /** Returns true if something waits and no byte of it was taken for the whole timeout. */
  sample(transport: Watched, now: number): boolean {
    if (now < this.nextSample) return false;
    if (transport.buffered === 0) {
      this.nextSample = Number.POSITIVE_INFINITY;
      return false;
    }
    this.nextSample = now + this.#timeout / SAMPLES;
    this.#unchanged = transport.taken === this.#taken ? this.#unchanged + 1 : 0;
    this.#taken = transport.taken;
    return this.#unchanged >= SAMPLES;
  }
}
