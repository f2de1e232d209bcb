// Waiting until nothing happens any more.

/** Knows when something is going on, and for how long nothing has. */
export class Quiet {
  #busy = 0;
  /** How many things have begun. */
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiting: { readonly milliseconds: number; readonly resolve: () => void } | undefined;

  /** Something begins. */
  begin(): void {
    this.#busy += 1;
    this.#count += 1;
    clearTimeout(this.#timer);
  }

  /** It is over. */
  end(): void {
    this.#busy -= 1;
    this.#restart();
  }

  /** Resolves when nothing has gone on for this many milliseconds, from now on; never for Infinity. To be called once. */
  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { milliseconds, resolve };
      this.#restart();
    });
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#waiting = undefined;
    clearTimeout(this.#timer);
  }

  #restart(): void {
    if (this.#waiting === undefined || this.#busy > 0) return;
    const { milliseconds } = this.#waiting;
    clearTimeout(this.#timer);
    if (milliseconds === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => {
      const before = this.#count;
      // Timers come before sockets: what has arrived meanwhile is read first, however late we are.
      setImmediate(() => {
        if (this.#count === before) this.#waiting?.resolve();
      });
    }, milliseconds);
  }
}
