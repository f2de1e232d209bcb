// Memory for frames that many connections send.
import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { sharedFrame, sharedMessage } from "../../../src/wire/rfc6455/encoder.ts";
import { sharedRoom } from "../../../src/wire/rfc6455/shared-frame.ts";
import { bytes, filler } from "../../support/bytes.ts";
import { buildFrame } from "../../support/frames.ts";

test("small frames adjoin until their memory is full, and none is written over", () => {
  let adjoining = 0;
  const rooms = Array.from({ length: 100 }, (_, index) => {
    const room = sharedRoom(300);
    room.memory.fill(index, room.start, room.end);
    return room;
  });
  for (const [index, room] of rooms.entries()) {
    const before = rooms[index - 1];
    if (before?.memory === room.memory && before.end === room.start) adjoining += 1;
    expect(room.end - room.start).toBe(300);
    expect(room.memory.subarray(room.start, room.end)).toEqual(Buffer.alloc(300, index));
  }
  expect(adjoining).toBeGreaterThan(90);
  expect(new Set(rooms.map(({ memory }) => memory)).size).toBeGreaterThan(1);
});

test("a large one has memory of its own", () => {
  expect(sharedRoom(1024).memory.length).toBeGreaterThan(1024);
  const { memory, start, end } = sharedRoom(1025);
  expect([memory.length, start, end]).toEqual([1025, 0, 1025]);
});

test.each(["", "a", "水", "x".repeat(200), "x".repeat(70_000)])(
  "a message in one plain frame (RFC 6455 §5.2)",
  (text) => {
    const { memory, start, end } = sharedMessage(text);
    expect(memory.subarray(start, end).equals(buildFrame({ opcode: 1, payload: text }))).toBe(true);
  },
);

test("bytes too, copied: the application's stay its own", () => {
  const payload = filler(100);
  const { memory, start, end } = sharedMessage(payload);
  payload.fill(0);
  expect(memory.subarray(start, end)).toEqual(buildFrame({ opcode: 2, payload: filler(100) }));
});

test("a frame with any first byte", () => {
  const { memory, start, end } = sharedFrame(0xc1, bytes`01 02`);
  expect(memory.subarray(start, end)).toEqual(Buffer.from(bytes`c1 02 01 02`));
});
