// The output of one connection on its way to a stream: many frames, one write, and an exact account of what waits.
//
// Bytes lie in a shared slab until they are flushed, at the latest before the loop turns. While the stream has not taken
// an earlier write, they queue here instead, in memory of this connection's own, and go on in batches as it takes them.
import type { Buffer } from "node:buffer";
import type { Writable } from "node:stream";
import type { SharedBytes } from "../wire/encoded.ts";
import type { Output, Slab } from "../wire/wire.ts";
import { nextBatch, smallPart } from "./batch.ts";
import { destroyStream } from "./destroy-stream.ts";
import type { Flushable } from "./flush-list.ts";
import { flushThisTurn } from "./flush-list.ts";
import type { Written } from "./in-flight.ts";
import { InFlight } from "./in-flight.ts";
import { PartQueue } from "./part-queue.ts";
import type { SharedPart } from "./shared-part.ts";
import { viewOf } from "./shared-part.ts";
import type { RegionOwner, SharedSlab } from "./slab.ts";
import { onceSlab, sharedSlab } from "./slab.ts";

/** Who is told what became of the output. */
export interface OutgoingOwner {
  /** Output had to wait, and now nothing is left. Never called from inside a method of `Outgoing`. */
  drained(): void;
  /** Output has to wait, and some of it was taken. */
  progressed(): void;
  /** A write failed. Why is for the stream's own events to say, if it is one that does. Never called from inside a method. */
  writeFailed(): void;
  /** The stream threw, and cannot be destroyed either: it will say nothing more. Called from inside the method that it threw into. */
  streamFailed(error: unknown): void;
}

const nothing: Uint8Array = new Uint8Array(0);

/** The output queue of one connection. It keeps no array, slab or function until there is something for it. */
export class Outgoing implements Output, Flushable, RegionOwner {
  readonly #stream: Writable;
  readonly #owner: OutgoingOwner;
  readonly #slab: SharedSlab;
  readonly #plain: boolean;
  /** Closed regions and foreign bytes that the stream does not have. */
  #queue: PartQueue | undefined;
  /** A run of frames that others send too, while there is nothing else. */
  #shared: SharedPart | undefined;
  #pending: InFlight | undefined;
  #taken = 0;
  /** Bytes that were given up. */
  #unsent = 0;
  #listed = false;
  #writing = false;
  #state: "open" | "ending" | "ended" | "abandoned" = "open";

  /**
   * @param plain a plain `net.Socket`: there `writableLength === 0` right after a write means that the kernel took the bytes
   * and nobody reads them any more, so their memory is used again, and an empty write does nothing but call back. Over TLS,
   * or in a Duplex of somebody's, bytes may live on: those have a slab apart that is written once
   */
  constructor(stream: Writable, owner: OutgoingOwner, plain: boolean) {
    this.#stream = stream;
    this.#owner = owner;
    this.#plain = plain;
    this.#slab = plain ? sharedSlab : onceSlab;
  }

