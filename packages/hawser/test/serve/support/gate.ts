// A promise that a test settles, and a look at who waits for it.

/** Hooks wait here until the test lets them through. */
export class Gate<Value = void> {
  /** How many have come. */
  waiting = 0;
  readonly #promise: Promise<Value>;
  #resolve: ((value: Value) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor() {
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  wait(): Promise<Value> {
    this.waiting += 1;
    return this.#promise;
  }

  open(value: Value): void {
    this.#resolve?.(value);
  }

  fail(error: unknown): void {
    this.#reject?.(error);
  }
}
