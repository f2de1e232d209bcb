// The output queue of one connection, on a stream that counts calls and takes writes when told to.
import { Buffer } from "node:buffer";
import { Writable } from "node:stream";
import { beforeEach, describe, expect, test } from "vitest";
import { Outgoing, type OutgoingOwner } from "../../src/transport/outgoing.ts";
import { onceSlab, sharedSlab, slabSize } from "../../src/transport/slab.ts";
import { put, StubStream, turns } from "./support.ts";

class Owner implements OutgoingOwner {
  readonly events: string[] = [];
  steps = 0;

  progressed(): void {
    this.steps += 1;
  }

  drained(): void {
    this.events.push("drained");
  }

  writeFailed(): void {
    this.events.push("failed");
  }

  streamFailed(error: unknown): void {
    this.events.push(`stream failed: ${error instanceof Error ? error.message : ""}`);
  }
}

function setUp(plain = true) {
  const stream = new StubStream();
  stream.on("error", () => {});
  const owner = new Owner();
  return { stream, owner, outgoing: new Outgoing(stream, owner, plain) };
}

beforeEach(() => {
  // A new slab for each test, whatever the one before has left in it.
  const nobody = { regionClosed() {} };
  for (const slab of [sharedSlab, onceSlab]) {
    slab.claim(nobody, slabSize);
    slab.take(nobody);
  }
});

const tick = () => new Promise<void>((resolve) => process.nextTick(resolve));
const KiB = 1024;

describe("coalescing", () => {
  test("what one turn puts in goes out in one write, before the loop turns", async () => {
    const { stream, outgoing } = setUp();
    for (let i = 0; i < 32; i++) put(outgoing, `<${i}>`);
    expect(stream.calls).toEqual([]);
    await tick();
    expect(stream.calls).toHaveLength(1);
    expect(stream.text).toBe(Array.from({ length: 32 }, (_, i) => `<${i}>`).join(""));
  });

  test("what promises put in goes out together too", async () => {
    const { stream, outgoing } = setUp();
    await Promise.all([1, 2, 3].map(async (n) => Promise.resolve().then(() => put(outgoing, `<${n}>`))));
    await turns(1);
    expect(stream.calls).toEqual(["<1><2><3>"]);
  });

  test("flush writes at once, and the tick has nothing left to do", async () => {
    const { stream, outgoing } = setUp();
    put(outgoing, "a");
    outgoing.flush();
    expect(stream.calls).toEqual(["a"]);
    outgoing.flush();
    await tick();
    expect(stream.calls).toEqual(["a"]);
    put(outgoing, "b");
    await tick();
    expect(stream.calls).toEqual(["a", "b"]);
  });

  test("frames and foreign bytes keep their order, in one write", async () => {
    const { stream, outgoing } = setUp();
    const large = "L".repeat(20 * KiB);
    put(outgoing, "1");
    outgoing.write(Buffer.from("2"));
    put(outgoing, "3");
    outgoing.write(Buffer.from(large));
    put(outgoing, "4");
    outgoing.write(Buffer.from("5"));
    outgoing.write(new Uint8Array(0));
    expect(outgoing.buffered).toBe(5 + large.length);
    await tick();
    expect(stream.calls).toEqual([`123${large}45`]);
    expect([outgoing.buffered, outgoing.taken]).toEqual([0, 5 + large.length]);
  });

  test("many small foreign parts become one part of the write, a large one is not copied", async () => {
    const outgoing = setUp().outgoing;
    const parts: Uint8Array[] = [];
    const stream = new Writable({
      writev(chunks, done) {
        parts.push(...chunks.map(({ chunk }) => chunk));
        done();
      },
    });
    const other = new Outgoing(stream, new Owner(), true);
    const large = Buffer.alloc(20 * KiB, "L");
    for (let i = 0; i < 200; i++) other.write(Buffer.from("x".repeat(100)));
    other.write(large);
    for (let i = 0; i < 200; i++) other.write(Buffer.from("y".repeat(100)));
    put(outgoing, "another's");
    await tick();
    expect(parts.map((part) => part.length)).toEqual([20_000, 20 * KiB, 20_000]);
    expect(parts[1]?.buffer).toBe(large.buffer);
  });

  test("a single foreign part goes out as it is", async () => {
    const seen: unknown[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        seen.push(chunk);
        done();
      },
    });
    const outgoing = new Outgoing(stream, new Owner(), true);
    const shared = Buffer.from("a frame for many");
    outgoing.write(shared);
    await tick();
    expect(seen[0]).toBe(shared);
  });

  test("more than a slab in one turn is one write still", async () => {
    const { stream, outgoing } = setUp();
    const lines = Array.from({ length: 1000 }, (_, i) => `${i}`.padEnd(100, "."));
    for (const line of lines) put(outgoing, line);
    await tick();
    expect(stream.calls).toEqual([lines.join("")]);
  });
});

