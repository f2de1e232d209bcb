// Pings: keepalive's own on the clock, the application's, and the round trips of both.
import { Buffer } from "node:buffer";
import { ConnectionClosedError } from "hawser";
import { Opcode } from "hawser/wire";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as randomness from "../../src/transport/randomness.ts";
import { filler } from "../support/bytes.ts";
import { masked } from "../support/frames.ts";
import { endpoint, pairOf, stateOf, turns } from "./support.ts";

vi.mock("../../src/transport/randomness.ts", { spy: true });

const off = Number.POSITIVE_INFINITY;

beforeEach(() => {
  // Half way: the first ping comes after three quarters of the interval.
  vi.mocked(randomness.random).mockReturnValue(0.5);
});
afterEach(() => {
  vi.mocked(randomness.random).mockReset();
});

describe("keepalive", () => {
  test("pings on the clock, and an answer keeps the connection", async () => {
    const { server, client, clock, toServer } = pairOf({ client: { timeouts: { keepalive: off } } });
    expect(server.latency).toBeUndefined();
    clock.advance(18_749);
    await turns();
    expect(toServer.delivered).toBe(0);
    clock.advance(1);
    await turns();
    // The pong: header, key, 8 bytes.
    expect(toServer.delivered).toBe(14);
    expect(server.latency).toBe(0);
    for (let round = 1; round < 10; round += 1) {
      clock.advance(25_000);
      await turns();
    }
    expect(toServer.delivered).toBe(140);
    expect([server.phase, client.phase]).toEqual(["open", "open"]);
    expect(client.latency).toBeUndefined();
  });

  test("first pings are spread over half an interval", () => {
    for (const [random, first] of [
      [0, 12_500],
      [0.999, 24_987],
    ] as const) {
      vi.mocked(randomness.random).mockReturnValue(random);
      const { clock } = endpoint();
      expect(Math.floor(clock.next ?? 0)).toBe(first);
    }
  });

  test.each(["server", "client"] as const)("a %s whose peer has vanished gives up", async (role) => {
    const pair = pairOf({
      server: { timeouts: { keepalive: role === "server" ? 25_000 : off } },
      client: { timeouts: { keepalive: role === "client" ? 25_000 : off } },
    });
    const ws = pair[role];
    pair[role === "server" ? "toClient" : "toServer"].freeze();
    pair.clock.advance(18_750 + 9_999);
    await turns();
    expect(ws.phase).toBe("open");
    pair.clock.advance(1);
    expect(ws.phase).toBe("closed");
    expect(await ws.closed).toMatchObject({
      code: 1011,
      reason: "keepalive: a ping was not answered",
      cause: "keepalive",
      limit: "timeouts.pong",
      initiator: "local",
      phase: "open",
      clean: false,
      idle: 28_750,
      duration: 28_750,
    });
  });

  test("unsolicited pongs do not count as an answer", async () => {
    const { ws, peer, clock } = endpoint();
    clock.advance(18_750);
    await turns();
    for (let round = 0; round < 3; round += 1) {
      clock.advance(3000);
      await peer.send(masked.pong("hello"), masked.pong());
    }
    expect(ws.phase).toBe("open");
    clock.advance(1000);
    expect((await ws.closed).cause).toBe("keepalive");
  });

  test("the deadline stands still while reading is paused, and starts anew after", async () => {
    const { ws, peer, clock } = endpoint({ limits: { inbox: 100 } });
    await peer.send(masked.text("x".repeat(200)), masked.text("y"));
    clock.advance(18_750);
    await turns();
    expect(peer.frames).toHaveLength(1);
    clock.advance(1e6);
    expect(ws.phase).toBe("open");
    await ws.receive();
    await turns();
    clock.advance(9_999);
    expect(ws.phase).toBe("open");
    clock.advance(1);
    expect((await ws.closed).cause).toBe("keepalive");
  });

  test("the pong that waited in a paused socket is read in time", async () => {
    const { ws, peer, clock } = endpoint({ limits: { inbox: 100 } });
    await peer.send(masked.text("x".repeat(200)), masked.text("y"));
    clock.advance(18_750);
    await turns();
    const [ping] = peer.frames;
    await peer.send(masked.pong(ping?.payload));
    clock.advance(30_000);
    await ws.receive();
    await turns();
    clock.advance(9_000);
    expect(ws.phase).toBe("open");
    expect(ws.latency).toBe(30_000);
  });

  test("any byte of a frame in progress restarts the deadline", async () => {
    const { ws, peer, clock } = endpoint();
    clock.advance(18_750);
    const message = masked.binary(filler(100));
    for (let at = 0; at < 100; at += 10) {
      clock.advance(9_000);
      await peer.send(message.subarray(at, at + 10));
    }
    expect(ws.phase).toBe("open");
    clock.advance(10_000);
    expect((await ws.closed).cause).toBe("keepalive");
  });

  test("Infinity turns it off", async () => {
    const { ws, clock } = endpoint({ timeouts: { keepalive: off } });
    expect(clock.pending).toBe(0);
    clock.advance(1e9);
    expect(ws.phase).toBe("open");
  });
});

