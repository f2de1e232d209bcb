// How fast messages come, how long one takes, how long none comes; and that a pause of ours is not held against the peer.
import { expect, test } from "vitest";
import { Pace } from "../../../src/wire/rfc6455/pace.ts";

const never = Number.POSITIVE_INFINITY;

test("a message has its timeout from the first byte that is read of it", () => {
  const pace = new Pace({ message: 100, idle: never }, { rate: never }, 0);
  expect(pace.messageDeadline).toBe(never);
  pace.read(10, true);
  pace.read(50, true);
  expect(pace.messageDeadline).toBe(110);
  pace.read(60, false);
  expect(pace.messageDeadline).toBe(never);
});

test("a message that begins in the chunk in which another ends has a timeout of its own", () => {
  const pace = new Pace({ message: 100, idle: never }, { rate: never }, 0);
  pace.read(10, true);
  pace.message(70);
  pace.read(70, true);
  expect(pace.messageDeadline).toBe(170);
});

test("idle time runs from the last message, or from the start", () => {
  const pace = new Pace({ message: never, idle: 1000 }, { rate: never }, 5);
  expect(pace.idleDeadline).toBe(1005);
  expect(pace.message(400)).toBe(true);
  expect(pace.idleDeadline).toBe(1400);
});

test("a pause is in neither timeout, and the backlog is not too fast", () => {
  const pace = new Pace({ message: 100, idle: 1000 }, { rate: 1 }, 0);
  pace.read(0, true);
  pace.held(10);
  pace.resumed(3010);
  expect(pace.messageDeadline).toBe(3100);
  expect(pace.idleDeadline).toBe(4000);
  // One a second: one was free, and three more came in the three seconds.
  const taken = Array.from({ length: 6 }, () => pace.message(3010));
  expect(taken).toEqual([true, true, true, true, false, false]);
});

test("pauses that a peer causes do not put off the end of its message", () => {
  const pace = new Pace({ message: 100, idle: never }, { rate: never }, 0);
  for (let now = 0; now < 90; now += 10) {
    pace.read(now, true);
    pace.held(now);
    pace.resumed(now + 1);
  }
  expect(pace.messageDeadline).toBe(109);
  expect(pace.idleDeadline).toBe(never);
});