describe("the shared slab", () => {
  test("interleaved writers keep their order, with one write each", async () => {
    const all = Array.from({ length: 5 }, () => setUp());
    const expected = all.map(() => "");
    for (let round = 0; round < 400; round++) {
      const index = (round * round + round) % all.length;
      const text = `${round},`.repeat((round % 40) + 1);
      if (round % 7 === 0) all[index]?.outgoing.write(Buffer.from(text));
      else put(all[index]!.outgoing, text);
      expected[index] += text;
    }
    await tick();
    expect(all.map(({ stream }) => stream.text)).toEqual(expected);
    expect(all.filter(({ stream }) => stream.calls.length > 1)).toEqual([]);
  });

  test("closing another's region issues no write", async () => {
    const [a, b] = [setUp(), setUp()];
    put(a.outgoing, "a1");
    put(b.outgoing, "b1");
    put(a.outgoing, "a2");
    expect([a.stream.calls, b.stream.calls]).toEqual([[], []]);
    expect([a.outgoing.buffered, b.outgoing.buffered]).toEqual([4, 2]);
    b.outgoing.flush();
    expect([a.stream.calls, b.stream.calls]).toEqual([[], ["b1"]]);
    await tick();
    expect(a.stream.calls).toEqual(["a1a2"]);
  });

  test("is used again from its start when all writes were taken at once", async () => {
    const [a, b] = [setUp(), setUp()];
    const bytes = sharedSlab.bytes;
    for (let round = 0; round < 200; round++) {
      for (const { outgoing } of [a, b, a, b]) put(outgoing, "x".repeat(1000));
      await tick();
      expect(sharedSlab.used).toBe(0);
    }
    expect(sharedSlab.bytes).toBe(bytes);
  });

  test("is not for a stream that may keep the bytes: those lie in a slab that is written once", async () => {
    const { outgoing } = setUp(false);
    const bytes = onceSlab.bytes;
    const start = onceSlab.used;
    const { used } = sharedSlab;
    put(outgoing, "aaaa");
    await tick();
    expect(onceSlab.used).toBe(start + 4);
    for (let round = 0; round < 70; round++) {
      put(outgoing, "x".repeat(KiB));
      await tick();
    }
    expect(onceSlab.bytes).not.toBe(bytes);
    expect(bytes.toString("latin1", start, start + 4)).toBe("aaaa");
    expect(sharedSlab.used).toBe(used);
  });

  test("bytes in flight survive a stream that sends its chunks on over other connections", async () => {
    const victim = setUp();
    const held: Buffer[] = [];
    victim.stream._write = (chunk: Buffer) => held.push(chunk);
    const others = [setUp(), setUp()];
    const tunnel = new Writable({
      write(chunk: Buffer, _encoding, done) {
        for (const { outgoing } of others) outgoing.write(chunk);
        done();
      },
    });
    const inner = new Outgoing(tunnel, new Owner(), false);
    put(victim.outgoing, "v".repeat(KiB));
    await tick();
    for (let round = 0; round < 100; round++) {
      for (let i = 0; i < 2; i++) put(inner, "#".repeat(9 * KiB));
      await turns(1);
      put(others[0]!.outgoing, "#".repeat(KiB));
      await tick();
    }
    expect(held.map(String)).toEqual(["v".repeat(KiB)]);
  });

  test("bytes in flight survive foreign bytes that lie in the slab", async () => {
    const victim = setUp();
    const held: Buffer[] = [];
    victim.stream._write = (chunk: Buffer) => held.push(chunk);
    put(victim.outgoing, "victim");
    await tick();
    const other = setUp().outgoing;
    for (let round = 0; round < 10; round++) {
      for (const view of [held[0]!, held[0]!.subarray(), sharedSlab.bytes.subarray()]) {
        other.write(view);
        other.write(view);
        await tick();
      }
      put(other, "#".repeat(100));
      await tick();
    }
    expect(held.map(String)).toEqual(["victim"]);
  });

  test("a write that was not taken at once keeps its bytes", async () => {
    const [slow, fast] = [setUp(), setUp()];
    slow.stream.open = false;
    const kept: Buffer[] = [];
    const write = slow.stream.write.bind(slow.stream);
    slow.stream.write = ((chunk: Buffer, done: () => void) => {
      if (chunk.length > 0) kept.push(chunk);
      return write(chunk, done);
    }) as never;
    put(slow.outgoing, "slow bytes");
    await tick();
    for (let round = 0; round < 1000; round++) {
      put(fast.outgoing, "#".repeat(997));
      await tick();
    }
    expect(kept.map(String)).toEqual(["slow bytes"]);
    slow.stream.take();
  });

  test("bytes in flight survive that their connection is given up with the same bytes in its queue", async () => {
    const { stream, outgoing } = setUp();
    const held: Buffer[] = [];
    stream._write = (chunk: Buffer) => held.push(chunk);
    put(outgoing, "in flight");
    await tick();
    outgoing.write(held[0]!);
    outgoing.abandon();
    put(setUp().outgoing, "#".repeat(100));
    await tick();
    expect(held.map(String)).toEqual(["in flight"]);
  });

  test("a connection that waits writes into memory of its own", async () => {
    const { stream, outgoing } = setUp();
    stream.open = false;
    put(outgoing, "a");
    await tick();
    const { used } = sharedSlab;
    expect(outgoing.reserve(100)).not.toBe(sharedSlab);
    expect(outgoing.reserve(32 * KiB).bytes.length).toBeGreaterThanOrEqual(32 * KiB);
    expect(sharedSlab.used).toBe(used);
    stream.take();
    await tick();
    expect(outgoing.reserve(1)).toBe(sharedSlab);
  });

  test("that memory is small at first, doubles up to 16 KiB, and is let go when nothing waits", async () => {
    const { stream, outgoing } = setUp(false);
    const wait = async () => {
      stream.open = false;
      put(outgoing, "a");
      await tick();
    };
    await wait();
    const sizes = Array.from({ length: 7 }, () => {
      const slab = outgoing.reserve(1000);
      slab.used = slab.bytes.length;
      return slab.bytes.length;
    });
    expect(sizes).toEqual([1, 2, 4, 8, 16, 16, 16].map((size) => size * KiB));
    stream.open = true;
    stream.take();
    await tick();
    expect(outgoing.buffered).toBe(0);
    await wait();
    expect(outgoing.reserve(1000).bytes.length).toBe(KiB);
  });
});

