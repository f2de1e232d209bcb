// A thousand connections at once: all are served, all are counted, and nothing of them stays.
import { once } from "node:events";
import { createConnection } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { broadcast, type CloseReport, serve } from "hawser";
import { expect, test } from "vitest";
import { masked } from "../support/frames.ts";
import { Mailbox } from "../support/mailbox.ts";
import { RawClient, REQUEST } from "../support/raw-client.ts";

const CROWD = 1000;
const MiB = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const handles = () => process.getActiveResourcesInfo().filter((name) => /TCP|Pipe/.test(name)).length;

async function crowd(port: number, size = CROWD): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: size }, () => RawClient.open(port)));
}

async function leave(clients: readonly RawClient[]): Promise<void> {
  await Promise.all(
    clients.map(async (client) => {
      await client.send(masked.close(1000));
      await client.framesToEnd();
      await client.hangUp();
    }),
  );
}

test("connect, one echo each, close; three times, and nothing is left", async () => {
  const reports = new Mailbox<CloseReport>();
  const server = await serve({ port: 0, host: "127.0.0.1", backlog: 2048 }, async (ws) => {
    void ws.closed.then((report) => reports.put(report));
    for await (const message of ws) ws.send(message);
  });
  const [handlesBefore, used] = [handles(), [] as number[]];
  for (let round = 0; round < 3; round += 1) {
    const clients = await crowd(server.port);
    expect(server.size).toBe(CROWD);
    expect([...server.connections]).toHaveLength(CROWD);
    await Promise.all(
      clients.map(async (client, index) => {
        await client.send(masked.text(`message ${index}`));
        expect((await client.frame())?.payload.toString()).toBe(`message ${index}`);
      }),
    );
    await leave(clients);
    for (let count = 0; count < CROWD; count += 1)
      expect(await reports.take()).toMatchObject({
        code: 1000,
        clean: true,
        messages: { sent: 1, received: 1 },
      });
    expect(server.size).toBe(0);
    // A socket lets go of its handle a little after the report.
    await expect.poll(handles).toBe(handlesBefore);
    collectGarbage();
    used.push(process.memoryUsage().heapUsed);
  }
  // The first round fills what is kept for good (code, pools); the others are to add nothing.
  expect(used[2]! - used[0]!).toBeLessThan(3 * MiB);
  expect(server.stats()).toMatchObject({
    connections: 0,
    handshakes: 0,
    accepted: 3 * CROWD,
    refused: 0,
    shed: 0,
  });
  await server.close();
});

test("a broadcast reaches a thousand, but for the one it came from", async () => {
  const reports = new Mailbox<CloseReport>();
  const server = await serve(
    { port: 0, host: "127.0.0.1", backlog: 2048 },
    {
      close: (_ws, report) => reports.put(report),
      message(ws, message) {
        const told = broadcast(server, message, { except: ws });
        ws.send(`${told}`);
      },
    },
  );
  const clients = await crowd(server.port);
  const [first] = clients;
  await first?.send(masked.text("滴水之恩"));
  const heard = await Promise.all(clients.map(async (client) => (await client.frame())?.payload.toString()));
  expect(heard[0]).toBe(`${CROWD - 1}`);
  expect(new Set(heard.slice(1))).toEqual(new Set(["滴水之恩"]));
  const size = 100_000;
  expect(broadcast(server, new Uint8Array(size))).toBe(CROWD);
  const sizes = await Promise.all(clients.map(async (client) => (await client.frame())?.payload.length));
  expect(new Set(sizes)).toEqual(new Set([size]));
  await leave(clients);
  for (let count = 0; count < CROWD; count += 1) expect(await reports.take()).toMatchObject({ clean: true });
  expect(await server.close()).toEqual({ closed: 0, terminated: 0, lost: 0 });
});

test("a thousand that leave without a word are gone all the same", async () => {
  const reports = new Mailbox<CloseReport>();
  const server = await serve(
    { port: 0, host: "127.0.0.1", backlog: 2048 },
    { close: (_ws, report) => reports.put(report) },
  );
  const clients = await crowd(server.port);
  for (const { socket } of clients) socket.resetAndDestroy();
  for (let count = 0; count < CROWD; count += 1)
    expect(await reports.take()).toMatchObject({ code: 1006, clean: false, cause: "lost" });
  expect(server.size).toBe(0);
  await server.close();
});

test("above limits.connections there is 503, and room again when one has left", async () => {
  const server = await serve({ port: 0, host: "127.0.0.1", limits: { connections: 10 } }, (ws) => ws.closed);
  const clients = await crowd(server.port, 10);
  const socket = createConnection({ port: server.port, host: "127.0.0.1" });
  await once(socket, "connect");
  const refused = new RawClient(socket);
  await refused.send(REQUEST);
  expect(await refused.readHead()).toMatch(/^HTTP\/1\.1 503 /);
  expect(server.stats()).toMatchObject({ connections: 10, shed: 1 });
  await refused.hangUp();
  await leave(clients.splice(0, 1));
  clients.push(...(await crowd(server.port, 1)));
  expect(server.size).toBe(10);
  await leave(clients);
  await server.close();
});
