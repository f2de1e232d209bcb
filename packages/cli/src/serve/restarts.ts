// Restarts of a module that is being served: new members first, then the old ones go.
import type { LeaveOptions, PrimaryPool } from "hawser";
import type { Members } from "./members.ts";
import type { Screen } from "./screen.ts";

/** What restarts need. */
export interface RestartOptions {
  readonly pool: PrimaryPool;
  readonly members: Members;
  readonly screen: Screen;
  /** Puts into words why the module could not be loaded. */
  readonly explain: (error: unknown) => Promise<string>;
}

export class Restarts {
  readonly #options: RestartOptions;
  #last: Promise<unknown> = Promise.resolve();
  #over = false;

  constructor(options: RestartOptions) {
    this.#options = options;
  }

  /**
   * Restarts, after the restarts that were asked for before, and says so.
   *
   * @returns whether the module could be loaded; once the new members are ready and the old ones are told to go
   */
  restart(why: string, how?: LeaveOptions): Promise<boolean> {
    const restarted = this.#last.then(() => this.#restart(why, how));
    this.#last = restarted;
    return restarted;
  }

  /** What fails from now on fails because all comes to an end. */
  end(): void {
    this.#over = true;
  }

  async #restart(why: string, how: LeaveOptions | undefined): Promise<boolean> {
    const { pool, members, screen, explain } = this.#options;
    if (this.#over) return false;
    try {
      await members.renewed(() => pool.reload(how));
      // Those that were to go may have gone because all do.
      if (this.#over) return false;
      screen.log(`restarted: ${why}`);
      return true;
    } catch (error) {
      if (this.#over) return false;
      screen.complain(await explain(error));
      screen.log(`not restarted, the old members go on: ${why}`);
      return false;
    }
  }
}
