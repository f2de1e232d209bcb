// HandOver: sockets between being accepted here and being some member's: none is lost on the way.
import type { Socket } from "node:net";
import { printRefusal } from "../handshake/answer.ts";
import type { MemberProcess } from "./member-process.ts";

/** A socket that no member has said to have. */
interface OnTheWay {
  readonly socket: Socket;
  /** Undefined while no member is there to take it. */
  member: MemberProcess | undefined;
}

const full = printRefusal({ status: 503, body: "the server is full", headers: { "Retry-After": "1" } });

/** Keeps a copy of each socket until its member has it, and gives it to another if that one dies first. */
export class HandOver {
  readonly #sockets = new Map<number, OnTheWay>();
  readonly #choose: () => MemberProcess | undefined;
  readonly #secure: boolean;
  readonly #most: number;
  #count = 0;

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

  take(socket: Socket): void {
    // Whatever happens to it here is the member's to find out.
    socket.on("error", () => undefined);
    if (this.#sockets.size >= this.#most) {
      this.shed(socket);
      return;
    }
    this.#count += 1;
    const entry: OnTheWay = { socket, member: undefined };
    this.#sockets.set(this.#count, entry);
    this.#hand(this.#count, entry);
  }

  /** Says that there is no room. Under TLS nothing can be said yet. */
  shed(socket: Socket): void {
    if (this.#secure) {
      socket.resetAndDestroy();
      return;
    }
    socket.end(full);
    socket.resume();
    setTimeout(() => socket.destroy(), 1000).unref();
  }

  /** A member has these. */
  taken(numbers: readonly number[]): void {
    for (const number of numbers) {
      this.#sockets.get(number)?.socket.destroy();
      this.#sockets.delete(number);
    }
  }

  /** A member is gone: what it had not said to have goes to others. */
  lost(member: MemberProcess): void {
    for (const [number, entry] of this.#sockets) {
      if (entry.member === member) this.#hand(number, entry);
    }
  }

  /** A member is there: what has waited goes to it. */
  resume(): void {
    for (const [number, entry] of this.#sockets) if (entry.member === undefined) this.#hand(number, entry);
  }

  /** Nobody will take them. */
  drop(): void {
    for (const { socket } of this.#sockets.values()) socket.destroy();
    this.#sockets.clear();
  }

  #hand(number: number, entry: OnTheWay): void {
    entry.member = this.#choose();
    entry.member?.hand(number, entry.socket);
  }
}
