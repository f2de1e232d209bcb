// Messages: received from one connection after another, and sent, queued, refused or lost.
import { getEventListeners } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { GaveUpError } from "../../../src/client/reconnecting/outcome.ts";
import { Connection } from "../../../src/connection/connection.ts";
import { stateOf, turns } from "../../connection/support.ts";
import { Network } from "./support.ts";

/** Takes what comes, and says how it ended. */
async function readAll(messages: AsyncIterable<unknown>): Promise<{ taken: unknown[]; error: unknown }> {
  const taken: unknown[] = [];
  try {
    for await (const message of messages) taken.push(message);
  } catch (error) {
    return { taken, error };
  }
  return { taken, error: undefined };
}

describe("receiving", () => {
  test("goes over all connections, in order, to a normal end", async () => {
    const net = new Network();
    const client = net.reconnecting();
    const reading = readAll(client);
    for (const name of ["a", "b", "c"]) {
      const server = (await net.next()).accept();
      server.send(`${name}1`);
      server.send(`${name}2`);
      await turns();
      void server.close(name === "c" ? 1000 : 1001);
      await net.pass(2000);
    }
    expect(await reading).toEqual({ taken: ["a1", "a2", "b1", "b2", "c1", "c2"], error: undefined });
    expect(await client.receive()).toBeUndefined();
  });

  test("what waits of a connection that has ended comes before what the next one brings", async () => {
    const net = new Network();
    const client = net.reconnecting();
    const first = (await net.next()).accept();
    for (const message of ["1", "2", "3"]) first.send(message);
    await turns();
    void first.terminate();
    await net.pass(500);
    (await net.next()).accept().send("4");
    await turns();
    const taken: unknown[] = [];
    for (let count = 0; count < 4; count += 1) taken.push(await client.receive());
    expect(taken).toEqual(["1", "2", "3", "4"]);
  });

  test("of a third connection pushes out what nobody took of the first, and that is counted", async () => {
    const net = new Network();
    const client = net.reconnecting();
    for (const delay of [500, 1000, 0]) {
      const server = (await net.next()).accept();
      server.send(`${delay} once`);
      server.send(`${delay} twice`);
      await turns();
      if (delay > 0) void server.terminate();
      await net.pass(delay);
    }
    await client.close();
    expect((await readAll(client)).taken).toEqual(["1000 once", "1000 twice", "0 once", "0 twice"]);
    expect((await client.closed).unread).toBe(2);
  });

  test("several wait, in the order they asked, over an end as well", async () => {
    const net = new Network();
    const client = net.reconnecting();
    const early = [client.receive(), client.receive()];
    const first = (await net.next()).accept();
    await turns();
    first.send("1");
    await turns();
    void first.terminate();
    await net.pass(500);
    const later = client.receive();
    const second = (await net.next()).accept();
    second.send("2");
    second.send("3");
    expect(await Promise.all([...early, later])).toEqual(["1", "2", "3"]);
  });

  test("several ask when a connection without messages has ended and the next is open", async () => {
    const net = new Network();
    const client = net.reconnecting();
    void (await net.next()).accept().terminate();
    await net.pass(500);
    const server = (await net.next()).accept();
    server.send("1");
    server.send("2");
    await turns();
    expect(await Promise.all([client.receive(), client.receive()])).toEqual(["1", "2"]);
  });

  test("that is abandoned loses nothing", async () => {
    const net = new Network();
    const client = net.reconnecting();
    const before = new AbortController();
    const waiting = client.receive({ signal: before.signal });
    await turns();
    before.abort(new Error("before"));
    await expect(waiting).rejects.toThrow("before");
    await expect(client.receive({ signal: before.signal })).rejects.toThrow("before");

    const server = (await net.next()).accept();
    await turns();
    const during = new AbortController();
    const pending = client.receive({ signal: during.signal });
    await turns();
    during.abort(new Error("during"));
    await expect(pending).rejects.toThrow("during");
    server.send("kept");
    const { signal } = new AbortController();
    expect(await client.receive({ signal })).toBe("kept");
    void server.terminate();
    await turns();
    const next = client.receive({ signal });
    await net.pass(500);
    (await net.next()).accept().send("also");
    expect(await next).toBe("also");
    expect(getEventListeners(signal, "abort")).toEqual([]);
    await expect(client.receive({ sginal: 1 } as object)).rejects.toThrow(TypeError);
  });

  test("ends by throwing when it gave up, after what had come", async () => {
    const net = new Network();
    const client = net.reconnecting();
    const reading = readAll(client);
    const server = (await net.next()).accept();
    server.send("bye");
    await turns();
    void server.close(1008, "go away");
    const { taken, error } = await reading;
    expect(taken).toEqual(["bye"]);
    expect(error).toBeInstanceOf(GaveUpError);
    expect(error).toBe((await client.closed).error);
    expect(error).toMatchObject({ cause: { report: { code: 1008, reason: "go away" } } });
    await expect(client[Symbol.asyncIterator]().next()).rejects.toBe(error);
    expect(await client.receive()).toBeUndefined();
  });

  test("ends by throwing the signal's reason, and without a word after close()", async () => {
    const net = new Network();
    const controller = new AbortController();
    const aborted = readAll(net.reconnecting({ signal: controller.signal }));
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await aborted).toEqual({ taken: [], error: reason });
    const client = net.reconnecting();
    const closed = readAll(client);
    void client.close();
    expect(await closed).toEqual({ taken: [], error: undefined });
  });

  test("leaving the loop does not close", async () => {
    const net = new Network();
    const client = net.reconnecting();
    const server = (await net.next()).accept();
    server.send("1");
    server.send("2");
    for await (const message of client) if (message === "1") break;
    expect(client.state.phase).toBe("open");
    expect(await client.receive()).toBe("2");
  });

  test("messages that nobody takes hold back the peer: they wait in the inbox of their connection, and nowhere else", async () => {
    const net = new Network();
    const client = net.reconnecting({ limits: { inbox: 1000 } });
    const server = (await net.next()).accept();
    await turns();
    for (let count = 0; count < 5000; count += 1) server.send("x".repeat(100));
    await turns(50);
    expect(server.bufferedAmount).toBeGreaterThan(300_000);
    void client.close();
    void server.terminate();
  });
});

