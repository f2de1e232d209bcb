// The shared output slab: memory that all connections write their frames into, one after another, and that is used again.
//
// A connection's bytes lie in a region. The last region is open while its owner may still add to it; it is closed when the
// owner flushes or another connection writes. A closed region is live until its owner releases it. Whoever cannot tell when
// its bytes are no longer read never does: then the slab fills up, and a new one takes its place.
import { Buffer } from "node:buffer";
import type { Slab } from "../wire/wire.ts";

/** Bytes in a slab. A region is never larger. */
export const slabSize: number = 64 * 1024;

/** Who has a region in the slab. */
export interface RegionOwner {
  /** Your open region was closed, because another connection writes or the slab is full. */
  regionClosed(region: Buffer): void;
}

/** The slab itself. There is one, `sharedSlab`; tests make their own. */
export class SharedSlab implements Slab {
  bytes: Buffer = Buffer.allocUnsafeSlow(slabSize);
  used = 0;
  #owner: RegionOwner | undefined;
  /** Where the open region starts. */
  #start = 0;
  /** Regions that are closed and not released. */
  #live = 0;

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
    this.#live += 1;
    return this.bytes.subarray(this.#start, this.used);
  }

  /** Says that nobody reads this region any more. Other memory, that of an earlier slab included, is ignored. */
  release(region: Uint8Array): void {
    if (region.buffer !== this.bytes.buffer) return;
    this.#live -= 1;
    if (this.#owner !== undefined) return;
    if (this.#live === 0) this.used = 0;
    else if (region.byteOffset + region.length === this.used) this.used = region.byteOffset;
  }

  #replace(): void {
    this.bytes = Buffer.allocUnsafeSlow(slabSize);
    this.used = 0;
    this.#live = 0;
  }
}

/** The slab of all connections of this thread. */
export const sharedSlab: SharedSlab = new SharedSlab();