describe("the account", () => {
  test("the callback of a write that was taken at once says nothing of the next one", async () => {
    const { stream, owner, outgoing } = setUp(false);
    put(outgoing, "at once");
    outgoing.flush();
    stream.open = false;
    put(outgoing, "later");
    outgoing.flush();
    put(outgoing, "behind");
    await tick();
    expect([outgoing.taken, outgoing.buffered, stream.text, owner.events]).toEqual([
      7,
      11,
      "at oncelater",
      [],
    ]);
    stream.open = true;
    stream.take();
    await tick();
    expect([outgoing.taken, outgoing.buffered, stream.text]).toEqual([18, 0, "at oncelaterbehind"]);
  });

  test("buffered and taken are exact, and drained is told once", async () => {
    const { stream, owner, outgoing } = setUp();
    stream.open = false;
    put(outgoing, "12345");
    expect([outgoing.buffered, outgoing.taken]).toEqual([5, 0]);
    outgoing.flush();
    expect([outgoing.buffered, outgoing.taken]).toEqual([5, 0]);
    put(outgoing, "678");
    outgoing.write(Buffer.from("90"));
    outgoing.flush();
    expect([outgoing.buffered, outgoing.taken]).toEqual([10, 0]);
    expect(stream.calls).toEqual(["12345"]);
    stream.take();
    await tick();
    expect([outgoing.buffered, outgoing.taken]).toEqual([5, 5]);
    expect(stream.calls).toEqual(["12345", "67890"]);
    expect(owner.events).toEqual([]);
    stream.take();
    await tick();
    expect([outgoing.buffered, outgoing.taken]).toEqual([0, 10]);
    expect(owner.events).toEqual(["drained"]);
  });

  test("what is taken at once drains nothing", async () => {
    const { owner, outgoing } = setUp();
    put(outgoing, "a");
    await turns(2);
    expect(owner.events).toEqual([]);
  });

  test("drained is told when the last of it was taken at once", async () => {
    const { stream, owner, outgoing } = setUp();
    stream.open = false;
    put(outgoing, "a");
    outgoing.flush();
    put(outgoing, "b");
    stream.open = true;
    stream.take();
    await tick();
    await turns(1);
    expect(stream.calls).toEqual(["a", "b"]);
    expect([owner.events, outgoing.buffered, outgoing.taken]).toEqual([["drained"], 0, 2]);
  });

  test("a callback of a write that was taken at once is not taken for that of the next", async () => {
    const { stream, owner, outgoing } = setUp();
    put(outgoing, "a");
    outgoing.flush();
    stream.open = false;
    put(outgoing, "b");
    outgoing.flush();
    await turns(2);
    expect([outgoing.buffered, outgoing.taken, owner.events]).toEqual([1, 1, []]);
    stream.take();
    await tick();
    expect([outgoing.buffered, outgoing.taken, owner.events]).toEqual([0, 2, ["drained"]]);
  });

  test("a socket is asked to call back only behind what it did not take at once", async () => {
    const { stream, outgoing } = setUp();
    const calls: [size: number, calledBack: boolean][] = [];
    const write = stream.write.bind(stream);
    stream.write = ((chunk: Buffer, done?: () => void) => {
      calls.push([chunk.length, done !== undefined]);
      return write(chunk, done);
    }) as never;
    put(outgoing, "at once");
    outgoing.flush();
    stream.open = false;
    put(outgoing, "waits");
    outgoing.flush();
    stream.open = true;
    stream.take();
    await tick();
    put(outgoing, "again");
    outgoing.flush();
    expect(calls).toEqual([
      [7, false],
      [5, false],
      [0, true],
      [5, false],
    ]);
  });

  test("a large part goes in slices, and taken shows each", async () => {
    const { stream, owner, outgoing } = setUp();
    stream.open = false;
    const size = 1024 * KiB;
    const large = Buffer.alloc(size, "abcdefg");
    put(outgoing, "head");
    outgoing.write(large);
    await tick();
    const steps: number[] = [];
    while (outgoing.buffered > 0) {
      expect(outgoing.taken + outgoing.buffered).toBe(size + 4);
      stream.take();
      await tick();
      steps.push(outgoing.taken);
    }
    expect(stream.text).toBe(`head${large.toString("latin1")}`);
    expect(Math.max(...stream.calls.map((call) => call.length))).toBe(128 * KiB);
    expect(steps).toHaveLength(9);
    expect(owner.events).toEqual(["drained"]);
  });

  test("a large part goes in one turn if the stream takes all of it", async () => {
    const { stream, outgoing } = setUp();
    outgoing.write(Buffer.alloc(300 * KiB, "x"));
    outgoing.flush();
    expect(stream.calls.map((call) => call.length)).toEqual([128 * KiB, 128 * KiB, 44 * KiB]);
    expect(outgoing.buffered).toBe(0);
  });

  test("a long queue of small parts keeps its order through batches", async () => {
    const { stream, outgoing } = setUp();
    stream.open = false;
    let expected = "";
    for (let i = 0; i < 5000; i++) {
      const text = `${i}:${"-".repeat(i % 90)};`;
      expected += text;
      if (i % 3 === 0) outgoing.write(Buffer.from(text));
      else put(outgoing, text);
      if (i % 100 === 0) outgoing.flush();
      if (i % 700 === 0) {
        stream.take();
        await tick();
      }
    }
    outgoing.flush();
    while (outgoing.buffered > 0) {
      stream.take();
      await tick();
    }
    expect(stream.text).toBe(expected);
    expect(outgoing.taken).toBe(expected.length);
  });
});

