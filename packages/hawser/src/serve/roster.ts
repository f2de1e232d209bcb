// The roster: the live connections of a server, the handshakes under way, and what has been counted.

import type { Duplex } from "node:stream";
import type { DoorstepOptions } from "../accept/doorstep.ts";
import { Doorstep } from "../accept/doorstep.ts";
import type { Settings } from "../accept/settings.ts";
import type { CloseReport } from "../connection/close-report.ts";
import type { AnyConnection } from "../connection/connection.ts";
import type { Limits } from "../wire/limits.ts";

/** What a server has counted since it started. */
export interface ServerStats {
  /** Open connections now. */
  readonly connections: number;
  /** Handshakes under way now. */
  readonly handshakes: number;
  /** Connections that were accepted. */
  readonly accepted: number;
  /** Requests that were refused, by a rule or by an `upgrade` hook. */
  readonly refused: number;
  /** Sockets that were turned away because `limits.connections` or `limits.handshakes` was reached. */
  readonly shed: number;
  /** TLS handshakes that failed. */
  readonly tlsFailed: number;
  /** Sockets that brought something other than a request for a WebSocket, handed on to `http`. */
  readonly handedOn: number;
}

/** How a server ended. */
export interface DrainReport {
  /** Connections that ended by the closing handshake. */
  readonly closed: number;
  /** Connections that did not within the deadline, and were dropped. */
  readonly terminated: number;
}

/** What `close` does with the connections. */
export interface DrainOptions {
  /** The close code. Default 1001, "going away". */
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  /** Milliseconds for the closing handshakes; whoever is late is dropped. Default: `timeouts.close`. */
  readonly deadline?: number | undefined;
}

/** The answer to handshakes that are not over when the server closes. */
const closing = { status: 503, body: "the server is closing" } as const;

/** Keeps the books of one server. */
export class Roster {
  readonly #limits: Limits;
  readonly #connections = new Set<AnyConnection>();
  /** Handshakes that are not answered yet. */
  readonly #doorsteps = new Set<Doorstep>();
  /** A number of their own for counters, so that a report reads what was true at one moment. */
  handshakes = 0;
  accepted = 0;
  refused = 0;
  shed = 0;
  tlsFailed = 0;
  handedOn = 0;
  draining = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get connections(): ReadonlySet<AnyConnection> {
    return this.#connections;
  }

  /** No more sockets are welcome: the limits are reached, or the server is closing. */
  get full(): boolean {
    return (
      this.draining ||
      this.handshakes >= this.#limits.handshakes ||
      this.#connections.size + this.handshakes >= this.#limits.connections
    );
  }

  /** Puts a stream on the doorstep. Undefined: there are too many, and it was told so. */
  receive(stream: Duplex, settings: Settings, options: DoorstepOptions): Doorstep | undefined {
    const { full } = this;
    const doorstep: Doorstep = new Doorstep(stream, settings, {
      ...options,
      onSettled: () => {
        this.handshakes -= 1;
        this.#doorsteps.delete(doorstep);
      },
    });
    this.handshakes += 1;
    if (full) {
      this.shed += 1;
      void doorstep.refuse(this.draining ? closing : { status: 503, body: "the server is full" });
      return undefined;
    }
    this.#doorsteps.add(doorstep);
    return doorstep;
  }

  add(connection: AnyConnection): void {
    this.accepted += 1;
    this.#connections.add(connection);
  }

  remove(connection: AnyConnection): void {
    this.#connections.delete(connection);
  }

  stats(): ServerStats {
    const { handshakes, accepted, refused, shed, tlsFailed, handedOn } = this;
    return { connections: this.#connections.size, handshakes, accepted, refused, shed, tlsFailed, handedOn };
  }

  /** Refuses those who still wait, closes every connection, and counts how they took it. `late` resolves at the deadline. */
  async drain(code: number, reason: string, late: Promise<void>): Promise<DrainReport> {
    this.draining = true;
    for (const doorstep of this.#doorsteps) void doorstep.refuse(closing);
    const farewells = [...this.#connections].map((connection) => connection.close(code, reason));
    void late.then(() => {
      for (const connection of this.#connections) void connection.terminate();
    });
    const reports: CloseReport[] = await Promise.all(farewells);
    const closed = reports.filter(
      (report) => report.sent !== undefined && report.received !== undefined,
    ).length;
    return { closed, terminated: reports.length - closed };
  }
}
