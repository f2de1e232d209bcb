// The readable side of a WebSocketStream: messages go into it as far as they are wanted, and the rest waits in the inbox.
import type { ReadableStreamDefaultController } from "node:stream/web";
import { ReadableStream } from "node:stream/web";
import type { Consumer, Item } from "../../connection/inbox.ts";

/** Who hears what the reader wants. */
export interface ReadableOwner {
  /** Nobody will read any more. */
  cancelled(reason: unknown): void;
  /** All messages have been taken over, and none will come. */
  finished(): void;
}

/** One stream of messages. */
export class MessageReadable implements Consumer {
  readonly stream: ReadableStream<string | Uint8Array>;
  readonly #owner: ReadableOwner;
  #controller: ReadableStreamDefaultController<string | Uint8Array> | undefined;
  #taking = true;
  /** Takes over the message that is held back; or lets go of it, once nothing is wanted any more. */
  #wanted: (() => void) | undefined;

  constructor(owner: ReadableOwner) {
    this.#owner = owner;
    // A reader that does nothing gets one message, and one more is held here: so that the end is seen behind a single one.
    this.stream = new ReadableStream<string | Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#proceed(),
      cancel: (reason: unknown) => {
        this.#controller = undefined;
        this.stopTaking();
        owner.cancelled(reason);
      },
    });
  }

  take(item: Item): Promise<void> | undefined {
    if (!this.#taking || (this.#controller?.desiredSize ?? 1) > 0) {
      this.#enqueue(item);
      return undefined;
    }
    return new Promise((resolve) => {
      this.#wanted = () => {
        this.#enqueue(item);
        resolve();
      };
    });
  }

  finished(): void {
    this.#owner.finished();
  }

  /** What comes from now on is dropped. What is in the stream can still be read. */
  stopTaking(): void {
    this.#taking = false;
    this.#proceed();
  }

  /** Ends the stream behind what is in it. */
  close(): void {
    this.stopTaking();
    this.#controller?.close();
    this.#controller = undefined;
  }

  /** Ends the stream with an error, at once. */
  fail(error: unknown): void {
    this.stopTaking();
    this.#controller?.error(error);
    this.#controller = undefined;
  }

  #enqueue(item: Item): void {
    if (!this.#taking) return;
    if (typeof item === "string" || item instanceof Uint8Array) this.#controller?.enqueue(item);
  }

  #proceed(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.();
  }
}
