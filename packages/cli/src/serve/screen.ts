// What people see of a pool: lines, and at a terminal how it fares, at the bottom.
import type { PoolStats } from "hawser";
import { BottomLine, type Terminal } from "../terminal/bottom-line.ts";
import { type Colors, colorsFor, type MaybeTerminal } from "../terminal/colors.ts";
import { timeOfDay } from "../terminal/words.ts";
import { hasChanged, RecentSamples, ratesBetween, statusLine } from "./status.ts";

/** How often the line at the bottom is drawn, and over how long its rates are taken. Milliseconds. */
const REDRAW = 1000;
const RATES = 5000;
/** How often it is printed where there is no terminal, if anything has changed. Milliseconds. */
const REPORT = 60_000;

/** Where to print, and how. */
export interface ScreenOptions {
  readonly output: MaybeTerminal & Terminal;
  readonly errors: Pick<NodeJS.WritableStream, "write">;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export class Screen {
  readonly colors: Colors;
  /** Printed to a terminal that knows how to move its cursor. */
  readonly lively: boolean;
  readonly #output: Terminal;
  readonly #errors: Pick<NodeJS.WritableStream, "write">;
  #bottom: BottomLine | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ output, errors, environment }: ScreenOptions) {
    this.colors = colorsFor(output, environment);
    this.lively = output.isTTY === true && environment["TERM"] !== "dumb";
    this.#output = output;
    this.#errors = errors;
  }

  say(line: string): void {
    this.#output.write(`${line}\n`);
  }

  /** A line with the time of day. */
  log(line: string): void {
    this.say(`${this.colors.dim(timeOfDay(new Date()))}  ${line}`);
  }

  /** What went wrong, on standard error. */
  complain(text: string): void {
    this.#errors.write(`hawser: ${text}\n`);
  }

  /** Shows how a pool fares from now on, until `end`. */
  follow(stats: () => PoolStats): void {
    if (this.lively) this.#keepBottomLine(stats);
    else this.#report(stats);
  }

  /** The terminal is as it was. */
  end(): void {
    clearInterval(this.#timer);
    this.#bottom?.end();
    this.#bottom = undefined;
  }

  #keepBottomLine(stats: () => PoolStats): void {
    const bottom = new BottomLine(this.#output);
    this.#bottom = bottom;
    const samples = new RecentSamples(RATES);
    const draw = () => {
      const now = stats();
      const rates = samples.add({ at: performance.now(), stats: now });
      bottom.show(this.colors.dim(statusLine(now, rates, bottom.columns - 1)));
    };
    this.#timer = setInterval(draw, REDRAW);
    draw();
    process.on("exit", () => this.end());
    // Ctrl-Z: the shell is to have its screen whole.
    process.on("SIGTSTP", () => {
      this.#bottom?.suspend();
      process.kill(process.pid, "SIGSTOP");
    });
    process.on("SIGCONT", () => this.#bottom?.resume());
  }

  #report(stats: () => PoolStats): void {
    let last = { at: performance.now(), stats: stats() };
    this.#timer = setInterval(() => {
      const now = { at: performance.now(), stats: stats() };
      if (hasChanged(last.stats, now.stats)) this.log(statusLine(now.stats, ratesBetween(last, now)));
      last = now;
    }, REPORT);
  }
}
