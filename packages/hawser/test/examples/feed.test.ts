import { expect, it } from "vitest";
import { demo } from "../../../../examples/feed.ts";

it("stores every line of the feed, one after the other", async () => {
  expect(await demo()).toEqual([
    "stored 20000 lines in order",
    "closed with 1000 after 20000 messages and 21 MB",
  ]);
});
