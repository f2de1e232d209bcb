// MemberProcess: one member, as the primary sees it, from fork to exit.
import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import type { Answer, FromMember, MemberCounts, ToMember } from "./messages.ts";
import type { PoolSettings } from "./options.ts";

/** `starting` until it has loaded its module, `leaving` from when it was told to go. */
export type MemberPhase = "starting" | "ready" | "leaving" | "gone";

/** Who looks after members. */
export interface MemberOwner {
  ready(member: MemberProcess): void;
  /** Its module could not be loaded. */
  failed(member: MemberProcess, message: string): void;
  taken(numbers: readonly number[]): void;
  asked(member: MemberProcess, message: Extract<FromMember, { type: "call" }>): void;
  answered(answer: Answer): void;
  gone(member: MemberProcess, why: string): void;
}

const entry = new URL("./member-main.js", import.meta.url);

export class MemberProcess {
  readonly number: number;
  readonly startedAt: number;
  phase: MemberPhase = "starting";
  /** As of its last beat. */
  counts: MemberCounts | undefined;
  lastHeard: number;
  readonly #child: ChildProcess;
  readonly #owner: MemberOwner;
  #handed = 0;
  #taken = 0;
  #open = 0;

  constructor(number: number, url: string, settings: PoolSettings, owner: MemberOwner) {
    this.number = number;
    this.#owner = owner;
    this.startedAt = performance.now();
    this.lastHeard = this.startedAt;
    const { execArgv, module, memberOptions } = settings;
    this.#child = fork(entry, [], {
      serialization: "advanced",
      ...(execArgv && { execArgv: [...execArgv] }),
    });
    this.#child.on("message", (message: FromMember) => this.#heard(message));
    this.#child.on("error", () => undefined);
    this.#child.on("exit", (code, signal) => this.#gone(signal ?? `exit code ${code}`));
    this.tell({ type: "begin", member: number, url, module, options: memberOptions });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Sockets that it has, as far as one can know: those of its last beat, and what was handed over since. */
  get load(): number {
    return this.#open + this.#handed - this.#taken;
  }

  /** Gives it a socket, which stays open here too until it has said that it has it. */
  hand(number: number, socket: Socket): void {
    this.#handed += 1;
    const message: ToMember = { type: "socket", number };
    this.#child.send(message, socket, { keepOpen: true }, () => undefined);
  }

  tell(message: ToMember): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #heard(message: FromMember): void {
    this.lastHeard = performance.now();
    switch (message.type) {
      case "ready":
        if (this.phase !== "starting") return;
        this.phase = "ready";
        this.#owner.ready(this);
        return;
      case "failed":
        this.#owner.failed(this, message.message);
        return;
      case "taken":
        this.#owner.taken(message.numbers);
        return;
      case "beat":
        this.counts = message.counts;
        this.#taken = message.taken;
        this.#open = message.open;
        return;
      case "call":
        this.#owner.asked(this, message);
        return;
      case "answer":
        this.#owner.answered(message);
        return;
      default:
        message satisfies never;
    }
  }

  #gone(why: string): void {
    if (this.phase === "gone") return;
    this.#owner.gone(this, why);
    this.phase = "gone";
  }
}
