// How servers close: nobody comes in, everybody is told, and who is late is dropped.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type AnyConnection,
  broadcast,
  type LiveServer,
  ManualClock,
  serve,
  type UpgradeResult,
  upgrade,
} from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { masked } from "../support/frames.ts";
import { Gate } from "./support/gate.ts";
import { eventually, Guard } from "./support/guard.ts";
import { Peer, type Target } from "./support/peer.ts";
import { request } from "./support/requests.ts";
import { echo } from "./support/ways-in.ts";

const guard = new Guard();

interface Scene {
  readonly server: LiveServer;
  readonly clock: ManualClock;
  readonly target: Target;
  readonly gate: Gate<UpgradeResult<unknown>>;
}

describe.each(["serve", "upgrade"] as const)("by %s", (name) => {
  /** A server whose hook waits at the gate for requests to /slow. */
  async function start(): Promise<Scene> {
    const clock = new ManualClock();
    guard.clock(clock);
    const gate = new Gate<UpgradeResult<unknown>>();
    const timeouts = { keepalive: Number.POSITIVE_INFINITY };
    const decide = ({ path }: { path: string }) => (path === "/slow" ? gate.wait() : undefined);
    const options = { clock, timeouts, upgrade: decide };
    if (name === "serve") {
      const server = await serve({ ...options, port: 0, host: "127.0.0.1" }, echo);
      guard.closing(server);
      return { server, clock, gate, target: { port: server.port } };
    }
    const http = createServer();
    const server = upgrade(http, options, echo);
    guard.closing(server);
    guard.closing(http);
    await once(http.listen(0, "127.0.0.1"), "listening");
    return { server, clock, gate, target: { port: Number(Object(http.address()).port) } };
  }

  async function open(target: Target): Promise<Peer> {
    const peer = await guard.peer(target, request());
    await peer.opened();
    return peer;
  }

  /** Waits for a Close, and answers it. */
  async function sayGoodbye(peer: Peer): Promise<string> {
    const [frame] = await peer.frames();
    expect(frame).toMatchObject({ opcode: 8 });
    peer.write(masked.close(frame!.payload.readUInt16BE()));
    expect(await peer.over()).toBe("fin");
    await peer.hangUp();
    return `${frame!.payload.readUInt16BE()} ${frame!.payload.subarray(2).toString()}`;
  }

  test("everybody gets 1001, and the report counts them", async () => {
    const { server, target } = await start();
    const peers = await Promise.all([open(target), open(target), open(target)]);
    const closing = server.close();
    expect(await Promise.all(peers.map(sayGoodbye))).toEqual(["1001 ", "1001 ", "1001 "]);
    expect(await closing).toEqual({ closed: 3, terminated: 0, lost: 0 });
    expect(server.stats()).toMatchObject({ connections: 0, handshakes: 0, accepted: 3 });
    expect([server.size, [...server]]).toEqual([0, []]);
  });

  test("code and reason are the caller's; a second close waits for the first", async () => {
    const { server, target } = await start();
    const peer = await open(target);
    const closing = server.close({ code: 4001, reason: "moving" });
    const again = server.close({ code: 4002 });
    expect(await sayGoodbye(peer)).toBe("4001 moving");
    expect([await closing, await again]).toEqual(Array(2).fill({ closed: 1, terminated: 0, lost: 0 }));
    expect(await server.close()).toEqual({ closed: 1, terminated: 0, lost: 0 });
  });

  test("whoever is late is dropped at the deadline, and counted", async () => {
    const { server, clock, target } = await start();
    const [good, late] = await Promise.all([open(target), open(target)]);
    const closing = server.close({ deadline: 3000 });
    await sayGoodbye(good);
    await eventually(() => server.size === 1, "the good one has gone");
    clock.advance(2999);
    expect(server.size).toBe(1);
    clock.advance(1);
    expect(await closing).toEqual({ closed: 1, terminated: 1, lost: 0 });
    expect((await late.framesToEnd()).map(({ opcode }) => opcode)).toEqual([8]);
  });

  test("a connection that was closing already is waited for", async () => {
    const { server, target } = await start();
    const peer = await open(target);
    const [ws] = server;
    void ws!.close(4000, "by itself");
    const closing = server.close();
    expect(await sayGoodbye(peer)).toBe("4000 by itself");
    expect(await closing).toEqual({ closed: 1, terminated: 0, lost: 0 });
  });

  test("a handshake that waits for its hook is 503, and nobody is accepted afterwards", async () => {
    const { server, gate, target } = await start();
    const peer = await guard.peer(target, request({ line: "GET /slow HTTP/1.1" }));
    await eventually(() => gate.waiting === 1, "the hook");
    const closing = server.close();
    expect(await peer.answer()).toMatchObject({ status: 503, body: "the server is closing" });
    expect(await closing).toEqual({ closed: 0, terminated: 0, lost: 0 });
    gate.open(undefined);
    await peer.hangUp();
    await eventually(() => server.stats().handshakes === 0, "no handshake");
    expect(server.stats()).toMatchObject({ accepted: 0, connections: 0, handshakes: 0 });
  });

  test("handshakes under way are counted as refused, and subscribers hear why, once", async () => {
    const told: unknown[] = [];
    const listen = (message: unknown) => void told.push(Object(message).error);
    subscribe("hawser:handshake:refused", listen);
    onTestFinished(() => void unsubscribe("hawser:handshake:refused", listen));
    const { server, gate, target } = await start();
    const deciding = await guard.peer(target, request({ line: "GET /slow HTTP/1.1" }));
    await eventually(() => gate.waiting === 1, "the hook");
    const peers = [deciding];
    if (name === "serve") {
      peers.push(await guard.peer(target, "GET / HT"));
      await eventually(() => server.stats().handshakes === 2, "a head that began");
    }
    const closing = server.close();
    for (const peer of peers) expect((await peer.answer()).status).toBe(503);
    await closing;
    for (const peer of peers) await peer.hangUp();
    gate.open(undefined);
    await nextTurn();
    const refusal = { name: "HandshakeError", status: 503, message: "the server is closing" };
    expect(told).toMatchObject(peers.map(() => refusal));
    expect(server.stats()).toMatchObject({ refused: peers.length, shed: 0, handshakes: 0 });
  });

  test("whose Close is late by timeouts.close is dropped too, the deadline being later", async () => {
    const { server, clock, target } = await start();
    const late = await open(target);
    const closing = server.close({ deadline: 60_000 });
    expect((await late.frames()).map(({ opcode }) => opcode)).toEqual([8]);
    clock.advance(5000);
    expect(await closing).toEqual({ closed: 0, terminated: 1, lost: 0 });
  });

  test("who broke a rule, or went, while the server closed is counted as lost", async () => {
    const { server, target } = await start();
    const [gone, late] = await Promise.all([open(target), open(target)]);
    const [, ws] = server;
    const closing = server.close({ deadline: 3000 });
    gone.reset();
    await eventually(() => server.size === 1, "one is gone");
    void ws!.terminate();
    expect(await closing).toEqual({ closed: 0, terminated: 1, lost: 1 });
    late.socket.destroy();
  });

  test("wrong options are heard of at once, and close nothing", async () => {
    const { server, target } = await start();
    const peer = await open(target);
    expect(() => server.close({ code: 1005 })).toThrow(RangeError);
    expect(() => server.close({ code: 999 })).toThrow(RangeError);
    expect(() => server.close({ reason: "x".repeat(124) })).toThrow(RangeError);
    expect(() => server.close({ deadline: 0 })).toThrow(RangeError);
    expect(() => server.close({ deadline: Number.NaN })).toThrow(RangeError);
    expect(() => server.close({ deadlin: 1 } as never)).toThrow(
      /"deadlin"; there are code, reason, deadline/,
    );
    await peer.echo("still here");
  });

  test("asyncDispose closes with 1001", async () => {
    const { server, target } = await start();
    const peer = await open(target);
    const disposed = server[Symbol.asyncDispose]();
    expect(await sayGoodbye(peer)).toBe("1001 ");
    await disposed;
  });

  test("connections, size and iteration follow what happens", async () => {
    const { server, target } = await start();
    expect([server.size, [...server], server.connections.size]).toEqual([0, [], 0]);
    const first = await open(target);
    const second = await open(target);
    expect([server.size, [...server].length, [...server.connections].length]).toEqual([2, 2, 2]);
    expect(broadcast(server, "to all")).toBe(2);
    expect([await first.message(), await second.message()]).toEqual(["to all", "to all"]);
    first.reset();
    await eventually(() => server.size === 1, "one is gone");
    expect(server.stats()).toEqual({
      connections: 1,
      handshakes: 0,
      accepted: 2,
      refused: 0,
      shed: 0,
      tlsFailed: 0,
      handedOn: 0,
      // One of the two connections has ended.
      messages: { sent: 2, received: 0 },
      bytes: { sent: 2 * (2 + "to all".length), received: 0 },
    });
  });
});