describe("sending", () => {
  test("before the first connection, between two, and while one is open: each message once, in order", async () => {
    const net = new Network();
    const client = net.reconnecting();
    expect(client.send("1")).toBe(true);
    expect(client.send(new Uint8Array([2]))).toBe(true);
    const first = (await net.next()).accept();
    expect([await first.receive(), await first.receive()]).toEqual(["1", new Uint8Array([2])]);
    client.send("3");
    expect(await first.receive()).toBe("3");
    void first.terminate();
    await turns();
    client.send("4");
    await net.pass(500);
    const second = (await net.next()).accept();
    client.send("5");
    expect([await second.receive(), await second.receive()]).toEqual(["4", "5"]);
  });

  test("what is no message is a TypeError, at once", () => {
    const net = new Network();
    const client = net.reconnecting();
    expect(() => client.send(5 as never)).toThrow(TypeError);
    void client.close();
    expect(() => client.send({} as never)).toThrow(TypeError);
  });

  test("a full queue refuses, and drain() tells when it is empty", async () => {
    const net = new Network();
    const client = net.reconnecting({ queue: { messages: 2 } });
    expect(await client.drain()).toBe(true);
    expect(["1", "2", "3"].map((message) => client.send(message))).toEqual([true, true, false]);
    const draining = client.drain();
    expect(await stateOf(draining)).toBe("pending");
    const server = (await net.next()).accept();
    expect(await draining).toBe(true);
    expect([await server.receive(), await server.receive()]).toEqual(["1", "2"]);
    expect(await client.close()).toMatchObject({ unsent: { messages: 0, refused: 1 } });
    expect(await client.drain()).toBe(false);
  });

  test("what waits for drain() hears of a queue whose messages have all waited too long", async () => {
    const net = new Network();
    const client = net.reconnecting({ queue: { expiry: 1000 } });
    (await net.next()).refuse(503, [["retry-after", "600"]]);
    await turns();
    client.send("1");
    const draining = client.drain();
    await net.pass(600);
    client.send("2");
    await net.pass(999);
    expect(await stateOf(draining)).toBe("pending");
    await net.pass(1);
    expect(await stateOf(draining)).toBe("resolved");
    expect(await draining).toBe(true);
    // Nor does it have to be told by anybody.
    client.send("3");
    await net.pass(1000);
    expect(await client.drain()).toBe(true);
    expect((await client.close()).unsent).toEqual({ messages: 0, expired: 3, refused: 0, bytes: 0 });
  });

  test("one message of any size may wait in an empty queue, so that drain() never leads nowhere", async () => {
    const net = new Network();
    const client = net.reconnecting({ queue: { bytes: 10 } });
    expect(["x".repeat(11), "", "y"].map((message) => client.send(message))).toEqual([true, false, false]);
    const server = (await net.next()).accept();
    expect(await client.drain()).toBe(true);
    expect(client.send("y")).toBe(true);
    expect([await server.receive(), await server.receive()]).toEqual(["x".repeat(11), "y"]);
  });

  test("without a queue drain() waits for a connection that takes the next message", async () => {
    const net = new Network();
    const client = net.reconnecting({ queue: { messages: 0 }, limits: { sendMark: 1000 } });
    expect(client.send("1")).toBe(false);
    const first = client.drain();
    expect(await stateOf(first)).toBe("pending");
    const attempt = await net.next();
    const server = attempt.accept();
    expect(await first).toBe(true);
    await turns();
    attempt.toServer?.stall();
    expect(client.send("x".repeat(200_000))).toBe(true);
    expect(client.send("2")).toBe(false);
    const second = client.drain();
    expect(await stateOf(second)).toBe("pending");
    attempt.toServer?.unstall();
    await server.receive();
    expect(await second).toBe(true);
    expect(client.send("3")).toBe(true);
    expect(await server.receive()).toBe("3");
    // A connection that is closing takes nothing, and the next one is some time away.
    void server.close(1012);
    await turns();
    const third = client.drain();
    expect(await stateOf(third)).toBe("pending");
    void client.close();
    expect(await third).toBe(false);
  });

  test("drain() gives false once nothing more is sent", async () => {
    const net = new Network();
    const client = net.reconnecting();
    client.send("1");
    const draining = client.drain();
    (await net.next()).refuse(403);
    expect(await draining).toBe(false);
    expect(client.send("2")).toBe(false);
    expect(await client.closed).toMatchObject({ unsent: { messages: 1, refused: 0 } });
  });

  test("what waited too long is not sent", async () => {
    const net = new Network();
    const client = net.reconnecting({ queue: { expiry: 1000 } });
    client.send("stale");
    const attempt = await net.next();
    await net.pass(600);
    client.send("fresh");
    await net.pass(400);
    const server = attempt.accept();
    expect(await server.receive()).toBe("fresh");
    expect((await client.close()).unsent).toEqual({ messages: 0, expired: 1, refused: 0, bytes: 0 });
  });

  test("what a connection had taken is not sent again over the next; its bytes are counted", async () => {
    const net = new Network();
    const client = net.reconnecting();
    const attempt = await net.next();
    const first = attempt.accept();
    await turns();
    attempt.toServer?.stall();
    client.send("x".repeat(50_000));
    await turns();
    void client.connection?.terminate();
    void first.terminate();
    await turns();
    client.send("after");
    await net.pass(500);
    const second = (await net.next()).accept();
    expect(await second.receive()).toBe("after");
    const { unsent } = await client.close();
    expect(unsent).toMatchObject({ messages: 0, expired: 0, refused: 0 });
    expect(unsent.bytes).toBeGreaterThan(0);
  });

  test("to a slow peer: what is over the mark waits in the queue, and survives the connection", async () => {
    const net = new Network();
    const client = net.reconnecting({
      limits: { sendMark: 1000, sendBuffer: 100_000 },
      queue: { messages: 50 },
    });
    const attempt = await net.next();
    attempt.accept();
    await turns();
    attempt.toServer?.stall();
    let taken = 0;
    while (taken < 10_000 && client.send(`${taken}`.padEnd(100))) taken += 1;
    // What fits into the pipe, 1,000 bytes and one message in the connection, 50 in the queue.
    expect(taken).toBeGreaterThan(50);
    expect(taken).toBeLessThan(10_000);
    expect(client.connection?.bufferedAmount).toBeLessThan(1300);
    void client.connection?.terminate();
    await net.pass(500);
    const second = (await net.next()).accept();
    const arrived: string[] = [];
    for (let count = 0; count < 50; count += 1) arrived.push(String(await second.receive()).trim());
    expect(arrived).toEqual(Array.from({ length: 50 }, (_, index) => `${taken - 50 + index}`));
  });

  test("to a peer that reads again: the queue empties by itself, in order", async () => {
    const net = new Network();
    const client = net.reconnecting({ limits: { sendMark: 1000 }, queue: { messages: 1000 } });
    const attempt = await net.next();
    const server = attempt.accept();
    await turns();
    attempt.toServer?.stall();
    let taken = 0;
    const waiting = vi.spyOn(Connection.prototype, "drain");
    while (client.send(`${taken}`.padEnd(100))) taken += 1;
    const draining = client.drain();
    // One wait for all that is queued, not one for each.
    expect(waiting).toHaveBeenCalledTimes(1);
    attempt.toServer?.unstall();
    for (let count = 0; count < taken; count += 1)
      expect(String(await server.receive()).trim()).toBe(`${count}`);
    expect(await draining).toBe(true);
    expect(client.send("more")).toBe(true);
    expect(await server.receive()).toBe("more");
  });

  test("nothing overtakes what waits, not even in the moment when there is room again", async () => {
    const net = new Network();
    const client = net.reconnecting({ limits: { sendMark: 1000 } });
    const attempt = await net.next();
    const server = attempt.accept();
    await turns();
    attempt.toServer?.stall();
    client.send("x".repeat(200_000));
    await turns();
    // Heard of the room before the queue does.
    void client.connection?.drain().then(() => client.send("second"));
    client.send("first");
    attempt.toServer?.unstall();
    await server.receive();
    expect([await server.receive(), await server.receive()]).toEqual(["first", "second"]);
  });

  test("close() lets out what waits, as far as the connection may take it", async () => {
    const net = new Network();
    const client = net.reconnecting({ limits: { sendMark: 1000 }, queue: { messages: 100 } });
    const attempt = await net.next();
    const server = attempt.accept();
    await turns();
    attempt.toServer?.stall();
    let taken = 0;
    while (client.send(`${taken}`.padEnd(100))) taken += 1;
    const closing = client.close();
    expect(client.send("too late")).toBe(false);
    attempt.toServer?.unstall();
    let last: unknown;
    for await (const message of server) last = message;
    expect(String(last).trim()).toBe(`${taken - 1}`);
    expect((await closing).unsent).toEqual({ messages: 0, expired: 0, refused: 2, bytes: 0 });
  });

  test("close() does not overrun `limits.sendBuffer`: what is left is counted", async () => {
    const net = new Network();
    const client = net.reconnecting({
      limits: { sendMark: 1000, sendBuffer: 2000 },
      queue: { messages: 100 },
    });
    const attempt = await net.next();
    const server = attempt.accept();
    await turns();
    attempt.toServer?.stall();
    while (client.send("x".repeat(100)));
    const closing = client.close(4000);
    attempt.toServer?.unstall();
    expect(await server.closed).toMatchObject({ code: 4000 });
    const { unsent, last } = await closing;
    expect(last?.report).toMatchObject({ cause: "close", code: 4000 });
    expect(unsent.messages).toBeGreaterThan(50);
    expect(unsent.messages).toBeLessThan(100);
  });
});

describe("states", () => {
  test("who falls behind gets the newest, and who comes late the last", async () => {
    const net = new Network();
    const client = net.reconnecting();
    const states = client.states()[Symbol.asyncIterator]();
    expect((await states.next()).value).toMatchObject({ phase: "connecting" });
    (await net.next()).refuse(500);
    await net.pass(500);
    (await net.next()).accept();
    await turns();
    expect((await states.next()).value).toMatchObject({ phase: "open", attempt: 2 });
    const waiting = states.next();
    expect(await stateOf(waiting)).toBe("pending");
    await client.close();
    expect((await waiting).value).toEqual({ phase: "closing" });
    expect((await states.next()).value).toMatchObject({ phase: "closed" });
    expect((await states.next()).done).toBe(true);
    const late: string[] = [];
    for await (const { phase } of client.states()) late.push(phase);
    expect(late).toEqual(["closed"]);
  });
});
