// Clients that do not read, or stop half-way: they cost no more than they may, and are dropped.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type CloseReport, type Connection, type Message, serve } from "hawser";
import { expect, onTestFinished, test } from "vitest";
import { masked } from "../support/frames.ts";
import { Mailbox } from "../support/mailbox.ts";
import { RawClient, REQUEST } from "../support/raw-client.ts";

const MiB = 1024 * 1024;

type Session = (ws: Connection<Message, unknown>) => unknown;

/** A server with one client, which reads nothing after the handshake. */
async function withDeafClient(
  timeouts: { close?: number; stalled?: number },
  session: Session,
): Promise<{ client: RawClient; reports: Mailbox<CloseReport> }> {
  const reports = new Mailbox<CloseReport>();
  const server = await serve({ port: 0, host: "127.0.0.1", timeouts }, async (ws) => {
    void ws.closed.then((report) => reports.put(report));
    await session(ws);
  });
  const client = await RawClient.open(server.port);
  client.socket.pause();
  onTestFinished(async () => {
    client.socket.destroy();
    await server.close({ deadline: 100 });
  });
  return { client, reports };
}

const flood = new Uint8Array(64 * 1024);

test("a handler that floods a client that does not read: 1008, and memory stays where it was", async () => {
  let most = 0;
  const before = process.memoryUsage();
  const { reports } = await withDeafClient({ close: 100 }, async (ws) => {
    while (ws.phase === "open") {
      ws.send(flood);
      most = Math.max(most, ws.bufferedAmount);
      await nextTurn();
    }
  });
  const report = await reports.take();
  expect(report).toMatchObject({
    code: 1008,
    clean: false,
    initiator: "local",
    cause: "limit",
    limit: "limits.sendBuffer",
  });
  expect(report.unsent.bytes).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(MiB + 2 * flood.length);
  expect(process.memoryUsage().rss - before.rss).toBeLessThan(64 * MiB);
});

test("a handler that floods without giving the loop a turn: the same", async () => {
  let sent = 0;
  const { reports } = await withDeafClient({ close: 100 }, (ws) => {
    while (ws.phase === "open") {
      ws.send(flood);
      sent += flood.length;
    }
  });
  expect(await reports.take()).toMatchObject({ code: 1008, limit: "limits.sendBuffer" });
  expect(sent).toBeLessThan(16 * MiB);
});

test("a handler that waits for drain() meets the end by timeouts.stalled", async () => {
  const rooms: boolean[] = [];
  const { reports } = await withDeafClient({ close: 100, stalled: 300 }, async (ws) => {
    while (ws.phase === "open") {
      if (!ws.send(flood)) rooms.push(await ws.drain());
    }
  });
  expect(await reports.take()).toMatchObject({ code: 1008, cause: "timeout", limit: "timeouts.stalled" });
  expect(rooms.at(-1)).toBe(false);
});

test("an echo to a client that sends and never reads is held back, not buffered", async () => {
  let connection: Connection<Message, unknown> | undefined;
  const { client, reports } = await withDeafClient({ close: 100, stalled: 300 }, async (ws) => {
    connection = ws;
    for await (const message of ws) ws.send(message);
  });
  const frame = masked.binary(flood);
  // Until the system's buffers are full as well, both ways: it takes no more.
  let taken = true;
  for (let round = 0; round < 2000 && taken; round += 1) {
    taken = client.socket.write(frame) || client.socket.writableLength < 4 * MiB;
    await nextTurn();
  }
  expect(taken).toBe(false);
  expect(connection?.bufferedAmount).toBeLessThan(MiB);
  expect(await reports.take()).toMatchObject({ code: 1008, limit: "timeouts.stalled" });
});

test("a client that floods with pings and never reads owes us no memory", async () => {
  let connection: Connection<Message, unknown> | undefined;
  const { client, reports } = await withDeafClient({ close: 100 }, async (ws) => {
    connection = ws;
    await ws.closed;
  });
  const pings = Buffer.concat(Array.from({ length: 1000 }, () => masked.ping(Buffer.alloc(125, 1))));
  let most = 0;
  for (let round = 0; round < 200; round += 1) {
    client.socket.write(pings);
    await nextTurn();
    most = Math.max(most, connection?.bufferedAmount ?? 0);
  }
  expect(most).toBeLessThan(256 * 1024);
  client.socket.destroy();
  expect(await reports.take()).toMatchObject({ code: 1006, cause: "lost" });
});

test("a client that half-closes without a Close: what it sent is handled, and it is lost", async () => {
  const heard: Message[] = [];
  const reports = new Mailbox<CloseReport>();
  const server = await serve(
    { port: 0, host: "127.0.0.1" },
    { message: (_ws, message) => void heard.push(message), close: (_ws, report) => reports.put(report) },
  );
  const client = await RawClient.open(server.port);
  client.socket.end(Buffer.concat([masked.text("a"), masked.text("b"), masked.text("cut").subarray(0, 7)]));
  expect(await client.framesToEnd()).toEqual([]);
  expect(await reports.take()).toMatchObject({ code: 1006, clean: false, initiator: "peer", cause: "lost" });
  expect(heard).toEqual(["a", "b"]);
  expect(server.size).toBe(0);
  await server.close();
});

test("a client that closes and half-closes still reads the answers", async () => {
  const reports = new Mailbox<CloseReport>();
  const server = await serve(
    { port: 0, host: "127.0.0.1", limits: { message: 16 * MiB } },
    { message: (ws, message) => void ws.send(message), close: (_ws, report) => reports.put(report) },
  );
  const client = await RawClient.open(server.port);
  // More than the system buffers for a client that does not read yet.
  const large = "*".repeat(12 * MiB);
  client.socket.pause();
  client.socket.end(Buffer.concat([masked.text(large), masked.text("small"), masked.close(1000)]));
  await once(client.socket, "finish");
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  client.socket.resume();
  const frames = await client.framesToEnd();
  expect(frames.map(({ opcode, payload }) => [opcode, payload.length])).toEqual([
    [1, large.length],
    [1, 5],
    [8, 2],
  ]);
  expect(await reports.take()).toMatchObject({ code: 1000, clean: true, initiator: "peer" });
  await server.close();
});

test("a client that half-closes while an upgrade hook thinks is gone, and the hook's answer goes nowhere", async () => {
  const asked = new Mailbox<() => void>();
  let opened = false;
  const server = await serve(
    { port: 0, host: "127.0.0.1" },
    {
      upgrade: () => new Promise<undefined>((resolve) => asked.put(() => resolve(undefined))),
      open: () => {
        opened = true;
      },
    },
  );
  const client = await RawClient.dial(server.port);
  client.socket.end(REQUEST);
  const answer = await asked.take();
  expect(await client.framesToEnd()).toEqual([]);
  await client.hangUp();
  answer();
  await nextTurn();
  expect([opened, server.size, server.stats().handshakes]).toEqual([false, 0, 0]);
  await server.close();
});

test("a plain request whose client half-closes at once is answered", async () => {
  const server = await serve(
    { port: 0, host: "127.0.0.1", http: (_request, response) => response.end("there you are") },
    () => undefined,
  );
  const client = await RawClient.dial(server.port);
  client.socket.end("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect(await client.readHead()).toMatch(/^HTTP\/1\.1 200 /);
  await client.hangUp();
  await server.close();
});