test("a connection that a subscriber ends as it opens is counted, and in no list", async () => {
  const server = await serve({ port: 0, host: "127.0.0.1" }, echo);
  guard.closing({ close: () => server.close(), busy: () => server.size });
  const terminate = (message: unknown) => void Object(message).connection.terminate();
  subscribe("hawser:connection:open", terminate);
  onTestFinished(() => void unsubscribe("hawser:connection:open", terminate));
  const peer = await guard.peer({ port: server.port }, request());
  await peer.over();
  expect(server.stats()).toMatchObject({ connections: 0, accepted: 1 });
  expect([...server]).toEqual([]);
});

test("a server that closes takes no more connections", async () => {
  const ends: AnyConnection[] = [];
  const server = await serve({ port: 0, host: "127.0.0.1" }, (ws) => void ends.push(ws));
  const { port } = server;
  await server.close();
  await expect(Peer.dial({ port })).rejects.toThrow("ECONNREFUSED");
});

test("an endpoint that closes leaves the HTTP server alone", async () => {
  const http = createServer((_request, response) => {
    response.end("plain");
  });
  guard.closing(http);
  await once(http.listen(0, "127.0.0.1"), "listening");
  const endpoint = upgrade(http, {}, echo);
  const target = { port: Number(Object(http.address()).port) };
  await endpoint.close();
  expect(http.listenerCount("upgrade")).toBe(0);
  const peer = await guard.peer(target, request());
  expect(await peer.answer()).toMatchObject({ status: 200, body: "plain" });
  endpoint.handle(
    ...([{ rawHeaders: [] }, peer.socket, Buffer.alloc(0)] as unknown as Parameters<typeof endpoint.handle>),
  );
  expect(endpoint.stats()).toMatchObject({ refused: 1, shed: 0 });
  peer.socket.destroy();
});
