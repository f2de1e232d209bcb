// PrimaryPool: the process that listens, hands over what it accepts, and sees to it that there are members.
import type { Socket } from "node:net";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { Sendable } from "../connection/bytes.ts";
import { memberOf } from "../connection/ids.ts";
import { warnOnce } from "../transport/warn.ts";
import { defaultLimits } from "../wire/limits.ts";
import { CallsUnderWay, calls } from "./calls.ts";
import { Crew, LOOK } from "./crew.ts";
import { HandOver } from "./hand-over.ts";
import { type MemberOwner, type MemberProcess, memberChanges } from "./member-process.ts";
import type { Answer, Asked, Call, Leave } from "./messages.ts";
import type { PoolSettings } from "./options.ts";
import { type LeaveOptions, type Pool, type PoolReport, resolveLeave } from "./pool.ts";
import { Port } from "./port.ts";
import { RestartBudget } from "./restart-budget.ts";
import { type PoolStats, statsOf, totalOf } from "./stats.ts";
import { obeySignals } from "./stop-signals.ts";

/** A member that did not live longer than this is replaced after a while, lest replacing is all that is done. Milliseconds. */
const HASTY = 1000;
const WHILE = 500;
const SHUTDOWN = { code: 1001, spread: 0 };
const RELOAD = { code: 1012, spread: 5000 };

/** What `startPool` gives in the process that listens. */
export class PrimaryPool implements Pool {
  readonly role = "primary";
  /** Resolves when the pool has ended. Never rejects. */
  readonly closed: Promise<PoolReport>;
  readonly #settings: PoolSettings;
  readonly #crew: Crew;
  readonly #port: Port;
  readonly #handOver: HandOver;
  readonly #calls = new CallsUnderWay();
  readonly #restarts: RestartBudget;
  #url = "";
  /** Key and certificate, if others were set since the start. */
  #tls: SecureContextOptions | undefined;
  /** `starting` and `renewing` while a whole crew starts: then it is not for single members to be replaced. */
  #phase: "starting" | "renewing" | "serving" | "draining" = "starting";
  #lastRenewal: Promise<unknown> = Promise.resolve();
  #watch: NodeJS.Timeout | undefined;
  #refill: NodeJS.Timeout | undefined;
  #disobey: (() => void) | undefined;
  #resolveClosed: ((report: PoolReport) => void) | undefined;

