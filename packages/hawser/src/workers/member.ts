// Member: this process as one of a pool. It serves sockets that the primary hands over, and says how it fares.
import { Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { becomeMember, memberOf } from "../connection/ids.ts";
import { type Application, toHandler } from "../handlers/application.ts";
import type { Resources } from "../handlers/resources.ts";
import { type ServeOptions, serve } from "../serve/serve.ts";
import type { Server } from "../serve/server.ts";
import { answerTo, CallsUnderWay, perform } from "./calls.ts";
import { HandedSockets } from "./handed-sockets.ts";
import type { Call, FromMember, MemberCounts, ToMember } from "./messages.ts";
import { memberOptions, type PoolOptions, shownModule } from "./options.ts";

/** How often a member says that it lives. */
export const BEAT = 500;

/** The member that this process is, once it is one. */
let here: Member | undefined;

export function memberHere(): Member | undefined {
  return here;
}

/** One process of a pool, seen from inside. */
export class Member {
  readonly number: number;
  readonly url: string;
  readonly #sockets = new HandedSockets();
  readonly #calls = new CallsUnderWay();
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });
  #options: Partial<ServeOptions> | undefined;
  #server: Server | undefined;
  /** Sockets that were handed over so far, and those that are open. */
  #taken = 0;
  #open = 0;
  #unacknowledged: number[] = [];

  constructor(number: number, url: string) {
    this.number = number;
    this.url = url;
    here = this;
    becomeMember(number);
  }

  /** The module has called `startPool` itself: its options need not be copied, and may have functions. */
  adopt(options: PoolOptions): void {
    this.#options = memberOptions(options);
  }

  /** Loads the module and begins to serve. Throws what is wrong with it. */
  async begin(module: string, options: unknown): Promise<void> {
    const loaded: unknown = await import(module);
    const { handler, resources } = applicationOf(loaded, module);
    // What is wrong with them, if anything is, `serve` says.
    const given = this.#options ?? (isOptions(options) ? options : {});
    this.#server = await serve(
      { ...given, listener: this.#sockets, ...(resources && { resources }) },
      handler,
    );
    this.#delay.enable();
    setInterval(() => this.#beat(), BEAT);
    this.#beat();
    say({ type: "ready" });
  }

  receive(message: ToMember, handle: unknown): void {
    switch (message.type) {
      case "socket":
        this.#take(message.number, handle);
        return;
      case "call":
        say(answerTo(message.number, message.call));
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
    const { number, answer } = this.#calls.begin();
    say({ type: "call", number, call });
    return answer;
  }

  /** The primary is gone. */
  orphaned(): void {
    this.#calls.abandon();
    void this.#leave({ code: 1001, reason: "", spread: 0, deadline: 5000 });
  }

  #take(number: number, socket: unknown): void {
    if (this.#unacknowledged.length === 0) {
      setImmediate(() => {
        say({ type: "taken", numbers: this.#unacknowledged });
        this.#unacknowledged = [];
      });
    }
    this.#unacknowledged.push(number);
    // Closed by the peer on its way to us.
    if (!(socket instanceof Socket)) return;
    this.#taken += 1;
    this.#open += 1;
    socket.once("close", () => {
      this.#open -= 1;
    });
    this.#sockets.take(socket);
  }

  #beat(): void {
    say({ type: "beat", counts: this.#counts(), taken: this.#taken, open: this.#open });
    this.#delay.reset();
  }

  #counts(): MemberCounts {
    const stats = this.#server?.stats();
    return {
      connections: stats?.connections ?? 0,
      accepted: stats?.accepted ?? 0,
      refused: stats?.refused ?? 0,
      shed: stats?.shed ?? 0,
      loopDelay: Math.round(this.#delay.max / 1e6),
      memory: process.memoryUsage.rss(),
    };
  }

  async #leave({
    code,
    reason,
    spread,
    deadline,
  }: Omit<Extract<ToMember, { type: "leave" }>, "type">): Promise<void> {
    const connections = [...(this.#server?.connections ?? [])];
    const each = connections.length === 0 ? 0 : spread / connections.length;
    for (const [index, connection] of connections.entries()) {
      const close = () => void (connection.phase === "open" && connection.close(code, reason));
      if (each === 0) close();
      else setTimeout(close, Math.floor(index * each));
    }
    if (spread > 0) await new Promise((resolve) => setTimeout(resolve, spread));
    await this.#server?.close({ code, reason, deadline });
    process.exit(0);
  }
}

function isOptions(given: unknown): given is Partial<ServeOptions> {
  return typeof given === "object" && given !== null;
}

function say(message: FromMember): void {
  // A channel that is closed has no reader: the primary is gone, and `disconnect` says so.
  if (process.connected) process.send?.(message);
}

/** What a module exports by default, as `serve` takes it. Throws TypeError, naming the export. */
export function applicationOf(
  loaded: unknown,
  module: string,
): { readonly handler?: Application; readonly resources?: Resources } {
  const exported: unknown =
    typeof loaded === "object" && loaded !== null ? Reflect.get(loaded, "default") : undefined;
  const where = `the default export of ${shownModule(module)}`;
  if (exported === undefined) {
    throw new TypeError(
      `${where} must be a session, a handler, a behaviour, or a map of resources, and there is none`,
    );
  }
  if (isResources(exported)) return { resources: exported };
  checkApplication(where, exported);
  return { handler: exported };
}

function checkApplication(where: string, exported: unknown): asserts exported is Application {
  toHandler(where, exported);
}

/** An object whose names are paths. What is in it is checked as `serve` does. */
function isResources(exported: unknown): exported is Resources {
  if (typeof exported !== "object" || exported === null) return false;
  const names = Object.keys(exported);
  return names.length > 0 && names.every((name) => name.startsWith("/"));
}
