// Messages out: what may be sent, what send returns, and what happens to who sends too much.
import { Buffer } from "node:buffer";
import { run } from "hawser";
import { Opcode } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { pumpOf } from "../../src/connection/connection.ts";
import { filler } from "../support/bytes.ts";
import { masked } from "../support/frames.ts";
import { endpoint, pairOf, stateOf, turns } from "./support.ts";

const KiB = 1024;

describe("what is a message", () => {
  const four = new Uint8Array([9, 1, 2, 3, 4, 9]).subarray(1, 5);
  const shared = new SharedArrayBuffer(4);
  new Uint8Array(shared).set([1, 2, 3, 4]);
  const buffer = Uint8Array.from([1, 2, 3, 4]).buffer;

  test.each([
    ["a Uint8Array with an offset", four],
    ["a Buffer", Buffer.from([1, 2, 3, 4])],
    ["an ArrayBuffer", buffer],
    ["a SharedArrayBuffer", shared],
    ["a view of a SharedArrayBuffer", new Uint8Array(shared)],
    ["a DataView with an offset", new DataView(four.buffer, 1, 4)],
    ["an Int8Array", new Int8Array(buffer)],
    ["a Uint8ClampedArray", new Uint8ClampedArray(buffer)],
    ["a Uint16Array", new Uint16Array(buffer)],
    ["a Float32Array", new Float32Array(buffer)],
    ["a BigInt64Array of nothing", new BigInt64Array(0), new Uint8Array(0)],
  ])("%s goes as binary", async (_, data, bytes = new Uint8Array([1, 2, 3, 4])) => {
    const { server, client } = pairOf();
    expect(server.send(data)).toBe(true);
    expect(await client.receive()).toEqual(bytes);
    expect(client.send(data)).toBe(true);
    expect(await server.receive()).toEqual(bytes);
  });

  test("a string goes as text, lone surrogates as U+FFFD", async () => {
    const { server, client } = pairOf();
    for (const text of ["", "a", "滴水之恩当以涌泉相报", "a\uD800b"]) server.send(text);
    expect(await client.receive()).toBe("");
    expect(await client.receive()).toBe("a");
    expect(await client.receive()).toBe("滴水之恩当以涌泉相报");
    expect(await client.receive()).toBe("a\uFFFDb");
  });

  test.each([
    [5, "the number 5"],
    [null, "null"],
    [undefined, "undefined"],
    [{ a: 1 }, "an object"],
    [[1, 2], "an instance of Array"],
    [new Blob(["x"]), "an instance of Blob"],
    [true, "the boolean true"],
    [10n, "the bigint 10"],
    [() => "x", "a function"],
  ])("%o is none", (data, words) => {
    const { server } = pairOf();
    const text = `a message must be a string, an ArrayBuffer or a view of one (Buffer, Uint8Array, DataView, …), not ${words}`;
    expect(() => server.send(data as unknown as string)).toThrow(new TypeError(text));
    expect(server.phase).toBe("open");
  });
});

describe("what send returns", () => {
  test("true while no more than sendMark waits, false above; accepted all the same", async () => {
    const { server, client, toClient } = pairOf({ server: { limits: { sendMark: 1000 } } });
    toClient.stall();
    await turns();
    expect(server.send(filler(996))).toBe(true);
    expect(server.bufferedAmount).toBe(1000);
    expect(server.send("")).toBe(false);
    expect(server.bufferedAmount).toBe(1002);
    toClient.unstall();
    expect(await client.receive()).toHaveLength(996);
    expect(await client.receive()).toBe("");
    expect(server.bufferedAmount).toBe(0);
    expect(server.send("again")).toBe(true);
  });

  test("true for what the system takes at once, however large", async () => {
    const { server, client, toClient } = pairOf();
    toClient.capacity = 1e6;
    expect(server.send(filler(500 * KiB))).toBe(true);
    expect(server.bufferedAmount).toBe(0);
    expect(await server.drain()).toBe(true);
    await turns(20);
    expect(await client.receive()).toHaveLength(500 * KiB);
  });

  test("all that is sent in a turn goes out together", async () => {
    const { server, client, toClient } = pairOf();
    const chunks: number[] = [];
    toClient.split = (available) => {
      chunks.push(available);
      return available;
    };
    for (const text of ["1", "2", "3"]) server.send(text);
    expect(await client.receive()).toBe("1");
    expect(chunks).toEqual([9]);
  });

  test("false when not open, and the report counts it", async () => {
    const { client } = pairOf();
    void client.close();
    expect(client.phase).toBe("closing");
    expect(client.send("too late")).toBe(false);
    expect(client.send(new Uint8Array(5))).toBe(false);
    const report = await client.closed;
    expect(report.unsent).toEqual({ messages: 2, bytes: 0 });
    expect(report.messages).toEqual({ sent: 0, received: 0 });
    expect(client.send("much too late")).toBe(false);
    expect(() => client.send(5 as unknown as string)).toThrow(TypeError);
  });
});