  /** @internal Use `startPool`. */
  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#restarts = new RestartBudget(settings.supervision.restarts);
    this.#crew = new Crew(settings, this.#owner());
    this.#handOver = new HandOver(settings.secure, defaultLimits.handshakes, () => this.#crew.next());
    this.#port = new Port(settings.secure, (socket) => this.#accepted(socket));
  }

  get url(): string {
    return this.#url;
  }

  /** The port it listens on; 0 on a Unix socket. */
  get port(): number {
    return this.#port.number;
  }

  /** @internal Called by `startPool`. */
  async start(): Promise<void> {
    await this.#port.listen(this.#settings.place);
    this.#url = this.#port.url;
    this.#watch = setInterval(() => this.#look(), LOOK);
    process.on("exit", this.#exiting);
    try {
      await this.#renew(resolveLeave("shutdown()", {}, SHUTDOWN));
      if (this.#settings.signals) this.#obey();
      this.#settings.onReady?.();
    } catch (error) {
      this.#end(undefined);
      throw error;
    }
  }

  async send(id: string, data: Sendable): Promise<boolean> {
    return this.#call(calls.send(id, data));
  }

  async notify(id: string, value: unknown): Promise<boolean> {
    return this.#call(calls.notify(id, value));
  }

  async close(id: string, code = 1000, reason = ""): Promise<boolean> {
    return this.#call(calls.close(id, code, reason));
  }

  /** What the members have told last, half a second ago at most, each by itself and summed. */
  stats(): PoolStats {
    const members = [...this.#crew].map(statsOf);
    return {
      members,
      restarts: this.#restarts.spent,
      onTheWay: this.#handOver.size,
      shed: this.#handOver.shed,
      total: totalOf(members),
    };
  }

  /**
   * New key and certificate for connections that come from now on, in every member; live ones keep theirs.
   *
   * @throws TypeError for a pool without the option `tls`; what node:tls throws for a certificate that is none
   */
  setTls(context: SecureContextOptions): void {
    if (!this.#settings.secure)
      throw new TypeError("setTls() needs a pool that was started with the option tls");
    createSecureContext(context);
    this.#tls = context;
    for (const member of this.#crew) member.tell({ hawser: "tls", context });
  }

  /**
   * Starts new members, and when all of them are ready has the old ones close their connections with 1012 "service restart" and go.
   *
   * @returns when the old ones are gone
   * @throws (rejects with) TypeError or RangeError for wrong options; Error with what a new member could not load, as its `cause`:
   *   then the old ones go on
   */
  async reload(options: LeaveOptions = {}): Promise<void> {
    const how = resolveLeave("reload()", options, RELOAD);
    // One crew after the other: what has changed since the one that is starting now needs one more.
    const renewal = this.#lastRenewal.then(() => this.#renew(how));
    this.#lastRenewal = renewal.catch(() => undefined);
    const old = await renewal;
    await Promise.all(old.map(({ ended }) => ended));
  }

  /**
   * Stops listening, closes every connection with 1001 "going away", and ends when all members have. Called a second time, it ends
   * them at once.
   *
   * @returns as `closed`
   * @throws TypeError or RangeError for wrong options, at once
   */
  shutdown(options: LeaveOptions = {}): Promise<PoolReport> {
    const how = resolveLeave("shutdown()", options, SHUTDOWN);
    if (this.#draining) {
      for (const member of this.#crew) member.kill();
      return this.closed;
    }
    this.#phase = "draining";
    this.#port.close();
    this.#handOver.end();
    void Promise.all([...this.#crew].map((member) => member.leave(how))).then(() => this.#end(undefined));
    this.#settings.onDraining?.();
    return this.closed;
  }

  /** Shuts down with 1001. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  get #draining(): boolean {
    return this.#phase === "draining";
  }

  #owner(): MemberOwner {
    return {
      ready: (member) => this.#ready(member),
      taken: (number) => this.#handOver.taken(number),
      asked: (member, asked) => void this.#answer(member, asked),
      answered: (answer) => this.#calls.answered(answer),
      gone: (member, why) => this.#gone(member, why),
    };
  }

  // Members.

  /** Starts a whole new crew, and has the old one leave when all of it is ready: or the new one, if it cannot be. Resolves with the old one. */
  async #renew(how: Leave): Promise<readonly MemberProcess[]> {
    if (this.#draining) throw new Error("the pool is shutting down");
    const first = this.#phase === "starting";
    if (!first) this.#phase = "renewing";
    const old = this.#crew.staying;
    const young = Array.from({ length: this.#settings.workers }, () => this.#crew.fork(this.#url));
    const failure = await firstFailure(young.map(({ started }) => started));
    for (const member of failure === undefined ? old : young) void member.leave(how);
    if (!this.#draining && !(first && failure !== undefined)) {
      this.#phase = "serving";
      this.#fill();
    }
    if (failure !== undefined) throw failure;
    return old;
  }

  #ready(member: MemberProcess): void {
    if (this.#tls !== undefined) member.tell({ hawser: "tls", context: this.#tls });
    this.#handOver.resume();
  }

  #gone(member: MemberProcess, why: string): void {
    this.#crew.remove(member);
    this.#calls.abandon(member);
    this.#handOver.lost(member);
    if (member.phase === "leaving" || this.#draining) return;
    const now = performance.now();
    // Those of a new crew that cannot start are the renewal's business.
    if (this.#phase !== "serving" && member.readyAt === undefined) return;
    if (this.#restarts.overdrawn(now)) {
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

  /** Replaces who is missing. */
  #fill(): void {
    this.#refill = undefined;
    if (this.#phase !== "serving") return;
    for (let count = this.#crew.staying.length; count < this.#settings.workers; count += 1) {
      const member = this.#crew.fork(this.#url);
      member.started.catch((error: Error) => {
        if (!this.#draining) warnOnce(`member: ${error.message}`, error.message);
      });
    }
  }

  #giveUp(why: string): void {
    const { most } = this.#restarts;
    const error = new Error(
      `members died more than ${most} times in a minute, the last of ${why}: the pool has stopped`,
    );
    this.#phase = "draining";
    if (this.#disobey !== undefined) {
      // Nobody may be looking at `closed`, and whoever has started this process is to know that it failed.
      process.exitCode = 1;
      warnOnce("pool", error.message);
    }
    this.#end(error);
  }

  /** This process ends without having ended the pool. Those who cannot hear that would stay. */
  readonly #exiting = (): void => {
    for (const member of this.#crew.deaf) member.kill();
  };

  #look(): void {
    this.#crew.look();
    this.#handOver.resume();
  }

  #end(error: Error | undefined): void {
    this.#phase = "draining";
    clearInterval(this.#watch);
    process.off("exit", this.#exiting);
    clearTimeout(this.#refill);
    this.#disobey?.();
    this.#port.close();
    this.#handOver.end();
    this.#calls.abandon();
    const members = [...this.#crew];
    for (const member of members) member.kill();
    void Promise.all(members.map(({ ended }) => ended)).then(() => this.#resolveClosed?.({ error }));
  }

  // Calls.

  async #call(call: Call): Promise<boolean> {
    const number = memberOf(call.id);
    const member = number === undefined ? undefined : this.#crew.numbered(number);
    if (member === undefined || member.phase === "starting") return false;
    const { asked, answer } = this.#calls.begin(call, member);
    member.tell(asked);
    return answer;
  }

  async #answer(from: MemberProcess, { number, call }: Asked): Promise<void> {
    let answer: Answer;
    try {
      answer = { hawser: "answer", number, found: await this.#call(call) };
    } catch (error) {
      answer = {
        hawser: "answer",
        number,
        found: false,
        error: error instanceof Error ? error.message : String(error),
      };
    }
    from.tell(answer);
  }

  // The port.

  #accepted(socket: Socket): void {
    const { connections } = this.#settings;
    const full = this.#crew.load + this.#handOver.waiting >= connections || this.#crew.tight;
    if (full) this.#handOver.turnAway(socket);
    else this.#handOver.take(socket);
  }

  #obey(): void {
    this.#disobey = obeySignals({
      shutdown: () => void this.shutdown(),
      reload: () =>
        void this.reload().catch((error: Error) =>
          warnOnce(`reload: ${error.message}`, `not reloaded: ${error.message}`),
        ),
    });
  }
}

/** Resolves with the first reason of those that reject, at once; undefined if none does. */
function firstFailure(promises: readonly Promise<void>[]): Promise<Error | undefined> {
  return Promise.all(promises).then(
    () => undefined,
    (error: Error) => error,
  );
}
