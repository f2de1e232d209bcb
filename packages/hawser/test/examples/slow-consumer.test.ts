// examples/slow-consumer.ts, which docs/backpressure.md shows.
import { testPair } from "hawser";
import { expect, test } from "vitest";
import { demo, LatestOnly } from "../../../../examples/slow-consumer.ts";

test("plain sending ends at limits.sendBuffer, the feed stays at limits.sendMark", async () => {
  const [plain, latest] = await demo();
  expect(plain).toMatch(/^plain: at most 102[45] KiB waited, the phase is clos/);
  expect(latest).toMatch(
    /^latest only: at most 6[45] KiB waited, the phase is open, and the client got \d{2} of 2000, with the last$/,
  );
});

test("the feed ends with its connection", async () => {
  const { server, toClient } = testPair();
  toClient.stall();
  const feed = new LatestOnly(server);
  for (let value = 0; value < 100; value += 1) feed.offer("x".repeat(1000));
  await server.terminate();
  feed.offer("too late");
  // 64 KiB and one more were accepted, the newest of the rest was never sent, and the late one was not accepted.
  expect((await server.closed).messages.sent).toBe(66);
});