describe("the end", () => {
  test("comes behind everything", async () => {
    const { stream, outgoing } = setUp();
    stream.open = false;
    put(outgoing, "a");
    outgoing.flush();
    put(outgoing, "b");
    outgoing.end();
    outgoing.end();
    expect(stream.writableEnded).toBe(false);
    stream.take();
    await tick();
    expect(stream.writableEnded).toBe(true);
    stream.take();
    await tick();
    await turns(1);
    expect(stream.calls).toEqual(["a", "b"]);
    expect([outgoing.buffered, outgoing.taken]).toEqual([0, 2]);
    expect(stream.writableFinished).toBe(true);
  });

  test("abandon lets go of what waits, and keeps count of it", async () => {
    const { stream, owner, outgoing } = setUp();
    const bystander = setUp();
    stream.open = false;
    put(outgoing, "12345");
    outgoing.flush();
    put(outgoing, "678");
    outgoing.write(Buffer.from("9"));
    put(outgoing, "0");
    outgoing.abandon();
    expect([outgoing.buffered, outgoing.taken]).toEqual([10, 0]);
    put(outgoing, "more");
    outgoing.flush();
    await turns(1);
    stream.take();
    await tick();
    await turns(1);
    expect(stream.calls).toEqual(["12345"]);
    expect(owner.events).toEqual([]);
    put(bystander.outgoing, "fine");
    await tick();
    expect(bystander.stream.calls).toEqual(["fine"]);
  });

  test("a stream that somebody ended or destroyed takes nothing, and nothing throws", async () => {
    for (const over of [(s: StubStream) => s.end(), (s: StubStream) => s.destroy()]) {
      const { stream, outgoing } = setUp();
      const errors: Error[] = [];
      stream.on("error", (error) => errors.push(error));
      over(stream);
      put(outgoing, "a");
      outgoing.write(Buffer.alloc(2000));
      outgoing.flush();
      put(outgoing, "b");
      outgoing.end();
      await turns(2);
      expect(stream.calls).toEqual([]);
      expect([outgoing.buffered, outgoing.taken, errors]).toEqual([2002, 0, []]);
    }
  });

  test("a write that fails at once is not counted as taken", async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    stream.on("error", () => {});
    const owner = new Owner();
    const outgoing = new Outgoing(stream, owner, false);
    put(outgoing, "abc");
    outgoing.flush();
    expect([outgoing.buffered, outgoing.taken]).toEqual([3, 0]);
    await turns(2);
    expect(owner.events).toEqual(["failed"]);
  });

  test("a stream that throws is destroyed, and the others of the turn go on", async () => {
    const error = new Error("thrown by _write");
    const stream = new Writable({
      write() {
        throw error;
      },
    });
    const seen: Error[] = [];
    stream.on("error", (reason) => seen.push(reason));
    const bad = new Outgoing(stream, new Owner(), false);
    const good = setUp();
    put(bad, "a");
    put(good.outgoing, "b");
    await turns(2);
    expect(seen).toEqual([error]);
    expect(good.stream.calls).toEqual(["b"]);
  });

  test("a stream that throws, and throws again when it is destroyed, stops nobody else", async () => {
    const cases = ["write", "_write"].flatMap((method) => [
      [method, "throws"],
      [method, "does nothing"],
    ]);
    for (const [method, destroy] of cases as ["write" | "_write", string][]) {
      const stream = new Writable();
      stream[method] = () => {
        throw new Error("thrown by a write");
      };
      stream.destroy = () => {
        if (destroy === "throws") throw new Error("thrown by destroy");
        return stream;
      };
      const owner = new Owner();
      const bad = new Outgoing(stream, owner, false);
      const good = setUp();
      put(bad, "a");
      put(good.outgoing, "b");
      await turns(2);
      put(good.outgoing, "c");
      await turns(2);
      expect(good.stream.calls).toEqual(["b", "c"]);
      expect([bad.taken, bad.buffered, owner.events]).toEqual([0, 1, ["stream failed: thrown by a write"]]);
    }
  });

  test("all parts of a write that threw stay in the account", async () => {
    const { stream, outgoing } = setUp();
    stream.write = () => {
      throw new Error("thrown by write");
    };
    put(outgoing, "abc");
    outgoing.write(Buffer.alloc(2000));
    outgoing.flush();
    expect([outgoing.taken, outgoing.buffered]).toEqual([0, 2003]);
    await turns(1);
  });

  test("release hands over everything at once, then nothing", async () => {
    const { stream, outgoing } = setUp();
    stream.open = false;
    put(outgoing, "a");
    outgoing.flush();
    put(outgoing, "b");
    outgoing.write(Buffer.from("c".repeat(2000)));
    outgoing.release();
    put(outgoing, "never");
    outgoing.flush();
    stream.open = true;
    stream.take();
    await tick();
    await turns(2);
    expect(stream.text).toBe(`ab${"c".repeat(2000)}`);
  });
});
