// What waits for a fragmented message to end: in order, and counted in bytes.
import { expect, test } from "vitest";
import { OutgoingFragments } from "../../../src/wire/rfc6455/outgoing-fragments.ts";
import { bytes } from "../../support/bytes.ts";

test("nothing waits at first", () => {
  const fragments = new OutgoingFragments();
  expect(fragments.queued).toBe(0);
  expect(fragments.take()).toEqual([]);
});

test("text counts as its UTF-8, and all comes out in order", () => {
  const fragments = new OutgoingFragments();
  fragments.enqueue("水");
  expect(fragments.queued).toBe(3);
  fragments.enqueue(bytes`01 02`);
  expect(fragments.queued).toBe(5);
  fragments.enqueueEncoded(bytes`81 01 61`);
  expect(fragments.queued).toBe(8);
  fragments.enqueue("");
  expect(fragments.queued).toBe(8);
  expect(fragments.take()).toEqual([
    "水",
    { bytes: bytes`01 02`, encoded: false },
    { bytes: bytes`81 01 61`, encoded: true },
    "",
  ]);
});
