// Frames that many connections send, from where they lie: in order with all else, and gone from where a slow peer would keep them.
import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { Outgoing } from "../../src/transport/outgoing.ts";
import type { SharedBytes } from "../../src/wire/encoded.ts";

import { StubStream } from "./support.ts";

const tick = () => new Promise<void>((resolve) => process.nextTick(resolve));
const nobody = { drained() {}, progressed() {}, writeFailed() {}, streamFailed() {} };

/** A stream that shows the memory of what it is given. */
class Views extends StubStream {
  readonly views: Buffer[] = [];

  override _write(chunk: Buffer, encoding: string, done: () => void): void {
    if (chunk.length > 0) this.views.push(chunk);
    super._write(chunk, encoding, done);
  }
}

function setUp(plain = true) {
  const stream = new Views();
  return { stream, outgoing: new Outgoing(stream, nobody, plain) };
}

/** Frames that lie one behind another. */
function adjoining(...texts: string[]): SharedBytes[] {
  const memory = Buffer.from(`xx${texts.join("")}xx`);
  let at = 2;
  return texts.map((text) => {
    const start = at;
    at += text.length;
    return { memory, start, end: at };
  });
}

function put(outgoing: Outgoing, text: string): void {
  const slab = outgoing.reserve(text.length);
  slab.used += slab.bytes.write(text, slab.used, "latin1");
}

test("frames that adjoin go out as one view of their memory, the same for all", async () => {
  const all = [setUp(), setUp(), setUp()];
  const frames = adjoining("one,", "two,", "three");
  for (const frame of frames) for (const { outgoing } of all) outgoing.writeShared(frame);
  expect(all.map(({ outgoing }) => outgoing.buffered)).toEqual([13, 13, 13]);
  await tick();
  expect(all.map(({ stream }) => stream.calls)).toEqual([
    ["one,two,three"],
    ["one,two,three"],
    ["one,two,three"],
  ]);
  const [view] = all[0]?.stream.views ?? [];
  expect(view?.buffer).toBe(frames[0]?.memory.buffer);
  for (const { stream } of all) expect(stream.views[0]).toBe(view);
  expect(all.map(({ outgoing }) => [outgoing.buffered, outgoing.taken])).toEqual([
    [0, 13],
    [0, 13],
    [0, 13],
  ]);
});

test("who got others of them has a view of its own", async () => {
  const [a, b] = [setUp(), setUp()];
  const [one, two, three] = adjoining("one,", "two,", "three") as [SharedBytes, SharedBytes, SharedBytes];
  for (const frame of [one, two]) a.outgoing.writeShared(frame);
  for (const frame of [two, three]) b.outgoing.writeShared(frame);
  await tick();
  expect([a.stream.calls, b.stream.calls]).toEqual([["one,two,"], ["two,three"]]);
});

test("frames that do not adjoin, and those of another memory, keep their order", async () => {
  const { stream, outgoing } = setUp();
  const [one, , three] = adjoining("one,", "two,", "three,") as [SharedBytes, SharedBytes, SharedBytes];
  for (const frame of [one, three, ...adjoining("four,"), one]) outgoing.writeShared(frame);
  expect(outgoing.buffered).toBe(19);
  await tick();
  expect(stream.calls).toEqual(["one,three,four,one,"]);
});

test("a frame of another memory does not adjoin, though its place there would", async () => {
  const { stream, outgoing } = setUp();
  const [one] = adjoining("<1>", "<2>") as [SharedBytes, SharedBytes];
  const [, other] = adjoining("abc", "def") as [SharedBytes, SharedBytes];
  expect(other.start).toBe(one.end);
  outgoing.writeShared(one);
  outgoing.writeShared(other);
  await tick();
  expect(stream.calls).toEqual(["<1>def"]);
});

test("frames of one start or one end, and those in the same place of another memory, are not taken for one another", async () => {
  const [short, long, tail, elsewhere] = [setUp(), setUp(), setUp(), setUp()];
  const memory = Buffer.from("abcdef");
  long.outgoing.writeShared({ memory, start: 0, end: 6 });
  short.outgoing.writeShared({ memory, start: 0, end: 3 });
  tail.outgoing.writeShared({ memory, start: 1, end: 3 });
  elsewhere.outgoing.writeShared({ memory: Buffer.from("ghijkl"), start: 1, end: 3 });
  await tick();
  expect([long, short, tail, elsewhere].map(({ stream }) => stream.text)).toEqual([
    "abcdef",
    "abc",
    "bc",
    "hi",
  ]);
});

test("come behind what lies in the slab", async () => {
  const { stream, outgoing } = setUp();
  put(outgoing, "a");
  outgoing.writeShared(adjoining("<1>")[0] as SharedBytes);
  expect(outgoing.buffered).toBe(4);
  await tick();
  expect(stream.calls).toEqual(["a<1>"]);
});

test("keep their order with all else that is put in", async () => {
  const { stream, outgoing } = setUp();
  const [one, two, three] = adjoining("<1>", "<2>", "<3>") as [SharedBytes, SharedBytes, SharedBytes];
  outgoing.writeShared(one);
  put(outgoing, "a");
  outgoing.writeShared(two);
  outgoing.write(Buffer.from("b"));
  outgoing.writeShared(three);
  outgoing.flush();
  outgoing.writeShared(one);
  outgoing.write(Buffer.from("c".repeat(2000)));
  outgoing.writeShared(two);
  await tick();
  expect(stream.calls).toEqual(["<1>a<2>b<3>", `<1>${"c".repeat(2000)}<2>`]);
});

test("large ones are not copied", async () => {
  const { stream, outgoing } = setUp();
  const memory = Buffer.alloc(5000, "x");
  outgoing.writeShared({ memory, start: 0, end: 5000 });
  await tick();
  expect(stream.views[0]?.buffer).toBe(memory.buffer);
});

test("what comes while output waits is copied: a slow peer keeps no memory that others wrote into", async () => {
  const { stream, outgoing } = setUp();
  const [one, two, three] = adjoining("<1>", "<2>", "<3>") as [SharedBytes, SharedBytes, SharedBytes];
  stream.open = false;
  outgoing.writeShared(one);
  await tick();
  outgoing.writeShared(two);
  outgoing.writeShared(three);
  expect(outgoing.buffered).toBe(9);
  stream.open = true;
  stream.take();
  await tick();
  expect(stream.calls).toEqual(["<1>", "<2><3>"]);
  expect(stream.views[1]?.buffer).not.toBe(two.memory.buffer);
  expect([outgoing.buffered, outgoing.taken]).toEqual([0, 9]);
});

test("a stream in which others may get hold of the bytes gets a copy", async () => {
  const { stream, outgoing } = setUp(false);
  const frames = adjoining("<1>", "<2>");
  for (const frame of frames) outgoing.writeShared(frame);
  await tick();
  expect(stream.calls).toEqual(["<1><2>"]);
  expect(stream.views[0]?.buffer).not.toBe(frames[0]?.memory.buffer);
});

test("what is given up stays counted", () => {
  const { stream, outgoing } = setUp();
  outgoing.writeShared(adjoining("<1>")[0] as SharedBytes);
  outgoing.abandon();
  outgoing.flush();
  expect([stream.calls, outgoing.buffered, outgoing.taken]).toEqual([[], 3, 0]);
});