describe("limits.sendBuffer", () => {
  test("a send that finds more waiting ends the connection with 1008, between messages", async () => {
    const { ws, peer, out } = endpoint({ limits: { sendBuffer: 1000, sendMark: 100 } });
    out.stall();
    expect(ws.send("x".repeat(900))).toBe(false);
    expect(ws.send("y".repeat(900))).toBe(false);
    expect(ws.phase).toBe("open");
    expect(ws.send("z")).toBe(false);
    expect(ws.phase).toBe("closing");
    expect(ws.signal.aborted).toBe(true);
    out.unstall();
    await turns();
    expect(peer.texts).toEqual(["x".repeat(900), "y".repeat(900)]);
    expect(peer.closes).toEqual([1008]);
    expect(peer.ended).toBe(true);
    peer.transport.end();
    const report = await ws.closed;
    expect(report).toMatchObject({
      code: 1008,
      reason: "too slow",
      cause: "limit",
      limit: "limits.sendBuffer",
      initiator: "local",
      phase: "open",
      clean: false,
      unsent: { messages: 1, bytes: 0 },
      messages: { sent: 2 },
    });
    expect(report.error).toMatchObject({ code: "ERR_HAWSER_LIMIT", closeCode: 1008 });
  });

  test("of a peer that never reads nothing more is heard than the close timeout", async () => {
    const { server, toClient, clock } = pairOf({ server: { limits: { sendBuffer: 1000 } } });
    toClient.stall();
    await turns();
    server.send(filler(3000));
    server.send("one too many");
    clock.advance(5000);
    const report = await server.closed;
    expect(report).toMatchObject({ cause: "limit", limit: "limits.sendBuffer", code: 1008 });
    // The message, its header, and the Close with its reason.
    expect(report.unsent).toEqual({ messages: 1, bytes: 3004 + 4 + 8 });
  });

  test("what the system takes at once does not wait, also below the mark", async () => {
    const { server, client } = pairOf({ server: { limits: { sendBuffer: 20 * KiB } } });
    const accepted = Array.from({ length: 10 }, () => server.send(filler(15 * KiB)));
    // A pipe takes 64 KiB at once; what is behind may wait, and the send that finds too much of it is the last.
    expect(accepted.slice(0, 5)).toEqual(Array(5).fill(true));
    expect(server.phase).toBe("closing");
    client.discard();
    expect((await client.closed).messages.received).toBeGreaterThanOrEqual(5);
  });

  test("pings count too", () => {
    const { server, toClient } = pairOf({ server: { limits: { sendBuffer: 1000 } } });
    toClient.stall();
    for (let count = 0; count < 1000 && server.phase === "open"; count += 1)
      void server.ping("x".repeat(100));
    expect(server.phase).toBe("closing");
    expect(server.bufferedAmount).toBeLessThan(1300);
  });

  test("pings that nobody takes are a stall", async () => {
    const { server, toClient, clock } = pairOf({
      server: { timeouts: { keepalive: Number.POSITIVE_INFINITY } },
    });
    toClient.stall();
    void server.ping();
    clock.advance(30_000);
    expect(await server.closed).toMatchObject({ cause: "timeout", limit: "timeouts.stalled" });
  });

  test("one message of any size may be queued on an empty buffer", async () => {
    const { server, client } = pairOf({
      server: { limits: { sendBuffer: 1000, sendMark: 100 } },
      client: { limits: { message: 1e6 } },
    });
    expect(server.send(filler(300 * KiB))).toBe(false);
    expect(server.phase).toBe("open");
    await turns(20);
    expect(await client.receive()).toHaveLength(300 * KiB);
  });
});

