// Pings, pongs, and when silence means that the peer is gone (RFC 6455 §5.5.2, §5.5.3).
import { Buffer } from "node:buffer";

/** Pings that are remembered; a pong for an older one is no answer any more. */
const MAX_OUTSTANDING = 64;

interface Ping {
  readonly payload: Buffer;
  readonly sentAt: number;
}

/** What a deadline asks for. */
export type KeepaliveDemand = "ping" | "fail" | undefined;

/** Remembers pings and decides when to send one and when to give up. */
export class Keepalive {
  readonly #interval: number;
  readonly #patience: number;
  #outstanding: Ping[] | undefined;
  #nextPing: number;
  /** When the first ping of our own was sent that is unanswered. */
  #awaitingSince: number | undefined;
  /** When patience began anew: at the ping, at a byte of a frame in progress, when reading went on after a pause. */
  #progressAt = 0;

  /**
   * @param interval `timeouts.keepalive`
   * @param patience `timeouts.pong`
   * @param jitter from 0 to 1: spreads the first pings of connections that opened together over half an interval
   */
  constructor(interval: number, patience: number, jitter: number, now: number) {
    this.#interval = interval;
    this.#patience = patience;
    this.#nextPing = Math.floor(now + interval * (0.5 + jitter / 2));
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
    const payload = Buffer.alloc(8);
    payload.writeDoubleBE(now);
    // Patience counts from the first ping that is unanswered; where it is longer than the interval, more pings follow.
    const whole = Math.floor(now);
    if (this.#awaitingSince === undefined) {
      this.#awaitingSince = whole;
      this.#progressAt = whole;
    }
    this.#nextPing = whole + this.#interval;
    return payload;
  }

  /** Any ping goes out. The payload is kept. */
  sent(payload: Buffer, now: number): void {
    this.#outstanding ??= [];
    if (this.#outstanding.length === MAX_OUTSTANDING) this.#outstanding.shift();
    this.#outstanding.push({ payload, sentAt: now });
  }

  /**
   * A pong came.
   *
   * @returns when the ping it answers was sent. Undefined: it answers none, which is allowed and means nothing (§5.5.3).
   */
  answered(payload: Buffer): number | undefined {
    // The newest of those that are alike: §5.5.3: a peer may answer only the most recent of several pings.
    const index = this.#outstanding?.findLastIndex((ping) => ping.payload.equals(payload)) ?? -1;
    const ping = this.#outstanding?.[index];
    if (ping === undefined) return undefined;
    this.#outstanding?.splice(0, index + 1);
    if (this.#awaitingSince !== undefined && ping.sentAt >= this.#awaitingSince)
      this.#awaitingSince = undefined;
    return ping.sentAt;
  }

  #patienceEnds(paused: boolean): number {
    if (this.#awaitingSince === undefined || paused) return Number.POSITIVE_INFINITY;
    return this.#progressAt + this.#patience;
  }

  /** Something shows that the peer is alive, though its pong cannot have come yet. */
  progress(now: number): void {
    this.#progressAt = now;
  }
}
