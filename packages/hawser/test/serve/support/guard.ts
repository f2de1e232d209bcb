// What every row of the hostile inputs also requires: the process lives, others are not disturbed, and nothing is left behind.
import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { CloseReport, ManualClock } from "hawser";
import { afterEach, beforeEach, expect } from "vitest";
import { systemClock } from "../../../src/transport/system-clock.ts";
import { Peer, type Target } from "./peer.ts";
import { requestFor } from "./requests.ts";
import type { Host, HostOptions, Way } from "./ways-in.ts";

/** Waits, turn by turn of the loop, until it is so. */
export async function eventually(condition: () => boolean, what: string | (() => string)): Promise<void> {
  const end = performance.now() + 8000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`still not: ${typeof what === "string" ? what : what()}`);
    await nextTurn();
  }
}

/** The report of the connection at a host that ended first, the witness aside. */
export async function reportOf(host: Host): Promise<CloseReport> {
  await eventually(() => host.reports.length > 0, "the end of a connection");
  return host.reports[0]!;
}

/** How a guarded host differs. */
export interface Watch {
  /** False: nobody watches from a connection of their own. */
  readonly witness?: boolean;
  /** What a proxy says first. */
  readonly preamble?: string | Uint8Array;
}

/** Looks after the hosts and peers of each test in a file, and at the end of each at everything they must leave as it was. */
export class Guard {
  /** What was written to stderr in this test. Take what is meant to be there. */
  stderr = "";
  #escaped: unknown[] = [];
  #peers: Peer[] = [];
  #hosts: Host[] = [];
  #witnesses: Peer[] = [];
  #clocks: ManualClock[] = [];
  #resources: string[] = [];
  #write = process.stderr.write;
  readonly #note = (error: unknown): void => {
    this.#escaped.push(error);
  };

  constructor() {
    beforeEach(() => this.#begin());
    afterEach(() => this.#end());
  }

  /** A host, with a witness connected to it first. */
  async host(way: Way, options: HostOptions = {}, watch: Watch = {}): Promise<Host> {
    const host = await way(options);
    this.#hosts.push(host);
    if (options.clock !== undefined) this.clock(options.clock as ManualClock);
    if (watch.witness !== false) await this.witness(host.target, watch.preamble);
    return host;
  }

  /** Looks after a clock: nothing may wait on it at the end. */
  clock(clock: ManualClock): void {
    this.#clocks.push(clock);
  }

  /** Looks after something that is closed at the end. */
  closing(thing: { close(): unknown; busy?: () => number }): void {
    const { close, busy = () => 0 } = thing;
    this.#hosts.push({
      target: {},
      faults: [],
      refused: [],
      reports: [],
      busy: () => busy.call(thing),
      close: async () => close.call(thing),
    });
  }

  /** Has an HTTP server listen on a free port, and closes it and the endpoint on it at the end. */
  async listening(http: HttpServer, endpoint: { close(): unknown }): Promise<number> {
    this.closing({
      close: () => {
        http.close();
        http.closeAllConnections();
        return endpoint.close();
      },
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    return Number(Object(http.address()).port);
  }

  /** A connection that nobody may disturb. */
  async witness(target: Target, preamble: string | Uint8Array = ""): Promise<void> {
    const witness = await this.peer(target, preamble, requestFor("/witness"));
    await witness.opened();
    this.#witnesses.push(witness);
  }

  /** A peer, connected, that has said this. */
  async peer(target: Target, ...bytes: readonly (string | Uint8Array)[]): Promise<Peer> {
    const peer = await Peer.dial(target);
    this.#peers.push(peer);
    return peer.write(...bytes);
  }

  /** What was written to stderr so far; it is taken, and not complained about. */
  takeStderr(): string {
    const text = this.stderr;
    this.stderr = "";
    return text;
  }

  #begin(): void {
    this.stderr = "";
    this.#resources = handles();
    this.#write = process.stderr.write;
    process.stderr.write = (chunk: string | Uint8Array) => {
      this.stderr += String(chunk);
      return true;
    };
    process.on("unhandledRejection", this.#note);
    process.on("uncaughtException", this.#note);
  }

  async #end(): Promise<void> {
    try {
      for (const [index, witness] of this.#witnesses.entries()) await witness.echo(`still here ${index}`);
      await this.#clear();
    } finally {
      process.stderr.write = this.#write;
      for (const peer of this.#peers) peer.socket.destroy();
      this.#peers = [];
      this.#hosts = [];
      this.#witnesses = [];
      this.#clocks = [];
    }
    await nextTurn();
    process.off("unhandledRejection", this.#note);
    process.off("uncaughtException", this.#note);
    const escaped = this.#escaped;
    this.#escaped = [];
    expect(escaped).toEqual([]);
    expect(this.stderr).not.toMatch(/^\s+at /m);
  }

  /** Everybody goes, and then nothing may be left. */
  async #clear(): Promise<void> {
    for (const peer of this.#peers) peer.socket.destroy();
    await Promise.all(this.#hosts.map((host) => host.close()));
    for (const host of this.#hosts) {
      await eventually(
        () => host.busy() === 0,
        () => `no connection or handshake at the host, and there are ${host.busy()}`,
      );
    }
    for (const clock of this.#clocks) await eventually(() => clock.pending === 0, "no timer on the clock");
    await eventually(() => systemClock.pending === 0, "no timer on the system's clock");
    await eventually(
      () => handles().length <= this.#resources.length,
      () => `no handle but ${this.#resources.join(" ")}, and there are ${handles().join(" ")}`,
    );
  }
}

/** What keeps a loop busy and is ours: sockets, and listeners. */
function handles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Pipe/.test(name));
}
