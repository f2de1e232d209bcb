// The ledger: what is noted while a connection lives, and becomes its close report.
import type { WireEnd } from "../wire/wire.ts";
import type { CloseReport, OuterCause } from "./close-report.ts";
import { closeReport } from "./close-report.ts";
import type { Traffic } from "./traffic.ts";

/** Keeps counts, times, and what explains an end better than the machine can. */
export class Ledger {
  messagesReceived = 0;
  bytesReceived = 0;
  /** The phase is "open" no longer, and this was told before the end. */
  leftOpen = false;
  readonly #openedAt: number;
  #receivedAt: number;
  /** The phase in which we ended our half of the transport: that of a failure, if it was one. */
  #endedIn: CloseReport["phase"] | undefined;
  #outerCause: OuterCause | undefined;
  /** The same, said after we had ended our half. */
  #lateCause: OuterCause | undefined;
  #transportError: Error | undefined;

  constructor(now: number) {
    this.#openedAt = now;
    this.#receivedAt = now;
  }

  received(bytes: number, now: number): void {
    this.#receivedAt = now;
    this.bytesReceived += bytes;
  }

  /**
   * We end our half of the transport: after a whole closing handshake, in place of a Close where the version has none, or since
   * the connection has failed. The last time counts: a failure ends it again.
   */
  ending(): void {
    this.#endedIn = this.leftOpen ? "closing" : "open";
  }

  /** Why the connection ends now. A connection that was failed has its cause, and keeps it. */
  explain(outer: OuterCause): void {
    if (this.#endedIn === undefined) this.#outerCause = outer;
    else this.#lateCause ??= outer;
  }

  lost(error: Error | undefined): void {
    this.#transportError = error;
  }

  report(end: WireEnd, unsent: CloseReport["unsent"], traffic: Traffic, now: number): CloseReport {
    return closeReport(end, this.#outer(end), {
      phase: this.#phaseOf(end),
      unsent,
      idle: now - this.#receivedAt,
      duration: now - this.#openedAt,
      ...traffic,
    });
  }

  /** The phase in which happened what ended the connection. */
  #phaseOf(end: WireEnd): CloseReport["phase"] {
    if (end.cause === "close") return "open";
    if (end.cause !== "lost" && end.cause !== "close-timeout") return this.#endedIn ?? "open";
    return this.leftOpen ? "closing" : "open";
  }

  #outer(end: WireEnd): OuterCause | undefined {
    // What came after a closing handshake had run its course explains nothing any more.
    if (end.clean) return undefined;
    if (this.#outerCause !== undefined) return this.#outerCause;
    if (end.cause !== "lost" && end.cause !== "close-timeout") return undefined;
    if (this.#lateCause !== undefined) return this.#lateCause;
    return end.cause === "lost" && this.#transportError !== undefined
      ? { cause: "lost", error: this.#transportError }
      : undefined;
  }
}
