// The course: one attempt after another, each judged, with a wait between them, to the end.
import type { CloseReport } from "../../connection/close-report.ts";
import { ConnectionClosedError } from "../../connection/closed-error.ts";
import type { Connection, Message } from "../../connection/connection.ts";
import { pumpOf } from "../../connection/connection.ts";
import type { HeaderFields } from "../../handshake/header-fields.ts";
import { holdProcess } from "../../transport/process-hold.ts";
import { describe } from "../../wire/errors.ts";
import { Patience, unlessAborted } from "../patience.ts";
import { Backoff } from "./backoff.ts";
import type { Plan } from "./options.ts";
import { Outbox } from "./outbox.ts";
import type { AttemptEnd, ReconnectingCause, ReconnectingReport } from "./outcome.ts";
import { GaveUpError } from "./outcome.ts";
import { pause } from "./pause.ts";
import { Relay } from "./relay.ts";
import { StateFeed } from "./state-feed.ts";
import type { Verdict } from "./verdict.ts";
import { judge } from "./verdict.ts";

/** A connection that was open for so long, in milliseconds, has lasted; for `backoff.max`, if that is less. */
const LASTING = 30_000;

/** Why it is over, and what iterating throws for it. */
interface Conclusion {
  readonly cause: ReconnectingCause;
  readonly error: unknown;
}

/** What one attempt is made with. */
interface Place {
  readonly url: string | URL;
  readonly headers: HeaderFields | undefined;
}

/** Keeps a connection up. */
export class Course<Received extends Message, State> {
  readonly states: StateFeed = new StateFeed({ phase: "connecting", attempt: 1, last: undefined });
  readonly relay: Relay<Received> = new Relay();
  readonly outbox: Outbox;
  /** Never rejects. */
  readonly closed: Promise<ReconnectingReport>;
  /** The connection that is open, once `onOpen` is done. */
  connection: Connection<Received, State> | undefined;
  report: ReconnectingReport | undefined;

  readonly #plan: Plan<Received, State>;
  readonly #backoff: Backoff;
  /** Aborted when no attempt is to be made or waited for any more. */
  readonly #stop: AbortController = new AbortController();
  /** The application's own end, from when it asked for it. */
  #asked: Conclusion | undefined;
  /** The connection there is, from the end of its handshake on. */
  #ws: Connection<Received, State> | undefined;
  #last: AttemptEnd | undefined;
  /** How many attempts in a row have failed, or led to a connection that did not last. */
  #failed = 0;
  #attempts = 0;
  #connections = 0;

