// A server that is full answers a client when that has asked, and no later than a second after it came.
import { ManualClock, serve } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { RawClient, REQUEST } from "../support/raw-client.ts";
import { eventually } from "./support/guard.ts";

describe("at a server that is full", () => {
  const full = async () => {
    const clock = new ManualClock();
    const options = { port: 0, host: "127.0.0.1", limits: { connections: 1 }, clock };
    const server = await serve(options, (ws) => ws.closed);
    onTestFinished(async () => void (await server.close()));
    const guest = await RawClient.open(server.port);
    onTestFinished(() => void guest.socket.destroy());
    const client = await RawClient.dial(server.port);
    onTestFinished(() => void client.socket.destroy());
    await eventually(() => server.stats().shed === 1, "a socket turned away");
    return { clock, server, client };
  };

  // nginx 1.22 takes what came before it had asked for a part of the next server's answer.
  test("nothing is said before the request", async () => {
    const { clock, client } = await full();
    clock.advance(999);
    expect(client.socket.bytesRead).toBe(0);
    await client.send(REQUEST);
    expect(await client.readHead()).toMatch(/^HTTP\/1\.1 503 /);
  });

  test("who asks for nothing hears it after a second, and is dropped after another", async () => {
    const { clock, server, client } = await full();
    expect(server.stats()).toMatchObject({ handshakes: 0, connections: 1 });
    clock.advance(1000);
    expect(await client.readHead()).toMatch(/^HTTP\/1\.1 503 /);
    await eventually(() => clock.pending > 0, "a deadline for it to go");
    clock.advance(1000);
    await client.hangUp();
  });

  test("beyond a thousand that say nothing, the next are told nothing", async () => {
    const { clock, server } = await full();
    const silent = await Promise.all(Array.from({ length: 1023 }, () => RawClient.dial(server.port)));
    onTestFinished(() => {
      for (const { socket } of silent) socket.destroy();
    });
    await eventually(() => server.stats().shed === 1024, "a thousand turned away");
    const next = await RawClient.dial(server.port);
    // Any of the others would have its answer for that.
    next.socket.write(REQUEST);
    await eventually(() => server.stats().shed === 1025, "one more");
    await next.hangUp();
    expect(next.socket.bytesRead).toBe(0);
    expect(server.stats()).toMatchObject({ shed: 1025, handshakes: 0, connections: 1 });
    // Where one has gone there is room again.
    silent[0]?.socket.destroy();
    const before = clock.pending;
    await eventually(() => clock.pending < before, "one less");
    const last = await RawClient.dial(server.port);
    await last.send(REQUEST);
    expect(await last.readHead()).toMatch(/^HTTP\/1\.1 503 /);
    last.socket.destroy();
  });

  test("who goes before that is forgotten", async () => {
    const { clock, server, client } = await full();
    const before = clock.pending;
    client.socket.destroy();
    await eventually(() => clock.pending < before, "one deadline less");
    expect(server.stats()).toMatchObject({ handshakes: 0, refused: 0, shed: 1 });
  });
});
