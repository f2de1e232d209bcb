// Pings that an application sent and waits for.
import { Buffer } from "node:buffer";
import { describe } from "../wire/errors.ts";

interface PendingPing {
  readonly payload: Uint8Array;
  readonly sentAt: number;
  readonly resolve: (roundTrip: number) => void;
  readonly reject: (error: Error) => void;
}

/** Resolves the promises of `Connection.ping`. */
export class PendingPings {
  readonly #pending: PendingPing[] = [];

  /** The promise of a ping with this payload that was sent at this time: the round trip in milliseconds. */
  add(payload: Uint8Array, sentAt: number): Promise<number> {
    const promise = new Promise<number>((resolve, reject) => {
      this.#pending.push({ payload, sentAt, resolve, reject });
    });
    // A peer that goes away must not become an unhandled rejection of whoever did not wait for the answer.
    promise.catch(() => undefined);
    return promise;
  }

  /** The ping with this payload was answered, and so were all before it (RFC 6455 §5.5.3). */
  answered(payload: Uint8Array, sentAt: number, now: number): void {
    const index = this.#pending.findLastIndex((ping) => Buffer.compare(ping.payload, payload) === 0);
    // One of keepalive's has another payload: then the time says which are older.
    const last = index >= 0 ? index : this.#pending.findLastIndex((ping) => ping.sentAt <= sentAt);
    for (const ping of this.#pending.splice(0, last + 1)) ping.resolve(now - ping.sentAt);
  }

  /** No answer will come any more. */
  reject(error: Error): void {
    for (const ping of this.#pending.splice(0)) ping.reject(error);
  }
}

let counter = 0;

/**
 * The payload of a ping: a copy of what the application gave, or a number that no other ping of this process has.
 *
 * @throws TypeError if it is neither a string nor a Uint8Array
 */
export function pingPayload(given: string | Uint8Array | undefined): Uint8Array {
  if (given === undefined) {
    counter += 1;
    return new TextEncoder().encode(`ping ${counter}`);
  }
  if (typeof given === "string") return new TextEncoder().encode(given);
  if (given instanceof Uint8Array) return Uint8Array.from(given);
  throw new TypeError(`the payload of a ping must be a string or a Uint8Array, not ${describe(given)}`);
}
