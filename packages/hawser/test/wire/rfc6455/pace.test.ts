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

test("after a pause both timeouts begin anew, and the backlog is not too fast", () => {
  const pace = new Pace({ message: 100, idle: 1000 }, { rate: 1 }, 0);
  pace.read(0, true);
  pace.held(10);
  pace.resumed(3010);
  expect(pace.messageDeadline).toBe(never);
  expect(pace.idleDeadline).toBe(4010);
  expect([3010, 3010, 3010, 3010, 3010].map((now) => pace.message(now))).toEqual([
    true,
    true,
    true,
    true,
    false,
  ]);
});
