// The outbox: messages on their way to the connection. A Blob has to be read first, and holds up what is behind it.

import { Buffer } from "node:buffer";
import { bufferSource, domString } from "./web-idl.ts";

/** What can be sent. */
export type Payload = string | Uint8Array | Blob;

/**
 * What `send` is called with, as `(BufferSource or Blob or USVString)`. Bytes are over the same memory; lone surrogates become
 * U+FFFD where the text is encoded.
 *
 * @throws TypeError for shared or resizable memory, and for what cannot be made a string
 */
export function payloadOf(data: unknown): Payload {
  if (typeof data === "string" || data instanceof Blob) return data;
  return bufferSource(data) ?? domString(data);
}

/** How many bytes it is on the wire, without headers. */
export function sizeOf(payload: Payload): number {
  if (typeof payload === "string") return Buffer.byteLength(payload);
  return payload instanceof Blob ? payload.size : payload.length;
}

/** Where messages go. */
export interface OutboxOwner {
  /** @param size of the data, as UTF-8 if it is a string */
  deliver(data: string | Uint8Array, size: number): void;
  /** A Blob could not be read: what is behind it will never be delivered. */
  unreadable(error: unknown): void;
}

/** Delivers one message, or does what is to be done behind those before it. */
type Step = () => void | Promise<void>;

/** Keeps the order of what is sent. */
export class Outbox {
  readonly #owner: OutboxOwner;
  #steps: Step[] | undefined;

  constructor(owner: OutboxOwner) {
    this.#owner = owner;
  }

  /** Sends bytes as they are now: they may change as soon as this returns. */
  send(payload: Payload, size: number): void {
    if (typeof payload === "object" && payload instanceof Blob) {
      this.#enqueue(async () => {
        this.#owner.deliver(new Uint8Array(await payload.arrayBuffer()), size);
      });
    } else if (this.#steps === undefined) {
      this.#owner.deliver(payload, size);
    } else {
      const copy = typeof payload === "string" ? payload : payload.slice();
      this.#enqueue(() => this.#owner.deliver(copy, size));
    }
  }

  /** Calls the function when everything before it was delivered. */
  afterwards(act: () => void): void {
    if (this.#steps === undefined) act();
    else this.#enqueue(act);
  }

  #enqueue(step: Step): void {
    if (this.#steps !== undefined) {
      this.#steps.push(step);
      return;
    }
    this.#steps = [step];
    void this.#work(this.#steps);
  }

  async #work(steps: Step[]): Promise<void> {
    try {
      while (steps.length > 0) {
        // Taken from the end: from the front each would cost the length of the array.
        const batch = steps.splice(0).reverse();
        for (let step = batch.pop(); step !== undefined; step = batch.pop()) await step();
      }
    } catch (error) {
      this.#owner.unreadable(error);
    } finally {
      this.#steps = undefined;
    }
  }
}
