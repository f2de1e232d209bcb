// Backpressure in both directions: what is received waits while what was sent does (R1).

import { defineHandler, run } from "hawser";
import { describe, expect, test } from "vitest";
import { filler } from "../support/bytes.ts";
import { masked } from "../support/frames.ts";
import { collect, endpoint, pairOf, stateOf, turns } from "./support.ts";

const marks = { sendMark: 1000, inbox: 1000 };

/** A server over its mark, with two messages waiting for it. */
async function held(coupled?: boolean) {
  const pair = pairOf({ server: { limits: marks, ...(coupled === undefined ? {} : { coupled }) } });
  pair.toClient.stall();
  pair.server.send(filler(1001));
  pair.client.send("1");
  pair.client.send("2");
  await turns();
  return pair;
}

describe("coupled: above the mark the next message is not delivered", () => {
  test("by receive", async () => {
    const { server, toClient } = await held();
    const next = server.receive();
    await turns();
    expect(await stateOf(next)).toBe("pending");
    toClient.unstall();
    expect(await next).toBe("1");
    expect(await server.receive()).toBe("2");
  });

  test("by receive that waited before", async () => {
    const { server, client, toClient } = pairOf({ server: { limits: marks } });
    const next = server.receive();
    toClient.stall();
    server.send(filler(1001));
    client.send("1");
    await turns();
    expect(await stateOf(next)).toBe("pending");
    toClient.unstall();
    expect(await next).toBe("1");
  });

  test("by for await", async () => {
    const { server, client, toClient } = await held();
    const got: unknown[] = [];
    const loop = (async () => {
      for await (const message of server) got.push(message);
    })();
    await turns();
    expect(got).toEqual([]);
    toClient.unstall();
    await turns();
    expect(got).toEqual(["1", "2"]);
    void client.close();
    await loop;
  });

  test("by messages()", async () => {
    const { server, client, toClient } = await held();
    const all = collect(server.messages());
    await turns();
    toClient.unstall();
    await turns();
    void client.close();
    expect(await all).toHaveLength(2);
  });

  test("to hooks: not even in the middle of a chunk", async () => {
    const { server, client, toClient } = pairOf({ server: { limits: marks } });
    toClient.stall();
    const got: unknown[] = [];
    const done = run(
      server,
      defineHandler({
        message(ws, message) {
          got.push(message);
          ws.send(filler(1001));
        },
      }),
    );
    for (const text of ["1", "2", "3"]) client.send(text);
    await turns();
    expect(got).toEqual(["1"]);
    toClient.unstall();
    await turns();
    expect(got).toEqual(["1", "2", "3"]);
    void client.close();
    await done;
  });

  test("but what the system takes at once holds nothing back", async () => {
    const { server, client } = pairOf({ server: { limits: marks } });
    const got: unknown[] = [];
    void run(
      server,
      defineHandler({
        message(ws, message) {
          got.push(message);
          ws.send(filler(2000));
        },
      }),
    );
    for (const text of ["1", "2", "3"]) client.send(text);
    await turns();
    expect(got).toEqual(["1", "2", "3"]);
    // The same with receive, in the turn of the send.
    server.send(filler(2000));
    expect(await server.drain()).toBe(true);
  });

  test("after the end everything is delivered", async () => {
    const { server, client } = await held();
    const next = server.receive();
    void client.terminate();
    expect(await next).toBe("1");
    expect(await server.receive()).toBe("2");
    expect(await server.receive()).toBeUndefined();
  });

  test("the socket is paused when the inbox is full, and reading goes on after", async () => {
    const { server, client, toServer, toClient } = await held();
    toServer.split = 500;
    for (let sent = 0; sent < 20; sent += 1) client.send(filler(490));
    await turns(40);
    expect(toServer.delivered).toBeLessThan(2500);
    toClient.unstall();
    void client.close();
    expect(await collect(server)).toHaveLength(22);
  });
});

test("coupled: false delivers all the same", async () => {
  const { server } = await held(false);
  expect([await server.receive(), await server.receive()]).toEqual(["1", "2"]);
});

