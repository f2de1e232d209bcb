// The relay: the messages of one connection after another, as if they came over one.
import type { Connection, Message } from "../../connection/connection.ts";
import { pumpOf } from "../../connection/connection.ts";

/** Connections whose messages are kept: the newest, and the one before it. */
const MOST_KEPT = 2;

/**
 * Hands out messages of connections in order. It keeps none itself: they wait in the inboxes of their connections, which bounds
 * them, and those of a third connection push out those of the first.
 */
export class Relay<Received extends Message> {
  readonly #connections: Connection<Received, unknown>[] = [];
  readonly #waiters: (() => void)[] = [];
  #ended = false;
  #unread = 0;

  /** How many messages were pushed out. */
  get unread(): number {
    return this.#unread;
  }

  /** What this connection receives comes after what those before it have. */
  add(ws: Connection<Received, unknown>): void {
    if (this.#connections.length === MOST_KEPT) this.#drop(this.#connections.shift());
    this.#connections.push(ws);
    this.#wake();
  }

  /** No connection comes any more. What waits can still be taken. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /**
   * The next message; undefined when the last connection has ended and all was taken.
   *
   * @throws (rejects with) the reason of the signal
   */
  async next(signal: AbortSignal | undefined): Promise<Received | undefined> {
    for (;;) {
      const [ws] = this.#connections;
      if (ws === undefined) {
        if (this.#ended) return undefined;
        await this.#change(signal);
        continue;
      }
      const message = await ws.receive({ signal });
      if (message !== undefined) return message;
      // Several may have waited for the same end.
      if (this.#connections[0] === ws) this.#connections.shift();
    }
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const wake = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const abort = () => {
        this.#waiters.splice(this.#waiters.indexOf(wake), 1);
        reject(signal?.reason);
      };
      this.#waiters.push(wake);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #drop(ws: Connection<Received, unknown> | undefined): void {
    if (ws === undefined) return;
    const { inbox } = pumpOf(ws);
    while (inbox.take() !== undefined) this.#unread += 1;
  }
}