  /** Bytes that were put in and that the stream has not taken. */
  get buffered(): number {
    const shared = this.#shared;
    const here =
      this.#slab.open(this) +
      this.#unsent +
      (this.#queue?.bytes ?? 0) +
      (shared === undefined ? 0 : shared.end - shared.start);
    const pending = this.#pending;
    return pending === undefined ? here : here + pending.bytes + pending.held;
  }

  /** Bytes that the stream has taken; with `buffered` all that was put in. */
  get taken(): number {
    return this.#taken;
  }

  /** A call into the stream is on the stack: what it emits now, it emits inside one of our methods. */
  get writing(): boolean {
    return this.#writing;
  }

  reserve(size: number): Slab {
    const pending = this.#pending;
    if (pending !== undefined && pending.bytes > 0) return this.#reserveOwn(pending, size);
    if (this.#shared !== undefined) this.#closeRegions();
    if (!this.#listed) this.#list();
    const slab = this.#slab;
    if (!slab.fits(this, size)) slab.claim(this, size);
    return slab;
  }

  write(bytes: Uint8Array): void {
    if (!this.#waits) {
      if (!this.#listed) this.#list();
      const slab = this.#slab;
      if (slab.open(this) > 0 && bytes.length < smallPart && slab.fits(this, bytes.length)) {
        slab.append(bytes);
        return;
      }
    }
    this.#closeRegions();
    if (bytes.length > 0) this.#enqueue(bytes);
  }

  writeShared(bytes: SharedBytes): void {
    const { memory, start, end } = bytes;
    const shared = this.#shared;
    if (shared !== undefined && shared.memory === memory && shared.end === start) {
      shared.end = end;
    } else if (end - start > smallPart) {
      this.write(viewOf(bytes));
    } else if (this.#mayShare()) {
      this.#shared = { memory, start, end };
      if (!this.#listed) this.#list();
    } else {
      const slab = this.reserve(end - start);
      slab.used += memory.copy(slab.bytes, slab.used, start, end);
    }
  }

  /** Gives everything to the stream in one write (one `writev`); what is more than a batch, as the stream takes it. */
  flush(): void {
    if (this.#waits) return;
    if (this.#state === "abandoned" || !this.#stream.writable) {
      this.abandon();
      return;
    }
    const pending = this.#pending;
    if (pending !== undefined && pending.held > 0) this.#closeRegions();
    this.#handOver();
    if (pending?.bytes === 0) pending.forgetOwn();
    if (this.#state === "ending" && this.#queue === undefined) this.#endStream();
  }

  /** What comes from here on goes out with `flushListed`, which the caller owes if this returns true. */
  gather(): boolean {
    if (this.#listed) return false;
    this.#listed = true;
    return true;
  }

  flushListed(): void {
    this.#listed = false;
    if (this.#shared !== undefined || this.#queue !== undefined || this.#slab.open(this) > 0) this.flush();
  }

  /** Ends the stream behind everything that was put in. */
  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.flush();
  }

  /** Gives up: nothing more goes to the stream. What waits stays counted in `buffered`, and its memory is let go. */
  abandon(): void {
    this.#state = "abandoned";
    this.#closeRegions();
    const queue = this.#queue;
    if (queue === undefined) return;
    this.#queue = undefined;
    this.#unsent += queue.bytes;
    for (const part of queue.takeAll()) this.#slab.release(part, this);
  }

  /** Hands everything over at once, whatever the stream has already, and gives up what comes later: the stream is another's now. */
  release(): void {
    this.#closeRegions();
    const queue = this.#queue;
    if (queue !== undefined && this.#state !== "abandoned" && this.#stream.writable) {
      this.#queue = undefined;
      this.#hand(queue.takeAll());
    }
    this.abandon();
  }

  regionClosed(region: Buffer): void {
    this.#enqueue(region);
  }

  /** The stream has bytes that it did not take at once. */
  get #waits(): boolean {
    return this.#pending !== undefined && this.#pending.bytes > 0;
  }

  /**
   * Whether frames of others may be sent from where they lie: by a socket that takes all it is given, so that no slow peer
   * keeps what many wrote, and with nothing before them.
   */
  #mayShare(): boolean {
    return (
      this.#plain &&
      !this.#waits &&
      this.#shared === undefined &&
      this.#queue === undefined &&
      this.#slab.open(this) === 0
    );
  }

  #list(): void {
    this.#listed = true;
    flushThisTurn(this);
  }

  #reserveOwn(pending: InFlight, size: number): Slab {
    if (!pending.fits(size)) this.#closeRegions();
    return pending.reserve(size);
  }

  /** Makes what was put in a part of the queue. (There is one such thing at a time: see `writeShared`, `reserve`.) */
  #closeRegions(): void {
    const shared = this.#shared;
    this.#shared = undefined;
    if (shared !== undefined) this.#enqueue(viewOf(shared));
    const region = this.#slab.take(this);
    if (region !== undefined) this.#enqueue(region);
    const own = this.#pending?.take();
    if (own !== undefined) this.#enqueue(own);
  }

  #enqueue(part: Uint8Array): void {
    this.#queue ??= new PartQueue();
    this.#queue.push(part);
  }

  #handOver(): void {
    if (this.#queue === undefined) {
      const part = this.#onlyPart();
      if (part !== undefined) this.#settleWrite(part, part.length, this.#writeOne(part));
      return;
    }
    this.#closeRegions();
    while (!this.#waits && this.#queue !== undefined) {
      const batch = nextBatch(this.#queue, this.#slab, this);
      if (this.#queue.isEmpty) this.#queue = undefined;
      this.#hand(batch);
    }
  }

  /** What there is while nothing is in the queue. */
  #onlyPart(): Buffer | undefined {
    const shared = this.#shared;
    if (shared === undefined) return this.#slab.take(this);
    this.#shared = undefined;
    return viewOf(shared);
  }

  #hand(batch: readonly Uint8Array[]): void {
    let size = 0;
    for (const part of batch) size += part.length;
    this.#settleWrite(batch, size, this.#writeAll(batch));
  }

  /** What was just given to the stream: taken at once, or under way. */
  #settleWrite(given: Uint8Array | readonly Uint8Array[], size: number, written: boolean): void {
    const stream = this.#stream;
    // A write that failed at once leaves nothing in the stream either.
    const failed = !written || Boolean(stream.errored);
    const taken = !failed && stream.writableLength === 0;
    if (taken) this.#taken += size;
    else this.#await(size, failed);
    if (given instanceof Uint8Array) this.#letGo(given, taken);
    else for (const part of given) this.#letGo(part, taken);
  }

