// The shared output slabs: memory that many connections write their frames into, one after another.
//
// A connection's bytes lie in a region. The last region is open while its owner may still add to it; it is closed when the
// owner flushes or another connection writes. When the slab is full, a new one takes its place.
//
// There are two. One is used again: a closed region is live until its owner releases it, and an owner that cannot tell when
// its bytes are no longer read keeps it for good. The other is written once, for streams in which application code may get
// hold of the bytes and do with them what it likes: whatever that is, nobody else's bytes ever come to lie there.
import { Buffer } from "node:buffer";
import { markAsUntransferable } from "node:worker_threads";
import type { Slab } from "../wire/wire.ts";

/** Bytes in a slab. A region is never larger. */
export const slabSize: number = 64 * 1024;

/** Who has a region in the slab. */
export interface RegionOwner {
  /** Your open region was closed, because another connection writes or the slab is full. */
  regionClosed(region: Buffer): void;
}

/** Memory to write into and to hand out in parts. A stream that transfers its part to another thread must not take the rest along. */
export function newMemory(size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  markAsUntransferable(bytes.buffer);
  return bytes;
}

/** The slab itself. There are two, `sharedSlab` and `onceSlab`; tests make their own. */
export class SharedSlab implements Slab {
  bytes: Buffer = newMemory(slabSize);
  used = 0;
  readonly #once: boolean;
  #owner: RegionOwner | undefined;
  /** Where the open region starts. */
  #start = 0;
  /**
   * Regions that are closed and neither released nor kept, by identity: memory tells nothing, since whoever was given a
   * region can make views of it and send those over connections that never owned it. Empty in a slab that is written once.
   */
  readonly #live: Map<Uint8Array, RegionOwner> = new Map();
  /** Of the live regions the one that was closed last: mostly it is written and released before the next, and never sees the map. */
  #last: Uint8Array | undefined;
  #lastOwner: RegionOwner | undefined;
  /** A region is kept, so the slab does not start anew. */
  #pinned = false;

  /** @param use "once": what was written is never written over, whatever is released */
  constructor(use: "again" | "once" = "again") {
    this.#once = use === "once";
  }

  /** How many bytes the owner's open region has; 0 if the open region is another's. */
  open(owner: RegionOwner): number {
    return this.#owner === owner ? this.used - this.#start : 0;
  }

  /** Whether the open region is the owner's and has room for `size` more bytes. */
  fits(owner: RegionOwner, size: number): boolean {
    return this.#owner === owner && this.used + size <= slabSize;
  }

  /**
   * Opens a region with room for `size` bytes, in a new slab if need be. The region that was open is closed for its owner.
   *
   * @throws RangeError if no slab has that much room
   */
  claim(owner: RegionOwner, size: number): void {
    if (size > slabSize) throw new RangeError(`a slab has ${slabSize} bytes, not ${size}`);
    const former = this.#owner;
    const region = former && this.take(former);
    if (region !== undefined) former?.regionClosed(region);
    if (this.used + size > slabSize) this.#replace();
    this.#owner = owner;
    this.#start = this.used;
  }

  /** Copies bytes into the open region, which has room for them. */
  append(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.used);
    this.used += bytes.length;
  }

  /** Closes the owner's open region and gives it; undefined if there is none, or nothing in it. */
  take(owner: RegionOwner): Buffer | undefined {
    if (this.#owner !== owner) return undefined;
    this.#owner = undefined;
    if (this.used === this.#start) return undefined;
    const region = this.bytes.subarray(this.#start, this.used);
    if (!this.#once) {
      if (this.#last !== undefined && this.#lastOwner !== undefined)
        this.#live.set(this.#last, this.#lastOwner);
      this.#last = region;
      this.#lastOwner = owner;
    }
    return region;
  }

  /**
   * Says that nobody reads this region any more. Whatever is no live region of this owner is ignored: foreign bytes, views of
   * a region, those of an earlier slab, those that were released before.
   */
  release(region: Uint8Array, owner: RegionOwner): void {
    if (!this.#forget(region, owner) || this.#owner !== undefined) return;
    if (this.#last === undefined && this.#live.size === 0 && !this.#pinned) this.used = 0;
    else if (region.byteOffset + region.length === this.used) this.used = region.byteOffset;
  }

  /** Says that this region may be read for as long as anybody likes: it is never used again. Ignores what `release` ignores. */
  keep(region: Uint8Array, owner: RegionOwner): void {
    if (this.#forget(region, owner)) this.#pinned = true;
  }

  #forget(region: Uint8Array, owner: RegionOwner): boolean {
    if (region === this.#last) {
      if (owner !== this.#lastOwner) return false;
      this.#last = undefined;
      this.#lastOwner = undefined;
      return true;
    }
    return this.#live.get(region) === owner && this.#live.delete(region);
  }

  #replace(): void {
    this.bytes = newMemory(slabSize);
    this.used = 0;
    this.#live.clear();
    this.#last = undefined;
    this.#lastOwner = undefined;
    this.#pinned = false;
  }
}

/** The slab of all connections of this thread that know when their bytes are no longer read. */
export const sharedSlab: SharedSlab = new SharedSlab();
/** The slab of all others: its memory lives for as long as somebody has a part of it. */
export const onceSlab: SharedSlab = new SharedSlab("once");
