// The queue of what is not sent yet: its bounds, its order, and the time that messages may wait.
import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import type { QueueOptions } from "../../../src/client/reconnecting/unsent-queue.ts";
import { UnsentQueue } from "../../../src/client/reconnecting/unsent-queue.ts";
import { ManualClock } from "../../../src/transport/manual-clock.ts";

const off = Number.POSITIVE_INFINITY;

function queueOf(options: Partial<QueueOptions> = {}): { queue: UnsentQueue; clock: ManualClock } {
  const clock = new ManualClock();
  return { queue: new UnsentQueue({ messages: off, bytes: off, expiry: off, ...options }, clock), clock };
}

function takeAll(queue: UnsentQueue): unknown[] {
  const taken: unknown[] = [];
  for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
    taken.push(next.data);
    queue.shift();
  }
  return taken;
}

test("first in, first out, over many of its compactions", () => {
  const { queue } = queueOf();
  const sent = Array.from({ length: 2000 }, (_, index) => `${index}`);
  for (const message of sent.slice(0, 1000)) queue.push(message);
  const taken: unknown[] = [];
  for (const message of sent.slice(1000)) {
    taken.push(queue.peek()?.data);
    queue.shift();
    queue.push(message);
  }
  expect(queue.size).toBe(1000);
  expect([...taken, ...takeAll(queue)]).toEqual(sent);
  expect(queue.size).toBe(0);
});

test("its bound in messages", () => {
  const { queue } = queueOf({ messages: 2 });
  expect(["a", "b", "c"].map((message) => queue.push(message))).toEqual([true, true, false]);
  queue.shift();
  expect(queue.push("d")).toBe(true);
  expect(takeAll(queue)).toEqual(["b", "d"]);
});

test("no queue at all", () => {
  expect(queueOf({ messages: 0 }).queue.push("")).toBe(false);
});

test("its bound in bytes, of UTF-8 where it is text", () => {
  const { queue } = queueOf({ bytes: 6 });
  expect(["貓", Buffer.of(1, 2), "ab", "c", ""].map((message) => queue.push(message))).toEqual([
    true,
    true,
    false,
    true,
    true,
  ]);
  queue.shift();
  expect(queue.push("abc")).toBe(true);
});

test("bytes are copied, since the caller may use its buffer again", () => {
  const { queue } = queueOf();
  const pool = Buffer.from("abcdef");
  queue.push(pool.subarray(1, 3));
  pool.fill(0);
  const kept = queue.peek()?.data;
  expect(kept).toEqual(new Uint8Array([98, 99]));
  expect(kept instanceof Uint8Array && kept.buffer.byteLength).toBe(2);
});

test("what waited too long is dropped, counted, and makes room", () => {
  const { queue, clock } = queueOf({ expiry: 1000, messages: 2, bytes: 10 });
  queue.push("first");
  clock.advance(600);
  queue.push("other");
  expect(queue.push("late!")).toBe(false);
  clock.advance(399);
  expect(queue.peek()?.data).toBe("first");
  clock.advance(1);
  expect(queue.push("third")).toBe(true);
  expect(queue.expired).toBe(1);
  expect(queue.peek()?.data).toBe("other");
  clock.advance(1000);
  expect(queue.peek()).toBeUndefined();
  expect(queue.expired).toBe(3);
});

test("clear counts what still had time", () => {
  const { queue, clock } = queueOf({ expiry: 1000 });
  queue.push("a");
  clock.advance(500);
  queue.push("b");
  queue.push("c");
  clock.advance(500);
  expect(queue.clear()).toBe(2);
  expect(queue.expired).toBe(1);
  expect(queue.size).toBe(0);
  queue.shift();
  expect(queue.push("again")).toBe(true);
});
