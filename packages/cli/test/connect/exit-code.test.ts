// The exit code that an end leads to.
import { type CloseReport, testPair } from "hawser";
import { expect, test } from "vitest";
import { exitCodeOf } from "../../src/connect/exit-code.ts";

type Pair = ReturnType<typeof testPair>;

const ends: readonly (readonly [string, number, (pair: Pair) => void])[] = [
  ["the peer closes with 1000", 0, ({ server }) => void server.close()],
  ["the peer closes with 1001", 0, ({ server }) => void server.close(1001)],
  ["we close", 0, ({ client }) => void client.close()],
  ["the peer closes with 1011", 4, ({ server }) => void server.close(1011)],
  ["the peer closes with 4001", 4, ({ server }) => void server.close(4001, "no")],
  ["we close with 4001, as asked", 4, ({ client }) => void client.close(4001)],
  ["a message over the limit", 4, ({ server }) => void server.send("x".repeat(2 ** 20 + 1))],
  ["the connection breaks", 5, ({ server }) => void server.terminate()],
  [
    "the peer does not answer pings",
    5,
    ({ toServer, clock }) => {
      toServer.freeze();
      clock.advance(60_000);
    },
  ],
  [
    "the peer does not answer our Close",
    5,
    ({ client, toServer, clock }) => {
      toServer.freeze();
      void client.close();
      clock.advance(10_000);
    },
  ],
];

test.each(ends)("%s: %i", async (_name, code, end) => {
  const pair = testPair();
  end(pair);
  const report: CloseReport = await pair.client.closed;
  expect(exitCodeOf(report)).toBe(code);
});
