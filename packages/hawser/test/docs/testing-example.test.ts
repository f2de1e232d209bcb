// The example of docs/testing.md: a handler under test, without a network and without waiting.
import { defineHandler, run, testPair } from "hawser";
import { expect, test } from "vitest";

const counter = defineHandler({
  open(ws) {
    ws.send("ready");
  },
  async message(ws, message) {
    if (message === "fail") throw new Error("asked to");
    ws.send(`${message.length}`);
  },
});

test("it answers with lengths", async () => {
  const { server, client } = testPair();
  const done = run(server, counter);
  expect(await client.receive()).toBe("ready");
  client.send("hello");
  expect(await client.receive()).toBe("5");
  await client.close(1000, "enough");
  expect(await done).toMatchObject({ code: 1000, reason: "enough", cause: "close", initiator: "peer" });
});

test("bytes may come one by one", async () => {
  const { server, client } = testPair({ toServer: { split: 1 } });
  void run(server, counter);
  client.send("in many pieces");
  expect([await client.receive(), await client.receive()]).toEqual(["ready", "14"]);
});

test("a fault ends the connection, and is told", async () => {
  const faults: unknown[] = [];
  const { server, client } = testPair();
  const done = run(server, counter, { onError: (error) => void faults.push(error) });
  client.send("fail");
  expect(await client.closed).toMatchObject({ code: 1011, reason: "internal error" });
  expect(await done).toMatchObject({ cause: "fault", initiator: "local" });
  expect(faults).toEqual([new Error("asked to")]);
});

test("a peer that vanishes is found out by keepalive", async () => {
  const { server, client, clock, toClient } = testPair();
  const done = run(server, counter);
  await client.receive();
  toClient.freeze();
  // A ping after 25 s at the latest, and 10 s for its answer: no real time passes.
  clock.advance(35_000);
  expect(await done).toMatchObject({ cause: "keepalive", limit: "timeouts.pong" });
});

test("a connection that breaks in the middle of a message", async () => {
  const { server, client, toServer } = testPair();
  const done = run(server, counter);
  toServer.truncate(3, "cut");
  client.send("never arrives whole");
  expect(await done).toMatchObject({ code: 1006, cause: "lost" });
});