describe("pings of the peer", () => {
  test.each(["server", "client"] as const)("a %s answers each with its payload", async (role) => {
    const { ws, peer } = endpoint({ role });
    const mask = role === "server" ? {} : { mask: undefined };
    await peer.send(masked.ping("", mask), masked.ping("abc", mask), masked.ping(filler(125), mask));
    expect(peer.frames).toMatchObject([
      { opcode: Opcode.pong, payload: Buffer.from("") },
      { opcode: Opcode.pong, payload: Buffer.from("abc") },
      { opcode: Opcode.pong, payload: filler(125) },
    ]);
    expect(ws.phase).toBe("open");
  });
});

describe("ping()", () => {
  test("resolves with the round trip, and latency has the last", async () => {
    const { server, clock } = pairOf({ toClient: { delay: 30 }, toServer: { delay: 12 } });
    const answer = server.ping();
    await turns();
    clock.advance(30);
    await turns();
    expect(await stateOf(answer)).toBe("pending");
    clock.advance(12);
    await turns();
    expect(await answer).toBe(42);
    expect(server.latency).toBe(42);
  });

  test("carries what it is given, and something of its own otherwise", async () => {
    const { ws, peer } = endpoint();
    const given = new Uint8Array([1, 2, 3]);
    void ws.ping(given);
    given.fill(0);
    void ws.ping("text");
    void ws.ping("");
    void ws.ping();
    void ws.ping();
    await turns();
    const payloads = peer.frames.map(({ payload }) => payload.toString("latin1"));
    expect(payloads.slice(0, 3)).toEqual(["\u0001\u0002\u0003", "text", ""]);
    expect(new Set(payloads).size).toBe(5);
  });

  test("several, of the same time, are answered one by one", async () => {
    const { ws, peer, clock } = endpoint();
    const pings = [ws.ping("a"), ws.ping("b"), ws.ping("c")];
    clock.advance(5);
    await peer.send(masked.pong("a"));
    expect(await Promise.all(pings.map(stateOf))).toEqual(["resolved", "pending", "pending"]);
    clock.advance(5);
    // §5.5.3: the answer to the newest is one to all before it.
    await peer.send(masked.pong("c"));
    expect(await Promise.all(pings)).toEqual([5, 10, 10]);
  });

  test("an answer to keepalive's is one to all before it, and to none after", async () => {
    const { ws, peer, clock } = endpoint();
    const before = ws.ping("before");
    clock.advance(18_750);
    await turns();
    clock.advance(1);
    const after = ws.ping("after");
    await turns();
    await peer.send(masked.pong(peer.frames[1]?.payload));
    expect(await before).toBe(18_751);
    expect(await stateOf(after)).toBe("pending");
    expect(ws.latency).toBe(1);
  });

  test.each([
    [5, new TypeError("the payload of a ping must be a string or a Uint8Array, not the number 5")],
    [null, new TypeError("the payload of a ping must be a string or a Uint8Array, not null")],
    ["é".repeat(63), new RangeError("a ping or pong holds at most 125 bytes, not 126 (RFC 6455 §5.5)")],
  ])("throws at once for %o", async (payload, error) => {
    const { server } = pairOf();
    expect(() => server.ping(payload as string)).toThrow(error);
    await server.terminate();
    expect(() => server.ping(payload as string)).toThrow(error);
  });

  test("rejects if the connection ends first, and bothers nobody who does not wait", async () => {
    const { server, client } = pairOf();
    const [waited] = [server.ping(), server.ping()];
    void client.terminate();
    const report = await server.closed;
    const error = await waited.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ report });
    // An unhandled rejection of the other would fail this run.
    await turns();
  });

  test("rejects when the connection has ended, and while it closes when it has", async () => {
    const { server } = pairOf();
    const report = server.close();
    const closing = server.ping();
    expect(await stateOf(closing)).toBe("pending");
    await report;
    await expect(closing).rejects.toBeInstanceOf(ConnectionClosedError);
    await expect(server.ping()).rejects.toMatchObject({ report: await report });
    void server.ping();
    await turns();
  });
});

describe("other timeouts", () => {
  test.each([
    ["message", "a message took too long to come", masked.text("x", { fin: false })],
    ["idle", "no message came for too long", Buffer.alloc(0)],
  ])("R3: timeouts.%s", async (name, reason, start) => {
    const { ws, peer, clock } = endpoint({ timeouts: { keepalive: off, [name]: 1000 } });
    await peer.send(start);
    clock.advance(999);
    expect(ws.phase).toBe("open");
    clock.advance(1);
    expect(ws.phase).toBe("closing");
    await turns();
    expect(peer.closes).toEqual([1008]);
    peer.transport.end();
    expect(await ws.closed).toMatchObject({
      code: 1008,
      reason,
      cause: "timeout",
      limit: `timeouts.${name}`,
    });
  });

  test("limits.rate", async () => {
    const { ws, peer } = endpoint({ limits: { rate: 2 } });
    await peer.send(masked.text("1"), masked.text("2"), masked.text("3"));
    peer.transport.end();
    expect(await ws.closed).toMatchObject({ code: 1008, cause: "limit", limit: "limits.rate" });
  });
});
