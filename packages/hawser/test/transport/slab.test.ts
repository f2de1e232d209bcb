// The shared slab: whose region is open, which are live, and where the next byte may go.
import { describe, expect, test } from "vitest";
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
    slab.release(first);
    expect(slab.used).toBe(8);
    slab.release(second);
    expect(slab.used).toBe(0);
  });

  test("goes back to the start of the last region while an earlier one is live", () => {
    const slab = new SharedSlab();
    const [a, b] = [new Owner(), new Owner()];
    put(slab, a, "aaaa");
    const pinned = slab.take(a)!;
    for (let round = 0; round < 3; round++) {
      put(slab, b, "bbbb");
      slab.release(slab.take(b)!);
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
    slab.release(first);
    put(slab, b, "cccc");
    const second = slab.take(b)!;
    expect(second.toString()).toBe("bbbbcccc");
    slab.release(second);
    expect(slab.used).toBe(0);
  });

  test("an empty region leaves nothing behind", () => {
    const slab = new SharedSlab();
    const [a, b] = [new Owner(), new Owner()];
    slab.claim(a, 10);
    slab.claim(b, 10);
    expect(slab.take(b)).toBeUndefined();
    put(slab, a, "a");
    slab.release(slab.take(a)!);
    expect(slab.used).toBe(0);
    expect([a.closed, b.closed]).toEqual([[], []]);
  });

  test("takes new memory when it is full, and knows the old regions no more", () => {
    const slab = new SharedSlab();
    const [a, b] = [new Owner(), new Owner()];
    put(slab, a, "a".repeat(slabSize - 3));
    const old = slab.bytes;
    put(slab, a, "four");
    expect(a.closed.map((text) => text.length)).toEqual([slabSize - 3]);
    expect(slab.bytes).not.toBe(old);
    expect(slab.open(a)).toBe(4);
    slab.release(old.subarray(0, slabSize - 3));
    put(slab, b, "b");
    slab.release(slab.take(b)!);
    expect(slab.used).toBe(4);
  });

  test("refuses what fits no slab", () => {
    expect(() => new SharedSlab().claim(new Owner(), slabSize + 1)).toThrow(RangeError);
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
