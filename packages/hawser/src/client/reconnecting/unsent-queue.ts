// Messages that wait to be sent: in order, bounded in number and bytes, each for so long and no longer.
import { Buffer } from "node:buffer";
import type { Clock } from "../../transport/clock.ts";

/** How much may wait. `Infinity` turns a bound off. */
export interface QueueOptions {
  /** How many messages. Default 1,000; 0 for no queue at all. */
  readonly messages: number;
  /** Their size together, in bytes; one of any size may wait alone. Default 1 MiB. */
  readonly bytes: number;
  /** How long each may wait, in milliseconds; after that it is dropped, and counted. Default 30 s. */
  readonly expiry: number;
}

/** A message, and what was said of it. */
export interface UnsentMessage {
  readonly data: string | Uint8Array;
  readonly compress: boolean;
}

interface Waiting extends UnsentMessage {
  readonly size: number;
  readonly until: number;
}

/** Taken messages are forgotten in bunches: shifting an array one by one costs its length each time. */
const COMPACT_AT = 256;

/** A queue of messages that nobody has sent yet. */
export class UnsentQueue {
  readonly #options: QueueOptions;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #head = 0;
  #bytes = 0;
  #expired = 0;

  constructor(options: QueueOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** How many messages wait, those included whose time has passed unnoticed. */
  get size(): number {
    return this.#waiting.length - this.#head;
  }

  /** When the last of those that wait has waited too long, if none comes behind it; Infinity for never. */
  get emptyAt(): number {
    return this.#waiting.at(-1)?.until ?? Number.POSITIVE_INFINITY;
  }

  /** How many messages waited too long. */
  get expired(): number {
    this.#dropExpired();
    return this.#expired;
  }

  /** Takes a message, bytes as a copy. Returns false, and takes nothing, if it would be too many or too much. */
  push(data: string | Uint8Array, compress = true): boolean {
    const { messages, bytes, expiry } = this.#options;
    this.#dropExpired();
    const size = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
    // Who is refused waits for an empty queue: then there has to be room for a message of any size.
    if (this.size >= messages || (this.size > 0 && this.#bytes + size > bytes)) return false;
    const until = this.#clock.now() + expiry;
    const kept = typeof data === "string" ? data : new Uint8Array(data);
    this.#waiting.push({ data: kept, compress, size, until });
    this.#bytes += size;
    return true;
  }

  /** The message that has waited longest, and not too long; undefined if there is none. */
  peek(): UnsentMessage | undefined {
    this.#dropExpired();
    return this.#waiting[this.#head];
  }

  /** Forgets the message that `peek` gave. */
  shift(): void {
    const first = this.#waiting[this.#head];
    if (first === undefined) return;
    this.#head += 1;
    this.#bytes -= first.size;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head === COMPACT_AT) {
      this.#waiting.splice(0, COMPACT_AT);
      this.#head = 0;
    }
  }

  /** Forgets everything. Returns how many messages that were, without those that waited too long. */
  clear(): number {
    this.#dropExpired();
    const { size } = this;
    this.#waiting = [];
    this.#head = 0;
    this.#bytes = 0;
    return size;
  }

  /** All wait equally long, so those whose time has passed stand in front. */
  #dropExpired(): void {
    const now = this.#clock.now();
    for (let first = this.#waiting[this.#head]; first !== undefined; first = this.#waiting[this.#head]) {
      if (now < first.until) return;
      this.#expired += 1;
      this.shift();
    }
  }
}
