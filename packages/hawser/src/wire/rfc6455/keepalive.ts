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
  /** When our own ping was sent, while it is unanswered. */
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
    this.#nextPing = now + interval * (0.5 + jitter / 2);
  }

  /** @param paused we have reading paused, so that the peer's silence says nothing */
  deadline(paused: boolean): number {
    if (this.#awaitingSince === undefined) return this.#nextPing;
    return paused ? Number.POSITIVE_INFINITY : this.#progressAt + this.#patience;
  }

  demand(now: number, paused: boolean): KeepaliveDemand {
    if (now < this.deadline(paused)) return undefined;
    return this.#awaitingSince === undefined ? "ping" : "fail";
  }

  /** A ping of our own goes out: returns its payload. */
  begin(now: number): Buffer {
    const payload = Buffer.alloc(8);
    payload.writeDoubleBE(now);
    this.#awaitingSince = now;
    this.#progressAt = now;
    this.#nextPing = now + this.#interval;
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
    const index = this.#outstanding?.findIndex((ping) => ping.payload.equals(payload)) ?? -1;
    const ping = this.#outstanding?.[index];
    if (ping === undefined) return undefined;
    // §5.5.3: a peer may answer only the most recent of several pings.
    this.#outstanding?.splice(0, index + 1);
    if (this.#awaitingSince !== undefined && ping.sentAt >= this.#awaitingSince)
      this.#awaitingSince = undefined;
    return ping.sentAt;
  }

  /** Something shows that the peer is alive, though its pong cannot have come yet. */
  progress(now: number): void {
    this.#progressAt = now;
  }
}
