// Supervisor: sees to it that there are as many members as there should be, and new ones when that is asked for.
import { warnOnce } from "../transport/warn.ts";
import { type Crew, LOOK } from "./crew.ts";
import { type MemberProcess, memberChanges } from "./member-process.ts";
import type { Leave } from "./messages.ts";
import type { PoolSettings } from "./options.ts";
import { RestartBudget } from "./restart-budget.ts";

/** A member that did not live longer than this is replaced after a while, lest replacing is all that is done. Milliseconds. */
const HASTY = 1000;
const WHILE = 500;

/** What a supervisor tells. */
export interface SupervisorOwner {
  /** It has looked after the members. */
  looked(): void;
  /** No process could be made. What can be let go of may be what it takes. */
  starved(): void;
  /** Members die too often. It has stopped. */
  gaveUp(error: Error): void;
}

/** Looks after one crew. */
export class Supervisor {
  readonly #crew: Crew;
  readonly #owner: SupervisorOwner;
  readonly #workers: number;
  readonly #restarts: RestartBudget;
  /** `starting` until the first crew is there, `renewing` while another one starts. */
  #phase: "starting" | "renewing" | "serving" | "stopped" = "starting";
  #lastRenewal: Promise<unknown> = Promise.resolve();
  /** The renewal that waits for the one before it. */
  #next: Promise<readonly MemberProcess[]> | undefined;
  /** Members of a crew that is starting. */
  #young = new Set<MemberProcess>();
  #refill: NodeJS.Timeout | undefined;
  readonly #watch: NodeJS.Timeout;

  constructor({ workers, supervision }: PoolSettings, crew: Crew, owner: SupervisorOwner) {
    this.#crew = crew;
    this.#owner = owner;
    this.#workers = workers;
    this.#restarts = new RestartBudget(supervision.restarts);
    this.#watch = setInterval(() => this.#look(), LOOK);
    process.on("exit", this.#exiting);
  }

  get stopped(): boolean {
    return this.#phase === "stopped";
  }

  /** How many members ended without being told to. */
  get restarts(): number {
    return this.#restarts.spent;
  }

  /** Nobody is replaced from now on. */
  stop(): void {
    this.#phase = "stopped";
    clearTimeout(this.#refill);
  }

  /** Nobody is looked after any more, either. */
  end(): void {
    this.stop();
    clearInterval(this.#watch);
    process.off("exit", this.#exiting);
  }

  /**
   * Starts a whole new crew, and has the old one leave when all of it is ready: or the new one, if it cannot be.
   *
   * One crew after the other: what has changed since the one that is starting now needs one more, and no more than one.
   *
   * @returns the old one
   * @throws (rejects with) why the new one could not start
   */
  renew(how: Leave): Promise<readonly MemberProcess[]> {
    this.#next ??= this.#lastRenewal.then(() => {
      this.#next = undefined;
      return this.#renewNow(how);
    });
    this.#lastRenewal = this.#next.catch(() => undefined);
    return this.#next;
  }

  async #renewNow(how: Leave): Promise<readonly MemberProcess[]> {
    this.#checkStays();
    const first = this.#phase === "starting";
    if (!first) this.#phase = "renewing";
    const failure = await this.#startYoung();
    this.#checkStays();
    const young = this.#young;
    this.#young = new Set();
    const old = this.#crew.staying.filter((member) => !young.has(member));
    for (const member of failure === undefined ? old : young) void member.leave(how);
    if (!(first && failure !== undefined)) {
      this.#phase = "serving";
      this.#fill();
    }
    if (failure !== undefined) throw failure.error;
    return old;
  }

  /** Resolves with why they could not all start, if they could not. */
  async #startYoung(): Promise<{ readonly error: unknown } | undefined> {
    try {
      for (let count = 0; count < this.#workers; count += 1) {
        this.#young.add(this.#crew.fork());
      }
      await Promise.all([...this.#young].map(({ started }) => started));
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  #checkStays(): void {
    if (this.stopped) throw new Error("the pool is shutting down");
  }

  /** A member has ended, and is no part of the crew any more. */
  gone(member: MemberProcess, why: string): void {
    if (member.phase === "leaving" || this.stopped) return;
    const now = performance.now();
    // Those of a new crew that cannot start are the renewal's business.
    if (this.#young.has(member) && member.readyAt === undefined) return;
    // That there was no descriptor or memory left for a process is not the module's fault, and may pass.
    if (member.pid === undefined) {
      this.#owner.starved();
    } else if (this.#restarts.overdrawn(now)) {
      this.#giveUp(why);
      return;
    }
    // Who follows the channel is told there.
    if (!memberChanges.hasSubscribers) {
      warnOnce(`member: ${why}`, `a member of the pool has ended (${why}), and is replaced`);
    }
    const hasty = member.readyAt === undefined || now - member.readyAt < HASTY;
    if (hasty) this.#refill ??= setTimeout(() => this.#fill(), WHILE);
    else this.#fill();
  }

  /** Replaces who is missing, those aside who are to take the place of all. */
  #fill(): void {
    this.#refill = undefined;
    if (this.#phase !== "serving" && this.#phase !== "renewing") return;
    const there = this.#crew.staying.filter((member) => !this.#young.has(member)).length;
    try {
      for (let count = there; count < this.#workers; count += 1) this.#forkOne();
    } catch (error) {
      warnOnce("fork", `a member could not be started: ${String(error)}`);
      this.#refill ??= setTimeout(() => this.#fill(), WHILE);
    }
  }

  #forkOne(): void {
    this.#crew.fork().started.catch((error: Error) => {
      if (!this.stopped) warnOnce(`member: ${error.message}`, error.message);
    });
  }

  #giveUp(why: string): void {
    const { most } = this.#restarts;
    this.stop();
    this.#owner.gaveUp(
      new Error(`members died more than ${most} times in a minute, the last of ${why}: the pool has stopped`),
    );
  }

  #look(): void {
    this.#crew.look();
    this.#owner.looked();
  }

  /** This process ends without having ended the pool. Those who cannot hear that would stay. */
  readonly #exiting = (): void => {
    for (const member of this.#crew.deaf) member.kill();
  };
}
