// A server that closes with many clients of each kind: all of them see 1001.
import { serve } from "hawser";
import { describe, expect, test } from "vitest";
import { chromium } from "./chromium-peer.ts";
import { python } from "./python-peer.ts";
import { undici } from "./undici-peer.ts";
import { ws } from "./ws-peer.ts";

const CLIENTS = 200;

const kinds = [ws, undici, python, chromium].map((kind) => [kind.name, kind.install, kind] as const);

describe.each(kinds)("%s (%s)", (_name, _install, kind) => {
  test.skipIf(!kind.isThere)(`${CLIENTS} clients see 1001`, async () => {
    const peer = await kind.start();
    const server = await serve({ port: 0, host: "127.0.0.1", origins: "any" }, async (ws) => {
      for await (const message of ws) ws.send(message);
    });
    const sockets = await Promise.all(
      Array.from({ length: CLIENTS }, async (_, index) => {
        const socket = await peer.connect(server.url);
        await socket.send(`${index}`);
        expect(await socket.receive()).toBe(`${index}`);
        return socket;
      }),
    );
    expect(server.size).toBe(CLIENTS);
    const ends = Promise.all(sockets.map((socket) => socket.closed()));
    expect(await server.close({ reason: "restart" })).toEqual({ closed: CLIENTS, terminated: 0, lost: 0 });
    for (const end of await ends) expect(end).toMatchObject({ code: 1001, reason: "restart" });
    expect(server.size).toBe(0);
    await peer.stop();
  });
});
