// HandOver: sockets between being accepted here and being some member's: none is lost on the way.
import type { Socket } from "node:net";
import type { MemberProcess } from "./member-process.ts";
import { shed } from "./shed.ts";

/** A socket that no member has said to have. */
interface OnTheWay {
  readonly socket: Socket;
  /** Undefined while no member is there to take it. */
  member: MemberProcess | undefined;
}

/** Keeps a copy of each socket until its member has it, and gives it to another if that one dies first. */
export class HandOver {
  readonly #sockets = new Map<number, OnTheWay>();
  readonly #choose: () => MemberProcess | undefined;
  readonly #secure: boolean;
  readonly #most: number;
  #count = 0;
  #waiting = 0;
  #shed = 0;
  #ended = false;

  /**
   * @param most so many sockets may be on their way
   * @param choose the member for the next; undefined if there is none now
   */
  constructor(secure: boolean, most: number, choose: () => MemberProcess | undefined) {
    this.#secure = secure;
    this.#most = most;
    this.#choose = choose;
  }

  /** How many are on their way. */
  get size(): number {
    return this.#sockets.size;
  }

  /** How many of those no member was given yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many were turned away. */
  get shed(): number {
    return this.#shed;
  }

  take(socket: Socket): void {
    if (this.#sockets.size >= this.#most) {
      this.turnAway(socket);
      return;
    }
    // Whatever happens to it here is the member's to find out.
    socket.on("error", () => undefined);
    this.#count += 1;
    const entry: OnTheWay = { socket, member: undefined };
    this.#waiting += 1;
    this.#sockets.set(this.#count, entry);
    this.#hand(this.#count, entry);
  }

  turnAway(socket: Socket): void {
    this.#shed += 1;
    shed(socket, this.#secure);
  }

  /** A member has this one. */
  taken(number: number): void {
    this.#sockets.get(number)?.socket.destroy();
    this.#sockets.delete(number);
  }

  /** A member is gone: what it had not said to have goes to others. */
  lost(member: MemberProcess): void {
    for (const [number, entry] of this.#sockets) {
      if (entry.member !== member) continue;
      entry.member = undefined;
      this.#waiting += 1;
      this.#hand(number, entry);
    }
  }

  /** A member is there: what has waited goes to it. */
  resume(): void {
    if (this.#waiting === 0) return;
    for (const [number, entry] of this.#sockets) if (entry.member === undefined) this.#hand(number, entry);
  }

  /** No more are taken. What no member was given is turned away; what is on its way to one arrives, or is turned away if that one dies. */
  end(): void {
    this.#ended = true;
    this.turnAwayWaiting();
  }

  /** What no member was given is turned away. */
  turnAwayWaiting(): void {
    for (const [number, { member }] of this.#sockets) if (member === undefined) this.#giveUp(number);
  }

  #hand(number: number, entry: OnTheWay): void {
    const member = this.#ended ? undefined : this.#choose();
    if (member === undefined) {
      if (this.#ended) this.#giveUp(number);
      return;
    }
    this.#waiting -= 1;
    entry.member = member;
    member.hand(number, entry.socket);
  }

  #giveUp(number: number): void {
    const entry = this.#sockets.get(number);
    if (entry === undefined) return;
    this.#sockets.delete(number);
    this.#waiting -= 1;
    this.turnAway(entry.socket);
  }
}
