// The inbox: received messages that wait for a consumer, in order, bounded, and held back while output is over its mark.
import type { Kind } from "../wire/wire.ts";

/** A piece of a message, where messages are streamed. */
export interface Fragment {
  readonly kind: Kind;
  readonly bytes: Uint8Array;
  readonly final: boolean;
}

/** A control frame of the peer's, for a consumer that wants to hear of them, in order with the messages. */
interface Control {
  readonly control: "ping" | "pong";
  readonly bytes: Uint8Array;
}

/** What is delivered. */
export type Item = string | Uint8Array | Fragment | Control;

/** Takes items as they come. A promise that it returns (and that must not reject) holds the next item. */
export interface Consumer {
  /** It wants to hear of pings and pongs: of pings that are answered, or of pings that it answers itself. */
  readonly controls?: "answered" | "told";
  /** Takes a value of the application's own. Returns false once it takes none any more. */
  notify?(value: unknown): boolean;
  take(item: Item): PromiseLike<void> | undefined;
  /** All was taken, and nothing more will come. Called once. */
  finished(): void;
}

/** Waits for one item. */
export interface Waiter {
  /** It is here. Undefined: no more will come. */
  arrived(item: Item | undefined): void;
}

/** What the inbox needs of the connection around it. */
export interface InboxOwner {
  /** Output is over its mark, and delivery is coupled to it. */
  readonly blocked: boolean;
  /** There is room again after `deliver` returned false. */
  room(): void;
}

/** Charged beside each item's size: ten thousand empty messages are not free. */
const ITEM_COST = 64;

/** Taken items are forgotten in bunches: shifting an array one by one costs its length each time. */
const COMPACT_AT = 256;

/**
 * Hands items to whoever takes them: `take`, `wait`, or a consumer.
 *
 * Whoever waits goes before the consumer, even while that is busy: a hook may wait for the message that follows its own.
 */
export class Inbox {
  readonly #owner: InboxOwner;
  readonly #mark: number;
  #items: Item[] | undefined;
  #head = 0;
  #cost = 0;
  #full = false;
  #ended = false;
  #discards = false;
  /** Who has waited longest, and the others in the order in which they came: mostly there are none. */
  #waiter: Waiter | undefined;
  #others: Waiter[] | undefined;
  #consumer: Consumer | undefined;
  #busy = false;
  /** An item was given to a waiter, or taken, and nobody has come back for more since. */
  #out = false;

  /** @param mark `limits.inbox` */
  constructor(owner: InboxOwner, mark: number) {
    this.#owner = owner;
    this.#mark = mark;
  }

  /** Nothing is left, and nothing more will come. */
  get finished(): boolean {
    return this.#ended && this.#items === undefined;
  }

  /** Whether the consumer wants to hear of pings and pongs. */
  get controls(): Consumer["controls"] {
    return this.#consumer?.controls;
  }

  /** Gives a value to the consumer. Undefined: there is none that takes any. */
  notify(value: unknown): boolean | undefined {
    return this.#consumer?.notify?.(value);
  }

  /** Over its mark. */
  get full(): boolean {
    return this.#full;
  }

  /** Everything that was delivered has been dealt with, as far as one can see: nothing waits, and who took the last came back. */
  get settled(): boolean {
    return this.#items === undefined && !this.#busy && !this.#out;
  }

  /** Messages wait, and may not be delivered until output has drained. */
  get heldBack(): boolean {
    return this.#items !== undefined && this.#isBlocked();
  }

