// What a connection promises its user over its life: pings answered, output drained, the signal, the close report.

import { connectionClose, connectionMessage } from "./channels.ts";
import type { CloseReport } from "./close-report.ts";
import { ConnectionClosedError } from "./closed-error.ts";
import type { Item } from "./inbox.ts";
import { PendingPings } from "./pings.ts";
import type { PumpOwner } from "./pump-owner.ts";

type Waiter = (room: boolean) => void;

/** What somebody has asked for. Most connections of a server that runs hooks are never asked. */
interface Promised {
  closed?: Promise<CloseReport>;
  resolveClosed?: (report: CloseReport) => void;
  controller?: AbortController;
  /** Who waits for no more than `limits.sendMark` to wait, and who for room in the transport alone. */
  drains?: Waiter[] | undefined;
  rooms?: Waiter[] | undefined;
  pings?: PendingPings;
}

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
  #promised: Promised | undefined;

  constructor(connection: Connection, onEnded: ((connection: Connection) => void) | undefined) {
    this.#connection = connection;
    this.#onEnded = onEnded;
  }

  get closed(): Promise<CloseReport> {
    const promised = this.#promise();
    promised.closed ??= new Promise((resolve) => {
      if (this.report === undefined) promised.resolveClosed = resolve;
      else resolve(this.report);
    });
    return promised.closed;
  }

  get signal(): AbortSignal {
    const promised = this.#promise();
    promised.controller ??= new AbortController();
    if (!this.#open) promised.controller.abort();
    return promised.controller.signal;
  }

  /** Resolves when no more than `limits.sendMark` waits (true) or nothing will be sent any more (false). */
  nextDrain(): Promise<boolean> {
    const promised = this.#promise();
    promised.drains ??= [];
    return settledWith(promised.drains);
  }

  /** As `nextDrain`, for the transport alone. */
  nextRoom(): Promise<boolean> {
    const promised = this.#promise();
    promised.rooms ??= [];
    return settledWith(promised.rooms);
  }

  /** The round trip of the ping with this payload that was sent at this time. */
  roundTrip(payload: Uint8Array, sentAt: number): Promise<number> {
    const promised = this.#promise();
    promised.pings ??= new PendingPings();
    const answer = promised.pings.add(payload, sentAt);
    if (this.report !== undefined) promised.pings.reject(new ConnectionClosedError(this.report));
    return answer;
  }

  arrived(item: Item): void {
    if (!connectionMessage.hasSubscribers) return;
    connectionMessage.publish({ connection: this.#connection, message: item });
  }

  ponged(payload: Uint8Array, sentAt: number, now: number): void {
    this.latency = now - sentAt;
    this.#promised?.pings?.answered(payload, sentAt, now);
  }

  drained(): void {
    const promised = this.#promised;
    const rooms = promised?.rooms;
    if (promised === undefined || rooms === undefined) return;
    promised.rooms = undefined;
    for (const resolve of rooms) resolve(true);
  }

  relieved(): void {
    const promised = this.#promised;
    const drains = promised?.drains;
    if (promised === undefined || drains === undefined) return;
    promised.drains = undefined;
    for (const resolve of drains) resolve(true);
  }

  leftOpen(): void {
    this.#open = false;
    const promised = this.#promised;
    if (promised === undefined) return;
    for (const resolve of [...(promised.rooms ?? []), ...(promised.drains ?? [])]) resolve(false);
    promised.rooms = undefined;
    promised.drains = undefined;
    promised.controller?.abort();
  }

  ended(report: CloseReport): void {
    this.report = report;
    this.#onEnded?.(this.#connection);
    if (this.#open) this.leftOpen();
    this.#promised?.pings?.reject(new ConnectionClosedError(report));
    this.#promised?.resolveClosed?.(report);
    if (connectionClose.hasSubscribers) connectionClose.publish({ connection: this.#connection, report });
  }

  #promise(): Promised {
    this.#promised ??= {};
    return this.#promised;
  }
}

function settledWith(waiters: Waiter[]): Promise<boolean> {
  return new Promise((resolve) => {
    waiters.push(resolve);
  });
}
