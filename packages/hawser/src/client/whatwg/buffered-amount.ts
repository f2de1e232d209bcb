// bufferedAmount: bytes of payload that were sent and that the system has not taken, as of the beginning of the task.
import { afterMicrotasks } from "../../transport/after-microtasks.ts";
import { headerSize } from "../../wire/rfc6455/frame-header.ts";

/** Messages that were taken are forgotten in bunches. */
const COMPACT_AT = 256;

/**
 * Counts what one WebSocket has queued.
 *
 * A connection counts bytes on the wire, headers, pongs and all. What waits there is the end of what was put in, so the
 * newest messages that fit into it are those that wait.
 */
export class BufferedAmount {
  /** What the attribute says, until the task is over. */
  #shown = 0;
  #settled = false;
  /** Payload that the connection has not got: it waits for a Blob before it, or will never be sent. */
  #apart = 0;
  /** Payload sizes of the messages that the connection has and the system may not have, from `#head` on. */
  readonly #sizes: number[] = [];
  #head = 0;
  /** Sums over those: of payload, and with headers. */
  #payload = 0;
  #framed = 0;

  /** Bytes that the connection has and the system has not; 0 before there is one. */
  waiting: () => number = () => 0;

  /** What the attribute says. It falls between tasks only. */
  get value(): number {
    this.#settle();
    return this.#shown;
  }

  /** send() was called with so many bytes. */
  sent(size: number): void {
    this.#settle();
    this.#shown += size;
    this.#apart += size;
  }

  /** A message that was counted by `sent` is the connection's now. */
  handedOver(size: number): void {
    this.#apart -= size;
    this.#sizes.push(size);
    this.#payload += size;
    this.#framed += framed(size);
    this.#forget(this.waiting());
  }

  /** Nothing more will be taken. */
  end(): void {
    const left = this.#unsent();
    this.waiting = () => 0;
    this.#forget(0);
    this.#apart += left;
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    afterMicrotasks(() => {
      this.#settled = false;
    });
    this.#shown = this.#apart + this.#unsent();
  }

  /** Payload that the connection has and the system has not. */
  #unsent(): number {
    const waiting = this.waiting();
    this.#forget(waiting);
    const oldest = this.#sizes[this.#head];
    if (oldest === undefined) return 0;
    // Of the oldest a part may be gone.
    const left = waiting - (this.#framed - framed(oldest));
    return this.#payload - oldest + Math.min(oldest, left);
  }

  /** Forgets the messages that cannot be among the bytes that wait. */
  #forget(waiting: number): void {
    for (let oldest = this.#sizes[this.#head]; oldest !== undefined; oldest = this.#sizes[this.#head]) {
      const others = this.#framed - framed(oldest);
      if (others < waiting) break;
      this.#framed = others;
      this.#payload -= oldest;
      this.#head += 1;
    }
    if (this.#head < COMPACT_AT && this.#head < this.#sizes.length) return;
    this.#sizes.splice(0, this.#head);
    this.#head = 0;
  }
}

function framed(size: number): number {
  return size + headerSize(size, true);
}
