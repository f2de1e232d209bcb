// Our client with servers of ws and of Python's websockets, messages compressed, under every set of parameters.
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connect } from "hawser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { conversation, expectSame, offers, ourOptions } from "./compression-suite.ts";
import type { DeflateOffer } from "./peer.ts";
import { python } from "./python-peer.ts";

/** `true` is for clients. */
const sets = offers.filter(({ clientMaxWindowBits }) => clientMaxWindowBits !== true);

/** Servers, one for each set of parameters. */
interface Servers {
  readonly ports: readonly number[];
  stop(): Promise<unknown>;
}

async function startWs(): Promise<Servers> {
  const servers = sets.map((set) => {
    const perMessageDeflate = { ...(set as Omit<DeflateOffer, "clientMaxWindowBits">), threshold: 0 };
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate });
    server.on("connection", (ws) => {
      ws.on("message", (data, binary) => ws.send(data, { binary }));
    });
    return server;
  });
  await Promise.all(servers.map((server) => once(server, "listening")));
  return {
    ports: servers.map((server) => (server.address() as AddressInfo).port),
    stop: () => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))),
  };
}

async function startPython(): Promise<Servers> {
  const script = fileURLToPath(new URL("./python-deflate-server.py", import.meta.url));
  const child = spawn("/usr/bin/python3", [script, JSON.stringify(sets)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return {
    ports: JSON.parse(String(line)) as number[],
    stop: () => {
      child.stdin.end();
      return exited;
    },
  };
}

describe.each([
  ["ws", true, startWs],
  [python.name, python.isThere, startPython],
] as const)("a server of %s", (name, isThere, start) => {
  describe.skipIf(!isThere)(isThere ? name : `${name} (missing; ${python.install})`, () => {
    let servers: Servers;
    beforeAll(async () => {
      servers = await start();
    });
    afterAll(() => servers?.stop());

    test.each(ourOptions)("a client with %j", async (compression) => {
      for (const [index, port] of servers.ports.entries()) {
        const ws = await connect(`ws://127.0.0.1:${port}/`, { compression });
        expect([sets[index], ws.can.compression]).toEqual([sets[index], true]);
        for (const message of conversation) {
          ws.send(message);
          expectSame(await ws.receive(), message);
        }
        for (const message of conversation) ws.send(message);
        for (const message of conversation) expectSame(await ws.receive(), message);
        expect(await ws.close()).toMatchObject({ clean: true });
      }
    });
  });
});
