// startPool: one port, served by many processes, each watched and replaced.
import { createServer, type Server as NetServer, type Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { memberOf } from "../connection/ids.ts";
import { warnOnce } from "../transport/warn.ts";
import { defaultLimits } from "../wire/limits.ts";
import { checkClose } from "../wire/rfc6455/close-code.ts";
import { CallsUnderWay } from "./calls.ts";
import { HandOver } from "./hand-over.ts";
import { type Member, memberHere } from "./member.ts";
import { type MemberOwner, type MemberPhase, MemberProcess } from "./member-process.ts";
import type { Answer, Call, FromMember, MemberCounts } from "./messages.ts";
import { type PoolOptions, type PoolSettings, resolvePool } from "./options.ts";

/** What can be done from any process of a pool. */
export interface Pool {
  /** "primary" in the process that listens, "member" in those that serve. */
  readonly role: "primary" | "member";
  /** Where clients connect to. */
  readonly url: string;
  /** Sends to the connection of this name, wherever it is. Resolves with whether it was there. */
  send(id: string, data: string | Uint8Array): Promise<boolean>;
  /** Gives a value to its behaviour. A structured clone, where it is in another process. */
  notify(id: string, value: unknown): Promise<boolean>;
  /** Closes it. Throws TypeError or RangeError for a code that may not be sent. */
  close(id: string, code?: number, reason?: string): Promise<boolean>;
}

/** One member, as it fares. */
export interface MemberStats extends MemberCounts {
  readonly member: number;
  readonly pid: number | undefined;
  readonly phase: MemberPhase;
}

/** All of them. */
export interface PoolStats {
  readonly members: readonly MemberStats[];
  /** Members that died and were replaced. */
  readonly restarts: number;
  /** Sockets that no member has yet. */
  readonly onTheWay: number;
  readonly total: Pick<MemberCounts, "connections" | "accepted" | "refused" | "shed" | "memory">;
}

/** How a pool ended. */
export interface PoolReport {
  /** Why it stopped by itself; undefined if it was closed. */
  readonly error: Error | undefined;
}

/** How a pool closes, or restarts. */
export interface LeaveOptions {
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  /** Milliseconds for the closing handshakes. Default 5 s. */
  readonly deadline?: number | undefined;
  /** Milliseconds over which the Closes are spread. Default: 0 on closing, 5 s on reloading. */
  readonly spread?: number | undefined;
}

/**
 * Starts members that serve one port, and watches over them.
 *
 * @returns the pool, when it listens and every member is ready. In a member, at once: there the call says what that member
 *   serves with
 * @throws (rejects with) TypeError or RangeError for wrong options; Error with what a member could not load; the system's error if
 *   it cannot listen
 */
export async function startPool(options: PoolOptions): Promise<Pool | PrimaryPool> {
  const settings = resolvePool(options);
  const member = memberHere();
  if (member !== undefined) {
    member.adopt(options);
    return new MemberPool(member);
  }
  const pool = new PrimaryPool(settings, options.tls !== undefined);
  await pool.start();
  return pool;
}

class MemberPool implements Pool {
  readonly role = "member";
  readonly #member: Member;

  constructor(member: Member) {
    this.#member = member;
  }

  get url(): string {
    return this.#member.url;
  }

  async send(id: string, data: string | Uint8Array): Promise<boolean> {
    return this.#member.call({ type: "send", id, data });
  }

  async notify(id: string, value: unknown): Promise<boolean> {
    return this.#member.call({ type: "notify", id, value });
  }

  async close(id: string, code = 1000, reason = ""): Promise<boolean> {
    checkClose(code, reason);
    return this.#member.call({ type: "close", id, code, reason });
  }
}

/** The process that listens. */
export class PrimaryPool implements Pool, MemberOwner {
  readonly role = "primary";
  /** Resolves when the pool has ended. Never rejects. */
  readonly closed: Promise<PoolReport>;
  readonly #settings: PoolSettings;
  readonly #secure: boolean;
  readonly #listener: NetServer;
  readonly #handOver: HandOver;
  readonly #members = new Set<MemberProcess>();
  readonly #calls = new CallsUnderWay();
  #count = 0;
  #restarts: number[] = [];
  #allRestarts = 0;
  #draining = false;
  #watch: NodeJS.Timeout | undefined;
  #resolveClosed: ((report: PoolReport) => void) | undefined;
  #starting: { resolve(): void; reject(error: Error): void } | undefined;
  #url = "";

  constructor(settings: PoolSettings, secure: boolean) {
    this.#settings = settings;
    this.#secure = secure;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#handOver = new HandOver(secure, defaultLimits.handshakes, () => this.#leastLoaded());
    this.#listener = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (socket) =>
      this.#accepted(socket),
    );
  }

  get url(): string {
    return this.#url;
  }

  /** The port it listens on; 0 on a Unix socket. */
  get port(): number {
    const address = this.#listener.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  /** @internal Called by `startPool`. */
  async start(): Promise<void> {
    await this.#listen();
    this.#url = this.#where();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#starting = { resolve, reject };
        for (let count = 0; count < this.#settings.workers; count += 1) this.#fork();
      });
    } catch (error) {
      this.#end(undefined);
      throw error;
    } finally {
      this.#starting = undefined;
    }
    this.#watch = setInterval(() => this.#look(), LOOK);
    if (this.#settings.signals) this.#listenToSignals();
    this.#settings.onReady?.();
  }

  async send(id: string, data: string | Uint8Array): Promise<boolean> {
    return this.#call({ type: "send", id, data });
  }

  async notify(id: string, value: unknown): Promise<boolean> {
    return this.#call({ type: "notify", id, value });
  }

  async close(id: string, code = 1000, reason = ""): Promise<boolean> {
    checkClose(code, reason);
    return this.#call({ type: "close", id, code, reason });
  }

  /** What the members have told last, each by itself and summed. */
  stats(): PoolStats {
    const members = [...this.#members].map((member) => ({
      ...(member.counts ?? noCounts),
      member: member.number,
      pid: member.pid,
      phase: member.phase,
    }));
    const sum = (name: keyof MemberCounts) => members.reduce((total, counts) => total + counts[name], 0);
    return {
      members,
      restarts: this.#allRestarts,
      onTheWay: this.#handOver.size,
      total: {
        connections: sum("connections"),
        accepted: sum("accepted"),
        refused: sum("refused"),
        shed: sum("shed"),
        memory: sum("memory"),
      },
    };
  }

  /** New key and certificate for connections that come from now on, in every member. */
  setTls(context: SecureContextOptions): void {
    for (const member of this.#members) member.tell({ type: "tls", context });
  }

  /**
   * Starts new members, and when all of them are ready has the old ones close their connections with 1012 and go.
   *
   * @throws (rejects with) Error with what a new member could not load; the old ones go on then
   */
  async reload({
    code = 1012,
    reason = "",
    deadline = 5000,
    spread = 5000,
  }: LeaveOptions = {}): Promise<void> {
    checkClose(code, reason);
    const old = [...this.#members].filter(({ phase }) => phase === "ready");
    const young = new Set<MemberProcess>();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#starting = { resolve, reject };
        for (let count = 0; count < this.#settings.workers; count += 1) young.add(this.#fork());
      });
    } catch (error) {
      for (const member of young) this.#dismiss(member);
      throw error;
    } finally {
      this.#starting = undefined;
    }
    await Promise.all(old.map((member) => this.#leave(member, { code, reason, deadline, spread })));
  }

  /** Stops listening, closes every connection with 1001, and ends when all members have. A second call ends them at once. */
  shutdown({
    code = 1001,
    reason = "",
    deadline = 5000,
    spread = 0,
  }: LeaveOptions = {}): Promise<PoolReport> {
    checkClose(code, reason);
    if (this.#draining) {
      for (const member of this.#members) member.kill();
      return this.closed;
    }
    this.#draining = true;
    this.#settings.onDraining?.();
    this.#listener.close();
    this.#handOver.drop();
    const members = [...this.#members].map((member) =>
      this.#leave(member, { code, reason, deadline, spread }),
    );
    void Promise.all(members).then(() => this.#end(undefined));
    return this.closed;
  }

  // What members say.

  ready(): void {
    this.#handOver.resume();
    if ([...this.#members].every(({ phase }) => phase !== "starting")) this.#starting?.resolve();
  }

  failed(member: MemberProcess, message: string): void {
    const error = new Error(`a member could not start: ${message}`);
    if (this.#starting !== undefined) this.#starting.reject(error);
    else warnOnce("member", error.message);
    this.#dismiss(member);
  }

  taken(numbers: readonly number[]): void {
    this.#handOver.taken(numbers);
  }

  asked(member: MemberProcess, { number, call }: Extract<FromMember, { type: "call" }>): void {
    this.#call(call).then(
      (found) => member.tell({ type: "answer", number, found }),
      (error: Error) => member.tell({ type: "answer", number, found: false, error: error.message }),
    );
  }

  answered(answer: Answer): void {
    this.#calls.answered(answer);
  }

  gone(member: MemberProcess, why: string): void {
    const expected = member.phase === "leaving" || this.#draining;
    const wasStarting = member.phase === "starting";
    this.#members.delete(member);
    this.#goodbyes.get(member)?.();
    this.#calls.abandon(member);
    this.#handOver.lost(member);
    if (expected) return;
    if (wasStarting && this.#starting !== undefined) {
      this.#starting.reject(new Error(`a member ended before it was ready: ${why}`));
      return;
    }
    this.#replace(why);
  }

  // The members.

  readonly #goodbyes = new Map<MemberProcess, () => void>();

  #fork(): MemberProcess {
    this.#count += 1;
    const member = new MemberProcess(this.#count, this.#url, this.#settings, this);
    this.#members.add(member);
    return member;
  }

  #leastLoaded(): MemberProcess | undefined {
    const now = performance.now();
    let best: MemberProcess | undefined;
    for (const member of this.#members) {
      if (member.phase !== "ready" || now - member.lastHeard > this.#settings.supervision.silent) continue;
      if (best === undefined || member.load < best.load) best = member;
    }
    return best;
  }

  #replace(why: string): void {
    const now = performance.now();
    this.#restarts = this.#restarts.filter((at) => now - at < 60_000);
    this.#restarts.push(now);
    this.#allRestarts += 1;
    const { restarts } = this.#settings.supervision;
    if (this.#restarts.length <= restarts) {
      this.#fork();
      return;
    }
    const error = new Error(
      `members died more than ${restarts} times in a minute, the last by ${why}: the pool has stopped`,
    );
    this.#draining = true;
    for (const member of this.#members) member.kill();
    this.#end(error);
  }

  /** Whether each member still speaks. A timer of ours that is late has told nothing about them. */
  #look(): void {
    const now = performance.now();
    const late = now - this.#lastLook > 2 * LOOK;
    this.#lastLook = now;
    if (late) return;
    const { hang, start } = this.#settings.supervision;
    for (const member of this.#members) {
      if (member.phase === "leaving") continue;
      const patience = member.phase === "starting" ? start : hang;
      if (now - member.lastHeard > patience) member.kill();
    }
    this.#handOver.resume();
  }

  #lastLook = performance.now();

  #leave(
    member: MemberProcess,
    how: Required<{ [name in keyof LeaveOptions]: NonNullable<LeaveOptions[name]> }>,
  ): Promise<void> {
    member.phase = "leaving";
    member.tell({ type: "leave", ...how });
    const late = setTimeout(() => member.kill(), how.spread + how.deadline + GRACE);
    return new Promise((resolve) => {
      this.#goodbyes.set(member, () => {
        clearTimeout(late);
        this.#goodbyes.delete(member);
        resolve();
      });
    });
  }

  #dismiss(member: MemberProcess): void {
    member.phase = "leaving";
    member.kill();
  }

  #end(error: Error | undefined): void {
    this.#draining = true;
    this.#starting?.reject(error ?? new Error("the pool was closed while it started"));
    clearInterval(this.#watch);
    for (const signal of [...ends, "SIGHUP"] as const) process.off(signal, this.#signalled);
    this.#listener.close();
    this.#handOver.drop();
    for (const member of this.#members) this.#dismiss(member);
    this.#calls.abandon();
    this.#resolveClosed?.({ error });
  }

  // Calls.

  async #call(call: Call): Promise<boolean> {
    const number = memberOf(call.id);
    const member = [...this.#members].find((one) => one.number === number);
    if (member === undefined || member.phase === "starting") return false;
    const { number: asked, answer } = this.#calls.begin(member);
    member.tell({ type: "call", number: asked, call });
    return answer;
  }

  // The port.

  #accepted(socket: Socket): void {
    const open = [...this.#members].reduce((total, { load }) => total + load, 0) + this.#handOver.size;
    if (open >= this.#settings.connections) this.#handOver.shed(socket);
    else this.#handOver.take(socket);
  }

  #listen(): Promise<void> {
    const { port, host, backlog, socketPath } = this.#settings.place;
    return new Promise((resolve, reject) => {
      this.#listener.once("error", reject);
      this.#listener.listen(socketPath === undefined ? { port, host, backlog } : { path: socketPath }, () => {
        this.#listener.off("error", reject);
        this.#listener.on("error", (error) =>
          warnOnce("accept", `a connection could not be accepted: ${error.message}`),
        );
        resolve();
      });
    });
  }

  #where(): string {
    const scheme = this.#secure ? "wss" : "ws";
    const address = this.#listener.address();
    if (address === null || typeof address === "string") return `${scheme}+unix:${address ?? ""}`;
    const host =
      address.address === "::" ? "::1" : address.address === "0.0.0.0" ? "127.0.0.1" : address.address;
    return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
  }

  // Signals.

  readonly #signalled = (signal: NodeJS.Signals): void => {
    if (signal !== "SIGHUP") void this.shutdown();
    else this.reload().catch((error: unknown) => warnOnce("reload", `reloading failed: ${String(error)}`));
  };

  #listenToSignals(): void {
    for (const signal of [...ends, "SIGHUP"] as const) process.on(signal, this.#signalled);
  }
}

const ends = ["SIGTERM", "SIGINT"] as const;
/** How often members are looked after. */
const LOOK = 500;
/** What a member has beyond its deadline, in milliseconds. */
const GRACE = 1000;
const noCounts: MemberCounts = { connections: 0, accepted: 0, refused: 0, shed: 0, loopDelay: 0, memory: 0 };
