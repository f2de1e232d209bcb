// Member: this process as one of a pool. It serves sockets that the primary hands over, and says how it fares.
import { Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { becomeMember, memberOf } from "../connection/ids.ts";
import { type ServeOptions, serve } from "../serve/serve.ts";
import type { Server } from "../serve/server.ts";
import { applicationOf } from "./application-of.ts";
import type { Bus } from "./bus.ts";
import { answerTo, CallsUnderWay, perform } from "./calls.ts";
import { HandedSockets } from "./handed-sockets.ts";
import { HeapRoom } from "./heap-room.ts";
import {
  BEAT,
  type Call,
  type FromMember,
  type Leave,
  type MemberCounts,
  type Taken,
  type ToMember,
} from "./messages.ts";
import { memberOptions, type PoolOptions } from "./options.ts";
import { shed } from "./shed.ts";
import { totalOf } from "./stats.ts";

/** With more connections than this, what went over them is summed only every so many beats. */
const MANY = 10_000;
const SELDOM = 8;
const TURN = 20;

/** The member that this process is, once it is one. */
let here: Member | undefined;

export function memberHere(): Member | undefined {
  return here;
}

/** This process is a member from now on. */
export function startMember(number: number, url: string, bus: Bus<ToMember, FromMember>): Member {
  becomeMember(number);
  here = new Member(number, url, bus);
  return here;
}

type Leaving = Leave & { readonly handed: number };

/** One process of a pool, seen from inside. */
export class Member {
  readonly number: number;
  readonly url: string;
  readonly #bus: Bus<ToMember, FromMember>;
  readonly #sockets = new HandedSockets();
  readonly #calls = new CallsUnderWay();
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });
  readonly #room = new HeapRoom();
  #options: Readonly<Record<string, unknown>> | undefined;
  #server: Server | undefined;
  #counts: Omit<MemberCounts, "loopDelay" | "memory"> = nothing;
  #beats = 0;
  /** Sockets that were handed over so far, those of them that are open, and those that had to be turned away. */
  #taken = 0;
  #open = 0;
  #shed = 0;
  #leaving: Leaving | undefined;

  constructor(number: number, url: string, bus: Bus<ToMember, FromMember>) {
    this.number = number;
    this.url = url;
    this.#bus = bus;
  }

  /** The module has called `startPool` itself: its options need not be copied, and may have functions. */
  adopt(options: PoolOptions): void {
    if (this.#server !== undefined) {
      throw new Error(
        "a member serves already: startPool() has to be called while its module is loaded, at the top level, and awaited there",
      );
    }
    if (this.#options !== undefined) {
      throw new Error(
        "a module serves one pool: a second startPool() in it would change what the first one serves",
      );
    }
    this.#options = memberOptions(options);
  }

  /**
   * Loads the module and begins to serve.
   *
   * @param missing options that could not be copied
   * @throws what the module throws; TypeError for what is wrong with its export, or with the options
   */
  async begin(module: string, options: unknown, missing: readonly string[]): Promise<void> {
    const loaded: unknown = await import(module);
    const { handler, resources } = applicationOf(loaded, module);
    const given = this.#options ?? copiedOptions(options, missing);
    this.#server = await serve(
      { ...given, listener: this.#sockets, ...(resources && { resources }) },
      handler,
    );
    this.#delay.enable();
    setInterval(() => this.#beat(), BEAT);
    this.#beat();
    this.#bus.tell({ hawser: "ready" });
  }

  receive(message: ToMember): void {
    switch (message.hawser) {
      case "call":
        this.#bus.tell(answerTo(message));
        return;
      case "answer":
        this.#calls.answered(message);
        return;
      case "tls":
        this.#server?.setTls(message.context);
        return;
      case "leave":
        void this.#leave(message);
        return;
      case "begin":
        return;
      default:
        message satisfies never;
    }
  }

  /** Does it where the connection is. Resolves with whether it was there. */
  async call(call: Call): Promise<boolean> {
    if (memberOf(call.id) === this.number) return perform(call);
    const { asked, answer } = this.#calls.begin(call);
    this.#bus.tell(asked);
    return answer;
  }

  /** The primary is gone. */
  orphaned(): void {
    this.#calls.abandon();
    void this.#leave({
      code: 1001,
      reason: "",
      spread: 0,
      deadline: 5000,
      handshakes: 0,
      handed: this.#taken,
    });
  }

  /** A socket has come from the primary. */
  take(number: number, socket: unknown): void {
    // Before anything is read from it: until this is sent, it may be handed to another.
    const taken: Taken = { hawser: "taken", number };
    // A primary that is gone cannot hear it, and `disconnect` says so.
    if (process.connected) process.send?.(taken, undefined, undefined, () => undefined);
    this.#taken += 1;
    // Closed by the peer on its way to us.
    if (!(socket instanceof Socket)) return;
    this.#open += 1;
    socket.once("close", () => {
      this.#open -= 1;
    });
    if (this.#room.tight) {
      this.#shed += 1;
      shed(socket, this.url.startsWith("wss"));
    } else this.#sockets.take(socket);
  }

  #beat(): void {
    const seldom = this.#open > MANY && this.#beats % SELDOM !== 0;
    this.#beats += 1;
    if (!seldom) this.#counts = this.#server?.stats() ?? nothing;
    const { accepted, refused, messages, bytes } = this.#counts;
    this.#bus.tell({
      hawser: "beat",
      counts: {
        connections: this.#server?.size ?? 0,
        accepted,
        refused,
        shed: this.#counts.shed + this.#shed,
        messages,
        bytes,
        loopDelay: Math.round(this.#delay.max / 1e6),
        memory: process.memoryUsage.rss(),
      },
      taken: this.#taken,
      open: this.#open,
      tight: this.#room.tight,
    });
    this.#delay.reset();
  }

  /** Told a second time, it does what it was told last, without spreading what is left. */
  async #leave(how: Leaving): Promise<void> {
    const again = this.#leaving !== undefined;
    this.#leaving = how;
    if (again) return;
    await this.#closeSpread(how);
    await this.#handshakesOver(how);
    const { code, reason, deadline } = this.#leaving;
    await this.#server?.close({ code, reason, deadline: Math.max(1, deadline) });
    process.exit(0);
  }

  /** Closes one connection after the other, the last of them when the time is over. */
  async #closeSpread(how: Leaving): Promise<void> {
    const { code, reason, spread } = how;
    const connections = [...(this.#server?.connections ?? [])];
    const start = performance.now();
    let closed = 0;
    while (closed < connections.length && this.#leaving === how) {
      if (spread > 0) await pause(TURN);
      const over = spread === 0 ? 1 : (performance.now() - start) / spread;
      const due = Math.ceil(connections.length * Math.min(1, over));
      for (const connection of connections.slice(closed, due)) {
        if (connection.phase === "open") void connection.close(code, reason);
      }
      closed = due;
    }
  }

  /** Who came last is on the way in still, and is to be closed as everybody is, rather than refused. */
  async #handshakesOver({ handed, handshakes }: Leaving): Promise<void> {
    const start = performance.now();
    const underWay = () => this.#taken < handed || (this.#server?.stats().handshakes ?? 0) > 0;
    while (performance.now() - start < handshakes && underWay()) await pause(TURN);
  }
}

const nothing: MemberCounts = totalOf([]);

function copiedOptions(options: unknown, missing: readonly string[]): Partial<ServeOptions> {
  if (missing.length > 0) {
    throw new TypeError(
      `${missing.join(", ")} of startPool() cannot be copied to a member: give what has functions where the module itself calls startPool()`,
    );
  }
  // What is wrong with them, if anything is, `serve` says.
  return isOptions(options) ? options : {};
}

function isOptions(given: unknown): given is Partial<ServeOptions> {
  return typeof given === "object" && given !== null;
}
