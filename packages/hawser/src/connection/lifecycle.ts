// What a connection promises its user over its life: pings answered, output drained, the signal, the close report.

import { connectionClose, connectionMessage } from "./channels.ts";
import type { CloseReport } from "./close-report.ts";
import { ConnectionClosedError } from "./closed-error.ts";
import type { Item } from "./inbox.ts";
import { PendingPings } from "./pings.ts";
import type { PumpOwner } from "./pump-owner.ts";

type Waiter = (room: boolean) => void;

/** Hears what the pump says and keeps the promises that hang on it. Everything is made when it is first asked for. */
export class Lifecycle<Connection> implements PumpOwner {
  /** Once the connection has ended. */
  report: CloseReport | undefined;
  /** The last round trip in milliseconds. */
  latency: number | undefined;
  /** The connection, for subscribers of the diagnostics channels. */
  readonly #connection: Connection;
  readonly #onEnded: ((connection: Connection) => void) | undefined;
  #open = true;
  #closed: Promise<CloseReport> | undefined;
  #resolveClosed: ((report: CloseReport) => void) | undefined;
  #controller: AbortController | undefined;
  /** Who waits for no more than `limits.sendMark` to wait, and who for room in the transport alone. */
  #drains: Waiter[] | undefined;
  #rooms: Waiter[] | undefined;
  #pings: PendingPings | undefined;

  constructor(connection: Connection, onEnded: ((connection: Connection) => void) | undefined) {
    this.#connection = connection;
    this.#onEnded = onEnded;
  }

  get closed(): Promise<CloseReport> {
    this.#closed ??= new Promise((resolve) => {
      if (this.report === undefined) this.#resolveClosed = resolve;
      else resolve(this.report);
    });
    return this.#closed;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (!this.#open) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Resolves when no more than `limits.sendMark` waits (true) or nothing will be sent any more (false). */
  nextDrain(): Promise<boolean> {
    this.#drains ??= [];
    return settledWith(this.#drains);
  }

  /** As `nextDrain`, for the transport alone. */
  nextRoom(): Promise<boolean> {
    this.#rooms ??= [];
    return settledWith(this.#rooms);
  }

  /** The round trip of the ping with this payload that was sent at this time. */
  roundTrip(payload: Uint8Array, sentAt: number): Promise<number> {
    this.#pings ??= new PendingPings();
    const answer = this.#pings.add(payload, sentAt);
    if (this.report !== undefined) this.#pings.reject(new ConnectionClosedError(this.report));
    return answer;
  }

  arrived(item: Item): void {
    if (!connectionMessage.hasSubscribers) return;
    connectionMessage.publish({ connection: this.#connection, message: item });
  }

  ponged(payload: Uint8Array, sentAt: number, now: number): void {
    this.latency = now - sentAt;
    this.#pings?.answered(payload, sentAt, now);
  }

  drained(): void {
    const rooms = this.#rooms;
    this.#rooms = undefined;
    for (const resolve of rooms ?? []) resolve(true);
  }

  relieved(): void {
    const drains = this.#drains;
    this.#drains = undefined;
    for (const resolve of drains ?? []) resolve(true);
  }

  leftOpen(): void {
    this.#open = false;
    for (const resolve of [...(this.#rooms ?? []), ...(this.#drains ?? [])]) resolve(false);
    this.#rooms = undefined;
    this.#drains = undefined;
    this.#controller?.abort();
  }

  ended(report: CloseReport): void {
    this.report = report;
    this.#onEnded?.(this.#connection);
    if (this.#open) this.leftOpen();
    this.#pings?.reject(new ConnectionClosedError(report));
    this.#resolveClosed?.(report);
    if (connectionClose.hasSubscribers) connectionClose.publish({ connection: this.#connection, report });
  }
}

function settledWith(waiters: Waiter[]): Promise<boolean> {
  return new Promise((resolve) => {
    waiters.push(resolve);
  });
}