  constructor(plan: Plan<Received, State>, random: () => number) {
    this.#plan = plan;
    this.#backoff = new Backoff(plan.backoff, random);
    this.outbox = new Outbox(plan.queue, plan.clock, plan.framing);
    const release = holdProcess();
    const abort = () => this.#abort();
    plan.signal?.addEventListener("abort", abort, { once: true });
    this.closed = this.#run().then((conclusion) => {
      release();
      plan.signal?.removeEventListener("abort", abort);
      return this.#conclude(conclusion);
    });
  }

  /** @throws TypeError or RangeError for another code or reason, UnsupportedError for one that the version cannot carry */
  close(code: number, reason: string): void {
    this.#plan.framing.checkClose(code, reason);
    if (this.#asked !== undefined || this.report !== undefined) return;
    this.#asked = { cause: "close", error: undefined };
    this.states.set({ phase: "closing" });
    this.outbox.conclude(this.#plan.sendBuffer);
    void this.#ws?.close(code, reason);
    this.#stop.abort();
  }

  #abort(): void {
    // An abort after close() does not wait for the closing handshake.
    if (this.report !== undefined) return;
    this.#asked ??= { cause: "signal", error: this.#plan.signal?.reason };
    void this.#ws?.terminate();
    this.#stop.abort();
  }

  async #run(): Promise<Conclusion> {
    // The application has its object in hand before the first of its functions is called.
    await Promise.resolve();
    if (this.#plan.signal?.aborted === true) this.#abort();
    while (this.#asked === undefined) {
      this.#attempts += 1;
      if (this.#last !== undefined)
        this.states.set({ phase: "connecting", attempt: this.#failed + 1, last: this.#last });
      const end = await this.#attempt(this.#failed + 1);
      // How an attempt ends that was called off says nothing.
      if (this.#asked === undefined || end.report !== undefined) this.#last = end;
      if (this.#asked !== undefined) break;
      const conclusion = await this.#next(end);
      if (conclusion !== undefined) return conclusion;
    }
    return this.#asked;
  }

  /** One attempt, and the life of the connection that comes of it. */
  async #attempt(attempt: number): Promise<AttemptEnd> {
    let place: Place;
    try {
      place = await this.#prepare(attempt);
    } catch (error) {
      return { stage: "preparing", error, report: undefined };
    }
    try {
      this.#ws = await this.#plan.dial(place.url, place.headers, this.#stop.signal);
    } catch (error) {
      return { stage: "handshake", error, report: undefined };
    }
    const report = await this.#live(this.#ws, attempt);
    return { stage: "connection", error: new ConnectionClosedError(report), report };
  }

  /** Asks the application's functions, unless all is called off meanwhile: one that never answers must not end the attempts. */
  async #prepare(attempt: number): Promise<Place> {
    const { url, headers, clock, patience } = this.#plan;
    const wait = new Patience(clock, patience, this.#stop.signal, "url and headers did not come");
    const fresh = <Value>(give: (attempt: number) => Value | PromiseLike<Value>) => {
      const given = new Promise<Value>((resolve) => resolve(give(attempt)));
      return unlessAborted(wait.signal, given, () => undefined);
    };
    try {
      return { url: await fresh(url), headers: await fresh(headers) };
    } finally {
      wait.end();
    }
  }

  async #live(ws: Connection<Received, State>, attempt: number): Promise<CloseReport> {
    this.#connections += 1;
    // It came too late.
    if (this.#asked !== undefined) void ws.terminate();
    await this.#callOnOpen(ws);
    this.relay.add(ws);
    if (ws.phase === "open" && this.#asked === undefined) {
      this.connection = ws;
      this.outbox.attach(ws);
      this.states.set({ phase: "open", attempt });
    }
    const report = await ws.closed;
    this.#ws = undefined;
    this.connection = undefined;
    this.outbox.detach(report.unsent.bytes);
    return report;
  }

  /** Waits until the hook is done, or the connection over. */
  async #callOnOpen(ws: Connection<Received, State>): Promise<void> {
    if (ws.phase !== "open") return;
    try {
      await Promise.race([this.#plan.onOpen(ws), ws.closed]);
    } catch (error) {
      // That the connection has ended is no fault of the hook: the end speaks for itself.
      if (ws.phase !== "open") return;
      const pump = pumpOf(ws);
      pump.inbox.discard();
      pump.fail(1011, "internal error", { cause: "fault", error });
    }
  }

  /** Judges an end, and waits until the next attempt. Returns why there is none. */
  async #next(end: AttemptEnd): Promise<Conclusion | undefined> {
    const { backoff, clock } = this.#plan;
    const lasted = end.report !== undefined && end.report.duration >= Math.min(LASTING, backoff.max);
    this.#failed = lasted ? 0 : this.#failed + 1;
    const verdict = judge(end);
    const conclusion = this.#decide(end, verdict);
    if (conclusion !== undefined) return conclusion;
    const delay = this.#backoff.delay(this.#failed, verdict.advice);
    this.states.set({ phase: "waiting", attempt: this.#failed + 1, delay, last: end });
    await pause(clock, delay, this.#stop.signal);
    return undefined;
  }

  #decide(end: AttemptEnd, { meaning }: Verdict): Conclusion | undefined {
    try {
      if (this.#ask(end) ?? meaning === "retry") {
        if (this.#failed < this.#plan.attempts) return undefined;
        const count = this.#failed === 1 ? "1 attempt" : `${this.#failed} attempts`;
        return { cause: "attempts", error: new GaveUpError(`gave up after ${count}`, end) };
      }
    } catch (error) {
      return { cause: "verdict", error: new GaveUpError("the retry option threw", end, error) };
    }
    if (meaning === "closed") return { cause: "close", error: undefined };
    if (meaning === "done") return { cause: "end", error: undefined };
    return { cause: "verdict", error: new GaveUpError("gave up, since trying again would not help", end) };
  }

  #ask(end: AttemptEnd): boolean | undefined {
    const said: unknown = this.#plan.retry(end, this.#failed);
    if (said === undefined || typeof said === "boolean") return said;
    throw new TypeError(`retry must return true, false or undefined, not ${describe(said)}`);
  }

  #conclude({ cause, error }: Conclusion): ReconnectingReport {
    this.outbox.conclude(0);
    const report: ReconnectingReport = {
      cause,
      error,
      last: this.#last,
      attempts: this.#attempts,
      connections: this.#connections,
      unsent: this.outbox.counts(),
      unread: this.relay.unread,
    };
    this.report = report;
    this.states.set({ phase: "closed", report });
    this.relay.end();
    return report;
  }
}