describe("R1: an echo to a peer that does not read is safe", () => {
  const limits = { sendMark: 10_000, inbox: 10_000, sendBuffer: 50_000 };
  const count = 400;

  test.each([
    [
      "for await",
      async (ws: ReturnType<typeof pairOf>["server"]) => {
        for await (const message of ws) ws.send(message);
      },
    ],
    [
      "receive",
      async (ws: ReturnType<typeof pairOf>["server"]) => {
        for (let m = await ws.receive(); m !== undefined; m = await ws.receive()) ws.send(m);
      },
    ],
    ["a hook", defineHandler({ message: (ws, message) => void ws.send(message) })],
    [
      "an async hook",
      defineHandler({
        async message(ws, message) {
          await Promise.resolve();
          ws.send(message);
        },
      }),
    ],
  ])("with %s", async (_, echo) => {
    const { server, client, toServer, toClient } = pairOf({
      server: { limits },
      client: { limits: { sendBuffer: 1e9 } },
    });
    toClient.stall();
    const done = run(server, echo);
    for (let sent = 0; sent < count; sent += 1) client.send(filler(1000));
    await turns(100);
    expect(server.phase).toBe("open");
    expect(server.bufferedAmount).toBeLessThan(12_000);
    const received = toServer.delivered;
    expect(received).toBeLessThan(150_000);
    await turns(50);
    expect(toServer.delivered).toBe(received);
    toClient.unstall();
    for (let taken = 0; taken < count; taken += 1) expect(await client.receive()).toHaveLength(1000);
    void client.close();
    expect((await done).messages).toEqual({ received: count, sent: count });
  });
});

test("two coupled ends that both send faster than they read block each other, and a stall ends that", async () => {
  const limits = { sendMark: 10_000, inbox: 10_000, sendBuffer: 1e9 };
  const { server, client, clock } = pairOf({ server: { limits }, client: { limits, coupled: true } });
  const done = run(server, { message: (ws, message) => void ws.send(message) });
  for (let sent = 0; sent < 1000; sent += 1) client.send(filler(1000));
  const got = collect(client).catch(() => "cut");
  await turns(300);
  expect([server.phase, client.phase]).toEqual(["open", "open"]);
  expect(client.bufferedAmount).toBeGreaterThan(10_000);
  clock.advance(60_000);
  expect((await done).limit).toBe("timeouts.stalled");
  await turns();
  expect(client.phase).toBe("closed");
  expect(await got).toBe("cut");
});

describe("pings above the mark", () => {
  test("F30: each is answered at once under it; above it only the newest is owed", async () => {
    const { ws, peer, out } = endpoint({ limits: marks });
    await peer.send(masked.ping("1"), masked.ping("2"));
    expect(peer.frames.map(({ payload }) => String(payload))).toEqual(["1", "2"]);
    out.stall();
    ws.send(filler(1001));
    for (let count = 0; count < 1000; count += 1) peer.transport.write(masked.ping(`flood ${count}`));
    await turns();
    expect(ws.bufferedAmount).toBe(1005);
    out.unstall();
    await turns();
    expect(peer.frames.slice(2).map(({ payload }) => String(payload.subarray(0, 20)))).toEqual([
      expect.anything(),
      "flood 999",
    ]);
  });

  test("an owed answer goes out as soon as output is under the mark, though something waits still", async () => {
    const { ws, peer, out } = endpoint({ limits: marks });
    out.capacity = 600;
    out.stall();
    ws.send(filler(1100));
    await peer.send(masked.ping("old"));
    out.unstall();
    await turns(1);
    // 600 are taken, and 504 wait, with the answer behind them.
    out.stall();
    expect(ws.bufferedAmount).toBe(504 + 5);
    await peer.send(masked.ping("new"));
    out.unstall();
    await turns();
    expect(peer.frames.slice(1).map(({ payload }) => String(payload))).toEqual(["old", "new"]);
  });

  test("what waits for the mark does not wait for empty: a peer that reads slowly but steadily", async () => {
    const { ws, peer, out } = endpoint({ limits: marks });
    out.capacity = 600;
    out.stall();
    ws.send(filler(1100));
    const drained = ws.drain();
    const received = ws.receive();
    await peer.send(masked.text("now"));
    expect([await stateOf(drained), await stateOf(received)]).toEqual(["pending", "pending"]);
    out.unstall();
    await turns(1);
    out.stall();
    expect(ws.bufferedAmount).toBeGreaterThan(0);
    expect([await drained, await received]).toEqual([true, "now"]);
    out.unstall();
  });

  test("what waits behind a stream does not delay an answer", async () => {
    const { ws, peer } = endpoint({ limits: marks });
    async function* slow() {
      yield "a";
      await new Promise(() => undefined);
    }
    void ws.sendStream("text", slow());
    await turns(2);
    ws.send(filler(2000));
    await peer.send(masked.ping("now"));
    expect(peer.frames.map(({ payload }) => String(payload))).toEqual(["a", "now"]);
  });
});