describe("drain", () => {
  test("true at once when there is room, also for what was not written out yet", async () => {
    const { server } = pairOf();
    expect(await server.drain()).toBe(true);
    server.send(filler(60 * KiB));
    expect(await server.drain()).toBe(true);
  });

  test("resolves for all that wait, when output is under the mark", async () => {
    const { server, toClient } = pairOf();
    toClient.stall();
    server.send(filler(200 * KiB));
    const waiting = [server.drain(), server.drain()];
    await turns();
    expect(await Promise.all(waiting.map(stateOf))).toEqual(["pending", "pending"]);
    toClient.unstall();
    expect(await Promise.all(waiting)).toEqual([true, true]);
    expect(server.bufferedAmount).toBeLessThanOrEqual(64 * KiB);
  });

  test("false as soon as the connection leaves open, and ever after", async () => {
    for (const end of ["close", "terminate"] as const) {
      const { server, toClient } = pairOf();
      toClient.stall();
      server.send(filler(200 * KiB));
      const waiting = server.drain();
      await turns();
      void server[end]();
      expect(await waiting).toBe(false);
      expect(await server.drain()).toBe(false);
    }
  });

  test("false when the peer closes or goes", async () => {
    for (const end of ["close", "terminate"] as const) {
      const { server, client, toClient } = pairOf();
      toClient.stall();
      server.send(filler(200 * KiB));
      const waiting = server.drain();
      await turns();
      void client[end]();
      expect(await waiting).toBe(false);
    }
  });
});

describe("a stall", () => {
  test("ends the connection when the peer takes nothing for timeouts.stalled", async () => {
    const { server, client, toClient, clock } = pairOf({
      server: { timeouts: { keepalive: Number.POSITIVE_INFINITY, stalled: 1000 } },
      client: { timeouts: { keepalive: Number.POSITIVE_INFINITY } },
    });
    toClient.stall();
    server.send("never read");
    await turns();
    clock.advance(999);
    expect(server.phase).toBe("open");
    clock.advance(251);
    expect(server.phase).toBe("closed");
    expect(await server.closed).toMatchObject({
      code: 1008,
      cause: "timeout",
      limit: "timeouts.stalled",
      initiator: "local",
      phase: "open",
      clean: false,
    });
    void client.terminate();
  });

  test("does not end it while the peer takes a little now and then", async () => {
    const { server, toClient, clock } = pairOf({
      server: { timeouts: { keepalive: Number.POSITIVE_INFINITY, stalled: 1000 } },
      client: { timeouts: { keepalive: Number.POSITIVE_INFINITY } },
    });
    toClient.capacity = 100;
    toClient.stall();
    server.send(filler(1000));
    for (let round = 0; round < 5; round += 1) {
      clock.advance(900);
      toClient.unstall();
      await turns(1);
      toClient.stall();
      await turns();
      expect(server.phase).toBe("open");
    }
    expect(server.bufferedAmount).toBeGreaterThan(0);
    toClient.unstall();
    await turns();
    clock.advance(10_000);
    expect(server.phase).toBe("open");
  });

  test("during the closing handshake is in the report as well", async () => {
    const { server, toClient, clock } = pairOf({
      server: { timeouts: { keepalive: Number.POSITIVE_INFINITY, stalled: 1000, close: 60_000 } },
      client: { timeouts: { keepalive: Number.POSITIVE_INFINITY } },
    });
    toClient.stall();
    server.send("never read");
    void server.close(4000);
    await turns();
    clock.advance(1250);
    expect(await server.closed).toMatchObject({
      code: 1006,
      cause: "timeout",
      limit: "timeouts.stalled",
      phase: "closing",
      sent: { code: 4000 },
    });
  });

  test("Infinity turns it off", async () => {
    const off = Number.POSITIVE_INFINITY;
    const { server, toClient, clock } = pairOf({
      server: { timeouts: { keepalive: off, stalled: off } },
      client: { timeouts: { keepalive: off } },
    });
    toClient.stall();
    server.send("never read");
    await turns();
    clock.advance(1e9);
    expect(server.phase).toBe("open");
    expect(clock.pending).toBe(0);
  });
});

describe("the wire", () => {
  test("a server's frames are plain, a client's are masked", async () => {
    const server = endpoint();
    server.ws.send("a");
    await turns();
    expect(server.peer.frames).toMatchObject([{ opcode: Opcode.text, masked: false }]);
    const client = endpoint({ role: "client" });
    client.ws.send("a");
    client.ws.send(filler(20 * KiB));
    await turns();
    expect(client.peer.frames).toMatchObject([
      { opcode: Opcode.text, masked: true, payload: Buffer.from("a") },
      { opcode: Opcode.binary, masked: true, payload: filler(20 * KiB) },
    ]);
  });

  test("an answer is on its way before the chunk that asked has been dealt with", () => {
    const { ws } = endpoint();
    void run(ws, { message: (_, message) => void ws.send(message) });
    pumpOf(ws).received(masked.text("question"));
    expect(ws.bufferedAmount).toBe(0);
  });

  test("an answer to what one chunk brought goes out in one write, at once", async () => {
    const { ws, peer, out } = endpoint();
    const next = ws.receive().then((message) => ws.send(String(message)));
    await peer.send(masked.text("question"), masked.ping("!"));
    await next;
    expect(out.delivered).toBe(3 + 10);
    expect(peer.texts).toEqual(["question"]);
  });
});
