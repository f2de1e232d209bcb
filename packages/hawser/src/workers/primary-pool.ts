// PrimaryPool: the pool, seen from the process that listens: it hands over what it accepts, and reads none of it.
import type { Socket } from "node:net";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { Sendable } from "../connection/bytes.ts";
import { memberOf } from "../connection/ids.ts";
import { warnOnce } from "../transport/warn.ts";
import { defaultLimits } from "../wire/limits.ts";
import { calls, failed } from "./calls.ts";
import { Crew } from "./crew.ts";
import { HandOver } from "./hand-over.ts";
import type { MemberOwner, MemberProcess } from "./member-process.ts";
import type { Answer, Asked, Call } from "./messages.ts";
import { canBeCopied, type PoolSettings } from "./options.ts";
import { type LeaveOptions, type Pool, type PoolReport, resolveLeave } from "./pool.ts";
import { Port } from "./port.ts";
import { type PoolStats, statsOf, totalOf } from "./stats.ts";
import { obeySignals } from "./stop-signals.ts";
import { Supervisor } from "./supervisor.ts";

const SHUTDOWN = { code: 1001, spread: 0, patient: false };
const RELOAD = { code: 1012, spread: 5000, patient: true };

/** What `startPool` gives in the process that listens. */
export class PrimaryPool implements Pool {
  readonly role = "primary";
  /** Resolves when the pool has ended. Never rejects. */
  readonly closed: Promise<PoolReport>;
  readonly #settings: PoolSettings;
  readonly #crew: Crew;
  readonly #port: Port;
  readonly #handOver: HandOver;
  readonly #supervisor: Supervisor;
  #url = "";
  /** Key and certificate, if others were set since the start. */
  #tls: SecureContextOptions | undefined;
  #disobey: (() => void) | undefined;
  #resolveClosed: ((report: PoolReport) => void) | undefined;

  /** @internal Use `startPool`. */
  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#crew = new Crew(settings, this.#owner());
    this.#supervisor = new Supervisor(settings, this.#crew, {
      starved: () => this.#handOver.turnAwayWaiting(),
      looked: () => this.#handOver.resume(),
      gaveUp: (error) => this.#gaveUp(error),
    });
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
    try {
      await this.#port.listen(this.#settings.place);
      this.#url = this.#port.url;
      this.#crew.url = this.#url;
      if (this.#settings.signals) this.#obey();
      await this.#supervisor.renew(resolveLeave("shutdown()", {}, SHUTDOWN));
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
      restarts: this.#supervisor.restarts,
      onTheWay: this.#handOver.size,
      shed: this.#handOver.shed,
      total: totalOf(members),
    };
  }

  /**
   * New key and certificate for connections that come from now on, in every member; live ones keep theirs.
   *
   * @throws TypeError for a pool without the option `tls`, and for what cannot be copied to members; what node:tls throws for a certificate that is none
   */
  setTls(context: SecureContextOptions): void {
    if (!this.#settings.secure)
      throw new TypeError("setTls() needs a pool that was started with the option tls");
    createSecureContext(context);
    if (!canBeCopied(context)) {
      throw new TypeError(
        "setTls() of a pool takes what can be copied to its members: key, cert and the like, and no functions",
      );
    }
    this.#tls = context;
    for (const member of this.#crew) member.tell({ hawser: "tls", context });
  }

  /**
   * Starts new members, and when all of them are ready has the old ones close their connections with 1012 "service restart" and go.
   *
   * Called again while new members start, it starts newer ones after them; called more often, it does that once.
   *
   * @returns when the old ones are gone
   * @throws (rejects with) TypeError or RangeError for wrong options; Error with what a new member could not load, as its `cause`:
   *   then the old ones go on
   */
  async reload(options: LeaveOptions = {}): Promise<void> {
    const how = resolveLeave("reload()", options, RELOAD);
    const old = await this.#supervisor.renew(how);
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
    if (this.#supervisor.stopped) {
      for (const member of this.#crew) member.kill();
      return this.closed;
    }
    this.#supervisor.stop();
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

  #owner(): MemberOwner {
    return {
      ready: (member) => this.#ready(member),
      taken: (number) => this.#handOver.taken(number),
      asked: (member, asked) => void this.#answer(member, asked),
      gone: (member, why) => this.#gone(member, why),
    };
  }

  #ready(member: MemberProcess): void {
    if (this.#tls !== undefined) member.tell({ hawser: "tls", context: this.#tls });
    this.#handOver.resume();
  }

  #gone(member: MemberProcess, why: string): void {
    this.#crew.remove(member);
    this.#handOver.lost(member);
    this.#supervisor.gone(member, why);
  }

  #gaveUp(error: Error): void {
    if (this.#disobey !== undefined) {
      // Nobody may be looking at `closed`, and whoever has started this process is to know that it failed.
      process.exitCode = 1;
      warnOnce("pool", error.message);
    }
    this.#end(error);
  }

  #end(error: Error | undefined): void {
    this.#supervisor.end();
    this.#disobey?.();
    this.#port.close();
    this.#handOver.end();
    const members = [...this.#crew];
    for (const member of members) member.kill();
    void Promise.all(members.map(({ ended }) => ended)).then(() => this.#resolveClosed?.({ error }));
  }

  // Calls.

  async #call(call: Call): Promise<boolean> {
    const number = memberOf(call.id);
    const member = number === undefined ? undefined : this.#crew.numbered(number);
    if (member === undefined || member.phase === "starting") return false;
    const { asked, answer } = member.calls.begin(call);
    member.tell(asked);
    return answer;
  }

  async #answer(from: MemberProcess, { number, call }: Asked): Promise<void> {
    const answer: Answer = await this.#call(call).then(
      (found) => ({ hawser: "answer", number, found }),
      (error: unknown) => failed(number, error),
    );
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
