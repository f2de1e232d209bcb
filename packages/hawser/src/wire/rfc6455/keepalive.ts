// Pings, pongs, and when silence means that the peer is gone (RFC 6455 §5.5.2, §5.5.3).
import { Buffer } from "node:buffer";
import type { Timeouts } from "../limits.ts";

/** How long the payload of a keepalive's ping is: the time, as a double. */
const PAYLOAD = 8;
/** Pings that are remembered; a pong for an older one is no answer any more. */
const MAX_OUTSTANDING = 64;

interface Ping {
  readonly payload: Buffer;
  readonly sentAt: number;
}

/** What a deadline asks for. */
export type KeepaliveDemand = "ping" | "fail" | undefined;

/** What is known while pings are under way. */
interface Waiting {
  /** Oldest first. */
  readonly pings: Ping[];
  /** When the first ping of our own was sent that is unanswered. */
  since: number | undefined;
  /** When patience began anew: at the ping, at a byte of a frame in progress, when reading went on after a pause. */
  progressAt: number;
}

/** Whether a pong answers a ping of `Keepalive.begin`: those say when they were sent. */
export function isKeepalive(payload: Uint8Array, sentAt: number | undefined): boolean {
  if (sentAt === undefined || payload.length !== PAYLOAD) return false;
  return new DataView(payload.buffer, payload.byteOffset, PAYLOAD).getFloat64(0) === sentAt;
}

/** Remembers pings and decides when to send one and when to give up. */
export class Keepalive {
  readonly #timeouts: Pick<Timeouts, "keepalive" | "pong">;
  /** From the first ping on. */
  #waiting: Waiting | undefined;
  #nextPing: number;

  /** @param jitter from 0 to 1: spreads the first pings of connections that opened together over half of `timeouts.keepalive` */
  constructor(timeouts: Pick<Timeouts, "keepalive" | "pong">, jitter: number, now: number) {
    this.#timeouts = timeouts;
    this.#nextPing = Math.floor(now + timeouts.keepalive * (0.5 + jitter / 2));
  }

  /** @param paused we have reading paused, so that the peer's silence says nothing */
  deadline(paused: boolean): number {
    return Math.min(this.#nextPing, this.#patienceEnds(paused));
  }

  demand(now: number, paused: boolean): KeepaliveDemand {
    if (now >= this.#patienceEnds(paused)) return "fail";
    return now >= this.#nextPing ? "ping" : undefined;
  }

  /** A ping of our own goes out: returns its payload. */
  begin(now: number): Buffer {
    const payload = Buffer.alloc(PAYLOAD);
    payload.writeDoubleBE(now);
    // Patience counts from the first ping that is unanswered; where it is longer than the interval, more pings follow.
    const whole = Math.floor(now);
    const waiting = this.#waitingNow();
    if (waiting.since === undefined) {
      waiting.since = whole;
      waiting.progressAt = whole;
    }
    this.#nextPing = whole + this.#timeouts.keepalive;
    return payload;
  }

  /** Any ping goes out. The payload is kept. */
  sent(payload: Buffer, now: number): void {
    const { pings } = this.#waitingNow();
    if (pings.length === MAX_OUTSTANDING) pings.shift();
    pings.push({ payload, sentAt: now });
  }

  /**
   * A pong came.
   *
   * @returns when the ping it answers was sent. Undefined: it answers none, which is allowed and means nothing (§5.5.3).
   */
  answered(payload: Buffer): number | undefined {
    const waiting = this.#waiting;
    // The newest of those that are alike: §5.5.3: a peer may answer only the most recent of several pings.
    const index = waiting?.pings.findLastIndex((ping) => ping.payload.equals(payload)) ?? -1;
    const ping = waiting?.pings[index];
    if (waiting === undefined || ping === undefined) return undefined;
    waiting.pings.splice(0, index + 1);
    if (waiting.since !== undefined && ping.sentAt >= waiting.since) waiting.since = undefined;
    if (waiting.since === undefined && waiting.pings.length === 0) this.#waiting = undefined;
    return ping.sentAt;
  }

  #waitingNow(): Waiting {
    this.#waiting ??= { pings: [], since: undefined, progressAt: 0 };
    return this.#waiting;
  }

  #patienceEnds(paused: boolean): number {
    const waiting = this.#waiting;
    if (waiting?.since === undefined || paused) return Number.POSITIVE_INFINITY;
    return waiting.progressAt + this.#timeouts.pong;
  }

  /** Something shows that the peer is alive, though its pong cannot have come yet. */
  progress(now: number): void {
    if (this.#waiting !== undefined) this.#waiting.progressAt = now;
  }
}
