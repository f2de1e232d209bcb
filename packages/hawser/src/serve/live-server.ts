// What servers of every kind have in common: their live connections, their counts, and how they close.
import type { Settings } from "../accept/settings.ts";
import type { AnyConnection } from "../connection/connection.ts";
import { Timer } from "../transport/clock.ts";
import { describe } from "../wire/errors.ts";
import { checkNames } from "../wire/options.ts";
import { checkClose } from "../wire/rfc6455/close-code.ts";
import type { DrainOptions, DrainReport, Roster, ServerStats } from "./roster.ts";

/** A set of live connections that can be counted, gone through, and closed. */
export abstract class LiveServer implements Iterable<AnyConnection> {
  readonly #settings: Settings;
  readonly #roster: Roster;
  #closing: Promise<DrainReport> | undefined;

  protected constructor(settings: Settings, roster: Roster) {
    this.#settings = settings;
    this.#roster = roster;
  }

  /** The open connections, as they are at each moment. */
  get connections(): ReadonlySet<AnyConnection> {
    return this.#roster.connections;
  }

  /** How many connections are open. */
  get size(): number {
    return this.#roster.connections.size;
  }

  /** The open connections: `broadcast(server, …)`. */
  [Symbol.iterator](): Iterator<AnyConnection> {
    return this.#roster.connections.values();
  }

  /** What has been counted since the start. */
  stats(): ServerStats {
    return this.#roster.stats();
  }

  /**
   * Stops accepting, closes every connection with 1001 "going away", and drops those that are late. Safe to call twice.
   *
   * @returns how many closed, and how many had to be dropped, when all have ended and nothing listens any more
   * @throws TypeError or RangeError for a close code or reason that may not be sent, or a deadline that is no time, at once
   */
  close(options: DrainOptions = {}): Promise<DrainReport> {
    checkNames("close()", options, ["code", "reason", "deadline"]);
    const { code = 1001, reason = "", deadline = this.#settings.timeouts.close } = options;
    checkClose(code, reason);
    if (typeof deadline !== "number" || !(deadline > 0)) {
      throw new RangeError(`deadline must be a number of milliseconds above 0, not ${describe(deadline)}`);
    }
    this.#closing ??= this.#close(code, reason, deadline);
    return this.#closing;
  }

  /** Closes with 1001. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Lets nobody in any more. Returns a promise of when nothing listens, and all that was not a WebSocket is over. */
  protected abstract stopAccepting(late: Promise<void>): Promise<void>;

  async #close(code: number, reason: string, deadline: number): Promise<DrainReport> {
    const alarm = new Alarm();
    const { clock } = this.#settings;
    if (deadline !== Number.POSITIVE_INFINITY) clock.schedule(alarm, clock.now() + deadline);
    const stopped = this.stopAccepting(alarm.rings);
    const report = await this.#roster.drain(code, reason, alarm.rings);
    await stopped;
    clock.cancel(alarm);
    return report;
  }
}

/** A deadline as a promise. */
class Alarm extends Timer {
  readonly rings: Promise<void>;
  #ring: (() => void) | undefined;

  constructor() {
    super();
    this.rings = new Promise((resolve) => {
      this.#ring = resolve;
    });
  }

  override expired(): void {
    this.#ring?.();
  }
}
