// Pings that an application sent and waits for.
import { describe } from "../wire/errors.ts";

interface PendingPing {
  readonly sentAt: number;
  readonly resolve: (roundTrip: number) => void;
  readonly reject: (error: Error) => void;
}

/** Resolves the promises of `Connection.ping`. */
export class PendingPings {
  readonly #pending: PendingPing[] = [];

  /** The promise of a ping that was sent at this time: the round trip in milliseconds. */
  add(sentAt: number): Promise<number> {
    const promise = new Promise<number>((resolve, reject) => {
      this.#pending.push({ sentAt, resolve, reject });
    });
    // A peer that goes away must not become an unhandled rejection of whoever did not wait for the answer.
    promise.catch(() => undefined);
    return promise;
  }

  /** The ping sent at this time was answered, and so were all before it (RFC 6455 §5.5.3). */
  answered(sentAt: number, now: number): void {
    while ((this.#pending[0]?.sentAt ?? Number.POSITIVE_INFINITY) <= sentAt) {
      const ping = this.#pending.shift();
      ping?.resolve(now - ping.sentAt);
    }
  }

  /** No answer will come any more. */
  reject(error: Error): void {
    for (const ping of this.#pending.splice(0)) ping.reject(error);
  }
}

let counter = 0;

/**
 * The payload of a ping: what the application gave, or a number that no other ping of this process has.
 *
 * @throws TypeError if it is neither a string nor a Uint8Array
 */
export function pingPayload(given: string | Uint8Array | undefined): Uint8Array {
  if (given === undefined) {
    counter += 1;
    return new TextEncoder().encode(`ping ${counter}`);
  }
  if (typeof given === "string") return new TextEncoder().encode(given);
  if (given instanceof Uint8Array) return given;
  throw new TypeError(`the payload of a ping must be a string or a Uint8Array, not ${describe(given)}`);
}
