// Says on stderr what is being measured, and how long all of it will still take.
import process from "node:process";
import { duration, number } from "./units.mjs";

/** Goes by the mean of the steps so far. */
export class Progress {
  #left;
  #done = 0;
  #began = performance.now();
  #guess;
  #current = "";

  /**
   * @param steps how many measurements there will be
   * @param guess how long one will take, in seconds, until the first is done
   */
  constructor(steps, guess) {
    this.#left = steps;
    this.#guess = guess;
  }

  /** A measurement begins. */
  begin(what) {
    const left = duration(this.#left * this.#mean());
    this.#current = what;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}   (${left} left)`);
    else process.stderr.write(`${what}   (${left} left)\n`);
  }

  /** It is done; without a run: the candidate cannot do that. */
  end(run) {
    this.#done += 1;
    this.#left -= 1;
    if (!process.stderr.isTTY) return;
    const value = run === undefined ? "not available" : number(run.rate ?? run.kibCollected);
    process.stderr.write(`\r\x1b[K${this.#current}: ${value}`);
  }

  /** One that will not be. */
  skip() {
    this.#left -= 1;
  }

  /** Makes room for a table. */
  clear() {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  }

  #mean() {
    if (this.#done === 0) return this.#guess;
    return (performance.now() - this.#began) / 1000 / this.#done;
  }
}
