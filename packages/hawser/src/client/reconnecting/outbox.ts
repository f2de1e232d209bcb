// The outbox: what is to be sent goes to the connection that is open, or waits for the next one.
import type { Sendable } from "../../connection/bytes.ts";
import { sendable } from "../../connection/bytes.ts";
import type { AnyConnection } from "../../connection/connection.ts";
import { pumpOf } from "../../connection/connection.ts";
import { mayCompress, type SendOptions } from "../../connection/send-options.ts";
import type { Sender } from "../../connection/sender.ts";
import type { Clock } from "../../transport/clock.ts";
import { Timer } from "../../transport/clock.ts";
import { UnsupportedError } from "../../wire/errors.ts";
import type { Framing } from "../../wire/framing.ts";
import type { UnsentCounts } from "./outcome.ts";
import type { QueueOptions } from "./unsent-queue.ts";
import { UnsentQueue } from "./unsent-queue.ts";

/** Sends over one connection after another, in order, nothing twice. The timer runs while somebody waits for messages to expire. */
export class Outbox extends Timer {
  readonly #queue: UnsentQueue;
  readonly #clock: Clock;
  readonly #framing: Pick<Framing, "version" | "can">;
  /** Messages may wait. */
  readonly #queues: boolean;
  #ws: AnyConnection | undefined;
  /** The connection that the queue is being emptied into. */
  #flushing: AnyConnection | undefined;
  #over = false;
  #refused = 0;
  #lostBytes = 0;
  readonly #drains: ((room: boolean) => void)[] = [];

  /** @param framing what the connections can carry */
  constructor(options: QueueOptions, clock: Clock, framing: Pick<Framing, "version" | "can">) {
    super();
    this.#queue = new UnsentQueue(options, clock);
    this.#clock = clock;
    this.#framing = framing;
    this.#queues = options.messages > 0;
  }

  /**
   * Sends a message, or queues it while no connection is open, others wait before it, or the connection is over its mark: what
   * waits here is not lost with the connection.
   *
   * @returns whether it was taken
   * @throws TypeError for what is no message, and for wrong options; UnsupportedError for bytes in a version without binary
   */
  send(data: Sendable, options?: SendOptions): boolean {
    const message = sendable(data);
    const { version, can } = this.#framing;
    // Not when its turn comes: by then nobody is there to be told.
    if (typeof message !== "string" && !can.binary)
      throw new UnsupportedError(`${version} carries text only`);
    const compress = mayCompress("send()", options);
    if (this.#sendNow(message, compress)) return true;
    if (this.#over || !this.#queue.push(message, compress)) {
      this.#refused += 1;
      return false;
    }
    if (this.#ws !== undefined) void this.#flush(this.#ws);
    return true;
  }

  /** Resolves with true when nothing waits, and the next message would be taken; with false once nothing more will be sent. */
  drain(): Promise<boolean> {
    if (this.#over) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#drains.push(resolve);
      if (this.#ws !== undefined) void this.#flush(this.#ws);
      this.#tellRoom();
    });
  }

  override expired(): void {
    this.#tellRoom();
  }

  /** From now on messages go to this connection. */
  attach(ws: AnyConnection): void {
    this.#ws = ws;
    void this.#flush(ws);
  }

  /** The connection has ended, with so many bytes that it had accepted and could not send. */
  detach(lostBytes: number): void {
    this.#ws = undefined;
    this.#lostBytes += lostBytes;
  }

  /**
   * Takes no more messages. Those that wait go to the connection that is open, if there is one: a Close follows them there.
   *
   * @param most `limits.sendBuffer` of the connection, which ends it when passed
   */
  conclude(most: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#clock.cancel(this);
    for (const resolve of this.#drains.splice(0)) resolve(false);
    if (this.#ws === undefined) return;
    const { sender } = pumpOf(this.#ws);
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      if (this.#ws.phase !== "open" || sender.waiting > most) return;
      if (!sender.sendWhole(next.data, next.compress)) return;
      this.#queue.shift();
    }
  }

  /** Forgets what waits, and says what became of everything. */
  counts(): UnsentCounts {
    const messages = this.#queue.clear();
    return { messages, expired: this.#queue.expired, refused: this.#refused, bytes: this.#lostBytes };
  }

  #sendNow(message: string | Uint8Array, compress: boolean): boolean {
    if (this.#over || this.#queue.size > 0) return false;
    return this.#ready()?.sendWhole(message, compress) === true;
  }

  /** Sends over the connection that is open, if there is room in it. */
  #ready(): Sender | undefined {
    if (this.#ws?.phase !== "open") return undefined;
    const { sender } = pumpOf(this.#ws);
    return sender.overMark ? undefined : sender;
  }

  /** Tells those who wait for room, or sees to it that they hear when the last message has expired. */
  #tellRoom(): void {
    if (this.#drains.length === 0) return;
    const room = this.#queue.peek() === undefined && (this.#queues || this.#ready() !== undefined);
    this.#clock.schedule(this, room ? Number.POSITIVE_INFINITY : this.#queue.emptyAt);
    if (room) for (const resolve of this.#drains.splice(0)) resolve(true);
  }

  /** Moves what waits to the connection, as fast as it takes it. */
  async #flush(ws: AnyConnection): Promise<void> {
    if (this.#flushing === ws) return;
    this.#flushing = ws;
    const { sender } = pumpOf(ws);
    while (this.#ws === ws && !this.#over) {
      if (sender.overMark) {
        if (!(await ws.drain())) break;
        continue;
      }
      const next = this.#queue.peek();
      if (next === undefined || ws.phase !== "open") break;
      if (!sender.sendWhole(next.data, next.compress)) break;
      this.#queue.shift();
    }
    if (this.#flushing === ws) this.#flushing = undefined;
    this.#tellRoom();
  }
}
