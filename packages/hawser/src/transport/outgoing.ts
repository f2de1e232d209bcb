// The output of one connection on its way to a stream: many frames, one write, and an exact account of what waits.
//
// Bytes lie in a shared slab until they are flushed, at the latest before the loop turns. While the stream has not taken
// an earlier write, they queue here instead, in memory of this connection's own, and go on in batches as it takes them.
import type { Buffer } from "node:buffer";
import type { Writable } from "node:stream";
import type { Output, Slab } from "../wire/wire.ts";
import { nextBatch, smallPart } from "./batch.ts";
import { destroyStream } from "./destroy-stream.ts";
import type { Flushable } from "./flush-list.ts";
import { flushThisTurn } from "./flush-list.ts";
import { PartQueue } from "./part-queue.ts";
import type { RegionOwner, SharedSlab } from "./slab.ts";
import { newMemory, onceSlab, sharedSlab } from "./slab.ts";

/** The least that a connection takes for itself while it waits. */
const ownSlabSize = 16 * 1024;

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

/** Memory of a connection that waits: a shared slab would tie 64 KiB to a few bytes for as long as the peer likes. */
interface OwnSlab extends Slab {
  /** Where the bytes start that are not in the queue yet. */
  start: number;
}

type Written = (error?: Error | null) => void;

/** The output queue of one connection. It keeps no array, slab or function until there is something for it. */
export class Outgoing implements Output, Flushable, RegionOwner {
  readonly #stream: Writable;
  readonly #owner: OutgoingOwner;
  readonly #slab: SharedSlab;
  /** Closed regions and foreign bytes that the stream does not have. */
  #queue: PartQueue | undefined;
  #own: OwnSlab | undefined;
  #written: Written | undefined;
  /** Bytes that the stream has and did not take at once. While there are any it gets no more. */
  #inFlight = 0;
  /** Write callbacks that have not come yet, those of writes that were complete at once included. */
  #awaited = 0;
  #taken = 0;
  /** Bytes that were given up. */
  #unsent = 0;
  #listed = false;
  #writing = false;
  /** Output has waited since the owner was last told that all is gone. */
  #waited = false;
  #state: "open" | "ending" | "ended" | "abandoned" = "open";

  /**
   * @param reusable whether `writableLength === 0` right after a write means that nobody reads the bytes any more: true
   * for a plain `net.Socket`, which is done with them once the kernel took them; over TLS, or in a Duplex of somebody's,
   * they may live on, so those have a slab apart that is written once
   */
  constructor(stream: Writable, owner: OutgoingOwner, reusable: boolean) {
    this.#stream = stream;
    this.#owner = owner;
    this.#slab = reusable ? sharedSlab : onceSlab;
  }

  /** Bytes that were put in and that the stream has not taken. */
  get buffered(): number {
    const own = this.#own;
    const open = this.#slab.open(this) + (own === undefined ? 0 : own.used - own.start);
    return open + (this.#queue?.bytes ?? 0) + this.#inFlight + this.#unsent;
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
    if (this.#inFlight > 0) return this.#reserveOwn(size);
    if (!this.#listed) this.#list();
    const slab = this.#slab;
    if (!slab.fits(this, size)) slab.claim(this, size);
    return slab;
  }

  write(bytes: Uint8Array): void {
    if (this.#inFlight === 0) {
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

  /** Gives everything to the stream in one write (one `writev`); what is more than a batch, as the stream takes it. */
  flush(): void {
    if (this.#inFlight > 0) return;
    if (this.#state === "abandoned" || !this.#stream.writable) {
      this.abandon();
      return;
    }
    if (this.#own !== undefined) this.#closeRegions();
    this.#handOver();
    if (this.#inFlight === 0) this.#own = undefined;
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
    if (this.#queue !== undefined || this.#slab.open(this) > 0) this.flush();
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

  #list(): void {
    this.#listed = true;
    flushThisTurn(this);
  }

  #reserveOwn(size: number): Slab {
    let own = this.#own;
    if (own === undefined || own.used + size > own.bytes.length) {
      this.#closeRegions();
      own = { bytes: newMemory(Math.max(size, ownSlabSize)), used: 0, start: 0 };
      this.#own = own;
    }
    return own;
  }

  /** Makes what was put into slabs a part of the queue. (Never both: a shared slab is left alone while output waits.) */
  #closeRegions(): void {
    const region = this.#slab.take(this);
    if (region !== undefined) this.#enqueue(region);
    const own = this.#own;
    if (own === undefined || own.used === own.start) return;
    this.#enqueue(own.bytes.subarray(own.start, own.used));
    own.start = own.used;
  }

  #enqueue(part: Uint8Array): void {
    this.#queue ??= new PartQueue();
    this.#queue.push(part);
  }

  #handOver(): void {
    const region = this.#slab.take(this);
    if (this.#queue === undefined) {
      if (region !== undefined) this.#hand([region]);
      return;
    }
    if (region !== undefined) this.#enqueue(region);
    while (this.#inFlight === 0 && this.#queue !== undefined) {
      const batch = nextBatch(this.#queue, this.#slab, this);
      if (this.#queue.isEmpty) this.#queue = undefined;
      this.#hand(batch);
    }
  }

  #hand(batch: readonly Uint8Array[]): void {
    const stream = this.#stream;
    let size = 0;
    for (const part of batch) size += part.length;
    const threw = !this.#writeAll(batch);
    // A write that failed at once leaves nothing in the stream either.
    if (threw || stream.writableLength !== 0 || stream.errored) {
      this.#inFlight += size;
      this.#waited = true;
      for (const part of batch) this.#slab.keep(part, this);
      return;
    }
    this.#taken += size;
    for (const part of batch) this.#slab.release(part, this);
  }

  /** Whether the stream did not throw. */
  #writeAll(batch: readonly Uint8Array[]): boolean {
    const stream = this.#stream;
    const several = batch.length > 1;
    let toGo = batch.length;
    let threw = false;
    this.#written ??= (error) => this.#onWritten(error);
    this.#awaited += 1;
    this.#writing = true;
    try {
      if (several) stream.cork();
      for (const part of batch) {
        toGo -= 1;
        stream.write(part, toGo === 0 ? this.#written : undefined);
      }
      if (several) stream.uncork();
    } catch (error) {
      threw = true;
      this.#broke(error);
    }
    this.#writing = false;
    return !threw;
  }

  #endStream(): void {
    this.#state = "ended";
    this.#writing = true;
    try {
      this.#stream.end();
    } catch (error) {
      this.#broke(error);
    }
    this.#writing = false;
  }

  /** A Duplex that throws where it should call back is lost; it does not throw into a `send`. */
  #broke(error: unknown): void {
    const reason = error instanceof Error ? error : new Error("the stream threw", { cause: error });
    if (!destroyStream(this.#stream, reason)) this.#owner.streamFailed(reason);
  }

  #onWritten(error: Error | null | undefined): void {
    this.#awaited -= 1;
    if (error) {
      this.#owner.writeFailed();
      return;
    }
    // Callbacks come in the order of the writes, so the last one is that of the write that was not complete at once.
    if (this.#awaited > 0) return;
    if (this.#inFlight > 0) {
      this.#taken += this.#inFlight;
      this.#inFlight = 0;
      this.flush();
    }
    if (!this.#waited) return;
    if (this.buffered > 0) {
      this.#owner.progressed();
      return;
    }
    this.#waited = false;
    this.#owner.drained();
  }
}
