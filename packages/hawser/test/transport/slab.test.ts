// The shared slab: whose region is open, which are live, and where the next byte may go.
import { Buffer } from "node:buffer";
import { MessageChannel } from "node:worker_threads";
import { describe, expect, test, vi } from "vitest";
import { PartQueue } from "../../src/transport/part-queue.ts";
import { type RegionOwner, SharedSlab, slabSize } from "../../src/transport/slab.ts";

class Owner implements RegionOwner {
  readonly closed: string[] = [];

  regionClosed(region: Buffer): void {
    this.closed.push(region.toString("latin1"));
  }
}

function put(slab: SharedSlab, owner: RegionOwner, text: string): void {
  if (!slab.fits(owner, text.length)) slab.claim(owner, text.length);
  slab.append(Buffer.from(text, "latin1"));
}

describe("the shared slab", () => {
  test("closes a region when another writes, for its owner", () => {
    const slab = new SharedSlab();
    const [a, b] = [new Owner(), new Owner()];
    put(slab, a, "one");
    put(slab, a, "two");
    expect([slab.open(a), slab.open(b)]).toEqual([6, 0]);
    put(slab, b, "three");
    expect(a.closed).toEqual(["onetwo"]);
    expect([slab.open(a), slab.open(b)]).toEqual([0, 5]);
    expect(slab.take(a)).toBeUndefined();
    expect(slab.take(b)?.toString()).toBe("three");
    expect(slab.take(b)).toBeUndefined();
    expect([a.closed, b.closed]).toEqual([["onetwo"], []]);
  });

  test("starts anew when the last live region is released", () => {
    const slab = new SharedSlab();
    const [a, b] = [new Owner(), new Owner()];
    put(slab, a, "aaaa");
    const first = slab.take(a)!;
    put(slab, b, "bbbb");
    const second = slab.take(b)!;
    slab.release(first, a);
    expect(slab.used).toBe(8);
    slab.release(second, b);
    expect(slab.used).toBe(0);
  });

  test("goes back to the start of the last region while an earlier one is live", () => {
    const slab = new SharedSlab();
    const [a, b] = [new Owner(), new Owner()];
    put(slab, a, "aaaa");
    const pinned = slab.take(a)!;
    for (let round = 0; round < 3; round++) {
      put(slab, b, "bbbb");
      slab.release(slab.take(b)!, b);
      expect(slab.used).toBe(4);
    }
    expect(pinned.toString()).toBe("aaaa");
  });

  test("does not go back under an open region", () => {
    const slab = new SharedSlab();
    const [a, b] = [new Owner(), new Owner()];
    put(slab, a, "aaaa");
    const first = slab.take(a)!;
    put(slab, b, "bbbb");
    slab.release(first, a);
    put(slab, b, "cccc");
    const second = slab.take(b)!;
    expect(second.toString()).toBe("bbbbcccc");
    slab.release(second, b);
    expect(slab.used).toBe(0);
  });

  test("an empty region leaves nothing behind", () => {
    const slab = new SharedSlab();
    const [a, b] = [new Owner(), new Owner()];
    slab.claim(a, 10);
    slab.claim(b, 10);
    expect(slab.take(b)).toBeUndefined();
    put(slab, a, "a");
    slab.release(slab.take(a)!, a);
    expect(slab.used).toBe(0);
    expect([a.closed, b.closed]).toEqual([[], []]);
  });

  test("takes new memory when it is full, and knows the old regions no more", () => {
    const slab = new SharedSlab();
    const [a, b] = [new Owner(), new Owner()];
    put(slab, a, "a".repeat(slabSize - 3));
    const old = slab.bytes;
    const closed: Buffer[] = [];
    vi.spyOn(a, "regionClosed").mockImplementation((region) => void closed.push(region));
    put(slab, a, "four");
    expect(closed.map((region) => region.length)).toEqual([slabSize - 3]);
    expect(slab.bytes).not.toBe(old);
    expect(slab.open(a)).toBe(4);
    slab.release(closed[0]!, a);
    put(slab, b, "b");
    slab.release(slab.take(b)!, b);
    expect(slab.used).toBe(4);
  });

  test("takes back a region once, from its owner, and nothing that only looks like one", () => {
    const slab = new SharedSlab();
    const [a, b] = [new Owner(), new Owner()];
    put(slab, a, "aaaa");
    const first = slab.take(a)!;
    put(slab, b, "bbbb");
    const second = slab.take(b)!;
    slab.release(second.subarray(), b);
    slab.release(slab.bytes.subarray(4, 8), b);
    slab.release(slab.bytes, b);
    slab.release(second, a);
    expect(slab.used).toBe(8);
    slab.release(second, b);
    for (let i = 0; i < 3; i++) slab.release(second, b);
    expect(slab.used).toBe(4);
    slab.release(first, a);
    expect(slab.used).toBe(0);
  });

  test("never uses a region again that is kept", () => {
    const slab = new SharedSlab();
    const [a, b] = [new Owner(), new Owner()];
    put(slab, a, "aaaa");
    const kept = slab.take(a)!;
    put(slab, b, "bbbb");
    const other = slab.take(b)!;
    slab.keep(kept, b);
    slab.keep(kept, a);
    slab.release(kept, a);
    slab.release(other, b);
    for (let round = 0; round < 3; round++) {
      expect(slab.used).toBe(4);
      put(slab, b, "bbbb");
      slab.release(slab.take(b)!, b);
    }
    expect(kept.toString()).toBe("aaaa");
    put(slab, b, "b".repeat(slabSize));
    slab.release(slab.take(b)!, b);
    expect(slab.used).toBe(0);
  });

  test("refuses what fits no slab", () => {
    expect(() => new SharedSlab().claim(new Owner(), slabSize + 1)).toThrow(RangeError);
  });
});