  #letGo(part: Uint8Array, taken: boolean): void {
    if (taken) this.#slab.release(part, this);
    else this.#slab.keep(part, this);
  }

  #await(size: number, failed: boolean): void {
    const pending = this.#pendingNow();
    pending.bytes += size;
    pending.waited = true;
    // A socket calls no callback for each write, but for one of nothing behind those that have to wait.
    if (this.#plain && !failed) this.#give((stream) => stream.write(nothing, pending.callback()));
  }

  #pendingNow(): InFlight {
    this.#pending ??= new InFlight((error) => this.#onWritten(error));
    return this.#pending;
  }

  #callback(): Written | undefined {
    return this.#plain ? undefined : this.#pendingNow().callback();
  }

  /** Whether the stream did not throw. */
  #writeOne(part: Uint8Array): boolean {
    const written = this.#callback();
    // The body of #give once more, without its closure: this is the hot path.
    this.#writing = true;
    try {
      this.#stream.write(part, written);
    } catch (error) {
      this.#broke(error);
      this.#writing = false;
      return false;
    }
    this.#writing = false;
    return true;
  }

  /** As `#writeOne`, in one `writev`. */
  #writeAll(batch: readonly Uint8Array[]): boolean {
    const [first] = batch;
    if (first !== undefined && batch.length === 1) return this.#writeOne(first);
    const written = this.#callback();
    let toGo = batch.length;
    return this.#give((stream) => {
      stream.cork();
      for (const part of batch) {
        toGo -= 1;
        stream.write(part, toGo === 0 ? written : undefined);
      }
      stream.uncork();
    });
  }

  /** Whether the stream did not throw. */
  #give(call: (stream: Writable) => void): boolean {
    this.#writing = true;
    try {
      call(this.#stream);
    } catch (error) {
      this.#broke(error);
      this.#writing = false;
      return false;
    }
    this.#writing = false;
    return true;
  }

  #endStream(): void {
    this.#state = "ended";
    this.#give((stream) => stream.end());
  }

  /** A Duplex that throws where it should call back is lost; it does not throw into a `send`. */
  #broke(error: unknown): void {
    const reason = error instanceof Error ? error : new Error("the stream threw", { cause: error });
    if (!destroyStream(this.#stream, reason)) this.#owner.streamFailed(reason);
  }

  #onWritten(error: Error | null | undefined): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    pending.awaited -= 1;
    if (error) {
      this.#owner.writeFailed();
      return;
    }
    // Callbacks come in the order of the writes, so the last one is that of the write that was not complete at once.
    if (pending.awaited > 0) return;
    if (pending.bytes > 0) {
      this.#taken += pending.bytes;
      pending.bytes = 0;
      this.flush();
    }
    if (!pending.waited) return;
    if (this.buffered > 0) {
      this.#owner.progressed();
      return;
    }
    pending.waited = false;
    if (this.#plain) this.#pending = undefined;
    this.#owner.drained();
  }
}
