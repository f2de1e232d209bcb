// A queue between what happens and the test that waits for it.

/** Values in the order they came, each taken once. */
export class Mailbox<Value> {
  readonly #values: Value[] = [];
  readonly #waiting: ((value: Value) => void)[] = [];

  put(value: Value): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#values.push(value);
    else next(value);
  }

  /** The next value, when there is one. */
  take(): Promise<Value> {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift() as Value);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