  /** Takes what the wire delivers. Returns false when that is enough for now: `room` is called when more is welcome. */
  deliver(item: Item): boolean {
    if (this.#discards) return true;
    if (this.#items === undefined && this.#isAwaited() && !this.#owner.blocked) {
      this.#give(item);
      // Whoever took it may have dropped the transport.
      if (this.#ended) this.advance();
      return true;
    }
    this.#push(item);
    return !this.#full;
  }

  /** The next item; undefined if there is none, or none may be delivered now. */
  take(): Item | undefined {
    this.#checkFree();
    if (this.#items === undefined || this.#isBlocked()) return undefined;
    // Others have waited longer.
    if (this.#waiter !== undefined) return undefined;
    const item = this.#shift();
    this.#out = item !== undefined;
    if (item !== undefined) this.#makeRoom();
    return item;
  }

  /** Gives the waiter the next item, when `take` gave none. */
  wait(waiter: Waiter): void {
    this.#checkFree();
    if (this.finished) {
      waiter.arrived(undefined);
      return;
    }
    this.#out = false;
    if (this.#waiter === undefined) {
      this.#waiter = waiter;
    } else {
      this.#others ??= [];
      this.#others.push(waiter);
    }
  }

  /** It waits no more, if it did. */
  stopWaiting(waiter: Waiter): void {
    if (this.#waiter === waiter) this.#nextWaiter();
    else this.#others = this.#others?.filter((other) => other !== waiter);
  }

  /**
   * Everything that nobody waits for is this consumer's, from when `begin` is called.
   *
   * @throws Error if there is another
   */
  claim(consumer: Consumer): void {
    if (this.#consumer !== undefined)
      throw new Error("another handler takes the messages of this connection");
    this.#consumer = consumer;
    this.#busy = true;
  }

  /** The consumer that has claimed the items is ready for them. */
  begin(): void {
    this.#busy = false;
    this.advance();
  }

  /** Drops what is there and everything that comes, whoever would take it. */
  discard(): void {
    this.#discards = true;
    this.#items = undefined;
    this.#head = 0;
    this.#cost = 0;
    this.#makeRoom();
    this.#finish();
  }

  /** Delivers what waits, as far as it may be: after output has drained, or an asynchronous consumer is done. */
  advance(): void {
    while (this.#items !== undefined && this.#isAwaited() && !this.#isBlocked()) {
      const item = this.#shift();
      if (item !== undefined) this.#give(item);
      this.#makeRoom();
    }
    this.#finish();
  }

  /** Nothing more will come. What waits can still be taken. */
  end(): void {
    this.#ended = true;
    this.advance();
  }

  /** A behaviour takes all that comes: what somebody took before it would be missing in its states. */
  #checkFree(): void {
    if (this.controls !== undefined) throw new Error("a behaviour takes the messages of this connection");
  }

  #isBlocked(): boolean {
    // After the end output never drains, and holding back would hold for ever.
    return !this.#ended && this.#owner.blocked;
  }

  /** Somebody takes the next item as soon as it may be delivered. */
  #isAwaited(): boolean {
    if (this.#waiter !== undefined) return true;
    return this.#consumer !== undefined && !this.#busy;
  }

  /** Takes out who has waited longest. */
  #nextWaiter(): Waiter | undefined {
    const waiter = this.#waiter;
    if (waiter !== undefined) this.#waiter = this.#others?.shift();
    return waiter;
  }

  #give(item: Item): void {
    const waiter = this.#nextWaiter();
    this.#out = waiter !== undefined;
    if (waiter !== undefined) waiter.arrived(item);
    else if (this.#consumer !== undefined) this.#handOver(this.#consumer, item);
  }

  #handOver(consumer: Consumer, item: Item): void {
    // Set first: what the consumer sends or closes may lead back here.
    this.#busy = true;
    const pending = consumer.take(item);
    if (pending === undefined) {
      this.#busy = false;
      return;
    }
    void pending.then(() => this.begin());
  }

  #finish(): void {
    if (!this.finished) return;
    for (let waiter = this.#nextWaiter(); waiter !== undefined; waiter = this.#nextWaiter())
      waiter.arrived(undefined);
    if (this.#busy) return;
    const consumer = this.#consumer;
    this.#consumer = undefined;
    consumer?.finished();
  }

  #push(item: Item): void {
    this.#items ??= [];
    this.#items.push(item);
    this.#cost += costOf(item);
    if (this.#cost > this.#mark) this.#full = true;
  }

  #shift(): Item | undefined {
    const items = this.#items;
    const item = items?.[this.#head];
    if (items === undefined || item === undefined) return undefined;
    this.#head += 1;
    this.#cost -= costOf(item);
    if (this.#head === items.length) {
      this.#items = undefined;
      this.#head = 0;
    } else if (this.#head === COMPACT_AT) {
      items.splice(0, COMPACT_AT);
      this.#head = 0;
    }
    return item;
  }

  #makeRoom(): void {
    // Half, so that the socket is not paused and resumed for every message.
    if (!this.#full || this.#cost > this.#mark / 2) return;
    this.#full = false;
    this.#owner.room();
  }
}

function costOf(item: Item): number {
  if (typeof item === "string") return ITEM_COST + item.length;
  return ITEM_COST + (item instanceof Uint8Array ? item.length : item.bytes.length);
}