describe("the slab that is written once", () => {
  test("never goes back", () => {
    const slab = new SharedSlab("once");
    const owner = new Owner();
    for (let round = 1; round <= 3; round++) {
      put(slab, owner, "four");
      slab.release(slab.take(owner)!, owner);
      expect(slab.used).toBe(4 * round);
    }
  });

  test("cannot be transferred to another thread by a stream that got a part of it", () => {
    const slab = new SharedSlab("once");
    const owner = new Owner();
    put(slab, owner, "bytes");
    const region = slab.take(owner)!;
    const { port1, port2 } = new MessageChannel();
    try {
      port1.postMessage(region, [region.buffer as ArrayBuffer]);
    } catch {
      // Depending on the version of Node it throws, or copies.
    }
    port1.close();
    port2.close();
    expect(slab.bytes.length).toBe(slabSize);
    expect(region.toString()).toBe("bytes");
  });
});

describe("the queue of parts", () => {
  const part = (text: string) => Buffer.from(text, "latin1");

  test("is first in, first out, and counts its bytes", () => {
    const queue = new PartQueue();
    expect([queue.isEmpty, queue.nextSize, queue.shift(10, 10)]).toEqual([true, 0, undefined]);
    queue.push(part("one"));
    queue.push(part("three"));
    expect([queue.bytes, queue.nextSize, queue.isEmpty]).toEqual([8, 3, false]);
    expect(queue.shift(10, 10)).toEqual(part("one"));
    expect([queue.bytes, queue.nextSize]).toEqual([5, 5]);
    expect(queue.takeAll()).toEqual([part("three")]);
    expect([queue.bytes, queue.isEmpty]).toEqual([0, true]);
  });

  test("slices only what is larger than both numbers", () => {
    const queue = new PartQueue();
    queue.push(part("abcdef"));
    expect(queue.shift(4, 6)).toEqual(part("abcdef"));
    queue.push(part("abcdefg"));
    expect([queue.shift(4, 6), queue.bytes]).toEqual([part("abcd"), 3]);
    expect([queue.shift(4, 6), queue.bytes]).toEqual([part("efg"), 0]);
  });

  test("stays in order while it is long", () => {
    const queue = new PartQueue();
    const seen: number[] = [];
    let next = 0;
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 40; i++) queue.push(Uint8Array.of(next++ & 0xff));
      for (let i = 0; i < 30; i++) seen.push(queue.shift(1, 1)?.[0] ?? -1);
    }
    for (const rest of queue.takeAll()) seen.push(rest[0] ?? -1);
    expect(seen).toEqual(Array.from({ length: 2000 }, (_, index) => index & 0xff));
  });
});
