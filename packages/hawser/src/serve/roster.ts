// The roster: the live connections of a server, the handshakes under way, and what has been counted.
import type { Duplex } from "node:stream";
import { turnAway } from "../accept/admission.ts";
import type { DoorstepKeeper, DoorstepOptions } from "../accept/doorstep.ts";
import { Doorstep } from "../accept/doorstep.ts";
import type { Settings } from "../accept/settings.ts";
import type { CloseReport } from "../connection/close-report.ts";
import type { AnyConnection } from "../connection/connection.ts";
import { pumpOf } from "../connection/connection.ts";
import { type Traffic, TrafficSum } from "../connection/traffic.ts";
import type { Refusal } from "../handshake/answer.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import { destroyStream } from "../transport/destroy-stream.ts";
import type { Limits } from "../wire/limits.ts";

/** What a server has counted since it started; messages and bytes are of all its connections, live or not. Summing them takes a look at each. */
export interface ServerStats extends Traffic {
  /** Open connections now. */
  readonly connections: number;
  /** Handshakes under way now. */
  readonly handshakes: number;
  /** Connections that were accepted. */
  readonly accepted: number;
  /** Requests that were refused: by a rule, by an `upgrade` hook, or because the server was closing. */
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
  /** Connections that did not in time, and were dropped: at the deadline, after `timeouts.close`, or by `terminate()`. */
  readonly terminated: number;
  /** Connections that ended otherwise before: the peer was gone, or broke a rule. */
  readonly lost: number;
}

/** What `close` does with the connections. */
export interface DrainOptions {
  /** The close code. Default 1001, "going away". */
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  /** Milliseconds for the closing handshakes; whoever is late is dropped. Default: `timeouts.close`. */
  readonly deadline?: number | undefined;
}

/** So many may take their time to hear that the server is full; the next are told nothing. */
const MOST_LEAVING = 1024;

/** The answer to handshakes that are not over when the server closes, and to those that come later. */
function closing(): HandshakeError {
  return new HandshakeError("the server is closing", { status: 503 });
}

/** Keeps the books of one server. */
export class Roster implements DoorstepKeeper {
  readonly #limits: Limits;
  readonly #connections = new Set<AnyConnection>();
  /** Handshakes that are not answered yet. */
  readonly #doorsteps = new Set<Doorstep>();
  /** What went over connections that have ended. */
  readonly #ended = new TrafficSum();
  /** Those that were turned away and are not gone yet. */
  #leaving = 0;
  /** A number of their own for counters, so that a report reads what was true at one moment. */
  handshakes = 0;
  accepted = 0;
  refused = 0;
  shed = 0;
  tlsFailed = 0;
  handedOn = 0;
  /** Sockets that `http` has now. They cost what a connection costs, so they count as one. */
  withHttp = 0;
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
      this.#connections.size + this.handshakes + this.withHttp >= this.#limits.connections
    );
  }

  /** Puts a stream on the doorstep. Undefined: there are too many, and it was told so. */
  receive(stream: Duplex, settings: Settings, options: DoorstepOptions): Doorstep | undefined {
    const { full } = this;
    if (full && this.#leaving >= MOST_LEAVING) {
      this.shed += 1;
      stream.on("error", () => undefined);
      destroyStream(stream);
      return undefined;
    }
    const doorstep = new Doorstep(stream, settings, options, this);
    this.handshakes += 1;
    if (this.draining) {
      this.refuse(closing(), doorstep);
      return undefined;
    }
    if (full) {
      this.#turnAway(doorstep);
      return undefined;
    }
    this.#doorsteps.add(doorstep);
    return doorstep;
  }

  #turnAway(doorstep: Doorstep): void {
    this.shed += 1;
    this.#leaving += 1;
    const answer = { status: 503, body: "the server is full", headers: { "Retry-After": "1" } };
    void doorstep.turnAway(answer).then(() => {
      this.#leaving -= 1;
    });
  }

  settled(doorstep: Doorstep): void {
    this.handshakes -= 1;
    this.#doorsteps.delete(doorstep);
  }

  /** Answers no, if nothing was answered yet: counted, and told to subscribers. */
  refuse(refusal: Refusal, doorstep: Doorstep): void {
    if (doorstep.settled) return;
    if (!doorstep.proving) this.refused += 1;
    void turnAway(refusal, doorstep);
  }

  add(connection: AnyConnection): void {
    this.accepted += 1;
    // A subscriber of `hawser:connection:open` may have ended it before we have heard of it: nobody would remove it then.
    if (connection.phase !== "closed") this.#connections.add(connection);
  }

  remove(connection: AnyConnection): void {
    if (this.#connections.delete(connection)) this.#ended.add(pumpOf(connection).traffic);
  }

  stats(): ServerStats {
    const { handshakes, accepted, refused, shed, tlsFailed, handedOn } = this;
    const { messages, bytes } = this.#traffic();
    const connections = this.#connections.size;
    return { connections, handshakes, accepted, refused, shed, tlsFailed, handedOn, messages, bytes };
  }

  /** Each connection counts for itself, so that a message costs nothing here; whoever asks pays. */
  #traffic(): Traffic {
    const sum = new TrafficSum();
    sum.add(this.#ended);
    for (const connection of this.#connections) sum.add(pumpOf(connection).traffic);
    return sum;
  }

  /** Refuses those who still wait, closes every connection, and counts how they took it. `late` resolves at the deadline. */
  async drain(code: number, reason: string, late: Promise<void>): Promise<DrainReport> {
    this.draining = true;
    for (const doorstep of this.#doorsteps) this.refuse(closing(), doorstep);
    const farewells = [...this.#connections].map((connection) => {
      pumpOf(connection).close(code, reason, false);
      return connection.closed;
    });
    void late.then(() => {
      for (const connection of this.#connections) void connection.terminate();
    });
    const reports: CloseReport[] = await Promise.all(farewells);
    const closed = reports.filter(exchangedCloses).length;
    const terminated = reports.filter((report) => !exchangedCloses(report) && wasDropped(report)).length;
    return { closed, terminated, lost: reports.length - closed - terminated };
  }
}

function exchangedCloses({ sent, received }: CloseReport): boolean {
  return sent !== undefined && received !== undefined;
}

// By default the deadline of the server and that of the connection are the same: which of the two comes first is chance.
function wasDropped({ cause }: CloseReport): boolean {
  return cause === "terminated" || cause === "close-timeout";
}
