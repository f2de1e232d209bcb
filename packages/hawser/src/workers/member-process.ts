// MemberProcess: one member, as the primary sees it, from fork to exit.
import { type ChildProcess, fork } from "node:child_process";
import { channel } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { BUS, Bus } from "./bus.ts";
import { CallsUnderWay } from "./calls.ts";
import {
  type Asked,
  type Beat,
  type Failure,
  type FromMember,
  type Handed,
  isFromMember,
  isTaken,
  type Leave,
  type MemberCounts,
  type ToMember,
} from "./messages.ts";
import type { PoolSettings } from "./options.ts";

/** `starting` until it has loaded its module, `leaving` from when it was told to go. */
export type MemberPhase = "starting" | "ready" | "leaving" | "gone";

/** What the channel `hawser:pool:member` carries. */
export interface MemberEvent {
  readonly member: number;
  readonly pid: number | undefined;
  readonly phase: MemberPhase;
  /** How it ended, or why it is made to; "" for a member that went when it was told. */
  readonly why: string;
}

/** Who looks after members. */
export interface MemberOwner {
  ready(member: MemberProcess): void;
  taken(number: number): void;
  asked(member: MemberProcess, asked: Asked): void;
  gone(member: MemberProcess, why: string): void;
}

/** Carries a `MemberEvent` for each change of a member. */
export const memberChanges: ReturnType<typeof channel> = channel("hawser:pool:member");
const entry = new URL("./member-main.js", import.meta.url);
/** What a member has beyond its deadline, in milliseconds. */
const GRACE = 1000;

export class MemberProcess {
  readonly number: number;
  /** Resolves when it is ready; rejects with why it could not be. */
  readonly started: Promise<void>;
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;
  /** What it was asked for and has not answered. */
  readonly calls: CallsUnderWay = new CallsUnderWay();
  /** As of its last beat. */
  counts: MemberCounts | undefined;
  lastHeard: number = performance.now();
  /** When it was ready; undefined if it never was. */
  readyAt: number | undefined;
  readonly #child: ChildProcess;
  /** Undefined if the process could not be made. */
  readonly #bus: Bus<FromMember, ToMember> | undefined;
  readonly #owner: MemberOwner;
  #phase: MemberPhase = "starting";
  #beat: Pick<Beat, "taken" | "open" | "tight"> = { taken: 0, open: 0, tight: false };
  #handed = 0;
  #failure: Failure | undefined;
  #exit: string | undefined;
  /** Why we have killed it. */
  #killed: string | undefined;
  #onStarted: (() => void) | undefined;
  #onFailed: ((error: Error) => void) | undefined;
  #onEnded: (() => void) | undefined;

  constructor(number: number, url: string, settings: PoolSettings, owner: MemberOwner) {
    this.number = number;
    this.#owner = owner;
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
    this.started = new Promise((resolve, reject) => {
      this.#onStarted = resolve;
      this.#onFailed = reject;
    });
    // Whoever does not ask how it started hears that it is gone.
    this.started.catch(() => undefined);
    this.#child = fork(entry, process.argv.slice(2), {
      stdio: ["inherit", "inherit", "inherit", "ipc", "pipe"],
      ...(settings.execArgv && { execArgv: [...settings.execArgv] }),
    });
    this.#child.on("message", (message) => {
      if (isTaken(message)) owner.taken(message.number);
    });
    this.#child.on("error", (error) => {
      // There is no process, and nothing else will be heard of it.
      if (this.#child.pid === undefined) this.#exited(error.message);
    });
    this.#child.on("exit", (code, signal) => this.#exited(signal ?? `exit code ${code}`));
    this.#child.on("disconnect", () => this.#leaveTheStage());
    // Where there was no descriptor left for a process, there is nothing of all that.
    const pipe: unknown = Reflect.get(Reflect.get(this.#child, "stdio") ?? [], BUS);
    if (pipe instanceof Duplex) this.#bus = new Bus(pipe, isFromMember, (message) => this.#heard(message));
    const { module, memberOptions, missing } = settings;
    this.tell({ hawser: "begin", member: number, url, module, options: memberOptions, missing });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get phase(): MemberPhase {
    return this.#phase;
  }

  /** Sockets that it has, as far as one can know: those of its last beat, and what was handed over since. */
  get load(): number {
    return this.#beat.open + this.#handed - this.#beat.taken;
  }

  /** It has no memory for more connections. */
  get tight(): boolean {
    return this.#beat.tight;
  }

  /** Gives it a socket, which stays open here too until it has said that it has it. */
  hand(number: number, socket: Socket): void {
    this.#handed += 1;
    const message: Handed = { hawser: "socket", number };
    this.#child.send(message, socket, { keepOpen: true }, () => undefined);
  }

  tell(message: ToMember): void {
    this.#bus?.tell(message);
  }

  /** Has it close its connections and go; one that is late is killed. Resolves when it is gone. */
  async leave(how: Leave): Promise<void> {
    if (this.#phase === "gone") return;
    this.#become("leaving", "");
    this.tell({ hawser: "leave", handed: this.#handed, ...how });
    const late = setTimeout(
      () => this.kill(`${how.deadline} ms for its closing handshakes`),
      how.spread + how.deadline + GRACE,
    );
    await this.ended;
    clearTimeout(late);
  }

  /** @param why what it is said to have overrun */
  kill(why = ""): void {
    if (this.#phase === "gone") return;
    if (why !== "") {
      this.#killed = `killed: it had ${why}`;
      this.#become(this.#phase, this.#killed);
    }
    this.#child.kill("SIGKILL");
  }

  #heard(message: FromMember): void {
    this.lastHeard = performance.now();
    switch (message.hawser) {
      case "ready":
        if (this.#phase !== "starting") return;
        this.readyAt = this.lastHeard;
        this.#become("ready", "");
        this.#onStarted?.();
        this.#owner.ready(this);
        return;
      case "failed":
        this.#failure = message.failure;
        return;
      case "beat":
        this.counts = message.counts;
        this.#beat = message;
        return;
      case "call":
        this.#owner.asked(this, message);
        return;
      case "answer":
        this.calls.answered(message);
        return;
      default:
        message satisfies never;
    }
  }

  #exited(how: string): void {
    this.#exit = how;
    this.#leaveTheStage();
  }

  /** Once it has exited and all that it said has been read: what it had taken is not to be handed to another. */
  #leaveTheStage(): void {
    if (this.#exit === undefined || this.#child.connected || this.#phase === "gone") return;
    const expected = this.#phase === "leaving";
    const why = this.#failure?.message ?? this.#killed ?? this.#exit;
    this.calls.abandon();
    this.#owner.gone(this, why);
    this.#become("gone", expected ? "" : why);
    this.#onFailed?.(startError(this.#failure, why));
    this.#onEnded?.();
  }

  #become(phase: MemberPhase, why: string): void {
    this.#phase = phase;
    const event: MemberEvent = { member: this.number, pid: this.pid, phase, why };
    if (memberChanges.hasSubscribers) memberChanges.publish(event);
  }
}

/** Why a member could not start, with what was thrown in it as the cause. */
function startError(failure: Failure | undefined, why: string): Error {
  if (failure === undefined) return new Error(`a member ended before it was ready: ${why}`);
  const cause = new Error(failure.message);
  cause.name = failure.name;
  cause.stack = failure.stack;
  return new Error(`a member could not start: ${failure.message}`, { cause });
}
