// Floods, lack of descriptors, and faults of handlers: the process lives, and what happened is counted and told once.
import { spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect as connectPlain } from "node:net";
import { createInterface } from "node:readline";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type AnyConnection, type Handler, type Limits, serve, type UpgradeRequest, upgrade } from "hawser";
import { describe, expect, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { eventually, Guard } from "../serve/support/guard.ts";
import { Peer } from "../serve/support/peer.ts";
import { plainRequest, request } from "../serve/support/requests.ts";
import { echo, ways } from "../serve/support/ways-in.ts";
import { masked } from "../support/frames.ts";

const guard = new Guard();

/** A server with these limits, and what its hook was asked. */
async function limited(
  name: "serve" | "upgrade",
  limits: Partial<Limits>,
  decide?: () => Promise<undefined>,
) {
  const asked: UpgradeRequest[] = [];
  const hook = (asking: UpgradeRequest) => {
    asked.push(asking);
    return decide?.();
  };
  if (name === "serve") {
    const server = await serve({ port: 0, host: "127.0.0.1", limits, upgrade: hook }, echo);
    guard.closing(server);
    return { asked, target: { port: server.port }, stats: () => server.stats() };
  }
  const http = createHttpServer();
  const endpoint = upgrade(http, { limits, upgrade: hook }, echo);
  guard.closing(endpoint);
  guard.closing(http);
  await once(http.listen(0, "127.0.0.1"), "listening");
  return { asked, target: { port: Number(Object(http.address()).port) }, stats: () => endpoint.stats() };
}

describe.each(["serve", "upgrade"] as const)("by %s", (name) => {
  test("R4: beyond limits.connections there is 503, before any hook, until there is room again", async () => {
    const { asked, target, stats } = await limited(name, { connections: 2 });
    const first = await guard.peer(target, request());
    await first.opened();
    const second = await guard.peer(target, request());
    await second.opened();
    for (let count = 1; count <= 3; count += 1) {
      const third = await guard.peer(target, request());
      expect(await third.answer()).toMatchObject({
        status: 503,
        headers: { connection: "close" },
        body: "the server is full",
      });
      expect(await third.over()).toBe("fin");
      expect(stats()).toMatchObject({ connections: 2, shed: count, accepted: 2, refused: 0 });
    }
    expect(asked).toHaveLength(2);
    await first.hangUp();
    await eventually(() => stats().connections === 1, "room");
    const fourth = await guard.peer(target, request());
    await fourth.opened();
    await second.echo("still here");
  });

  test("R4: beyond limits.handshakes there is 503, before any hook", async () => {
    const { asked, target, stats } = await limited(
      name,
      { handshakes: 2 },
      () => new Promise(() => undefined),
    );
    const waiting = await Promise.all([1, 2].map(() => guard.peer(target, request())));
    await eventually(() => asked.length === 2, "two hooks that decide");
    const third = await guard.peer(target, request());
    expect((await third.answer()).status).toBe(503);
    expect(stats()).toMatchObject({ handshakes: 2, shed: 1 });
    expect(asked).toHaveLength(2);
    for (const peer of waiting) await peer.hangUp();
    await eventually(() => stats().handshakes === 0, "room");
  });

  test("R4: in a flood of 600 everybody is answered, and everybody is counted", async () => {
    const { target, stats } = await limited(name, { handshakes: 20, connections: 300 }, async () => {
      await nextTurn();
      return undefined;
    });
    const peers = await Promise.all(Array.from({ length: 600 }, () => guard.peer(target, request())));
    const answers = await Promise.all(peers.map((peer) => peer.answer()));
    const accepted = answers.filter(({ status }) => status === 101).length;
    expect(answers.every(({ status }) => status === 101 || status === 503)).toBe(true);
    expect(stats()).toMatchObject({
      accepted,
      connections: accepted,
      shed: 600 - accepted,
      refused: 0,
      handshakes: 0,
    });
    expect(accepted).toBeLessThanOrEqual(300);
    for (const peer of peers) peer.socket.destroy();
    await eventually(() => stats().connections === 0, "nobody left");
  });
});

test("R4: a silent socket counts as a handshake: the next is 503 without having said a word", async () => {
  const { target, stats } = await limited("serve", { handshakes: 1 });
  await guard.peer(target);
  await eventually(() => stats().handshakes === 1, "a handshake");
  const second = await guard.peer(target);
  expect((await second.answer()).status).toBe(503);
  expect(stats()).toMatchObject({ handshakes: 1, shed: 1 });
});

test.each([{ handshakes: 1 }, { connections: 1 }])(
  "R4: under TLS beyond %j there is a reset before the handshake",
  async (limits) => {
    const tls = certificateFor("localhost");
    const server = await serve({ port: 0, host: "127.0.0.1", tls, limits }, echo);
    guard.closing(server);
    const first = await guard.peer({ port: server.port });
    await eventually(() => server.stats().handshakes === 1, "a TLS handshake");
    const second = new Peer(connectPlain(server.port, "127.0.0.1"));
    expect(await second.over()).toBe("ECONNRESET");
    expect(server.stats()).toMatchObject({ shed: 1, handshakes: 1, tlsFailed: 0 });
    first.socket.destroy();
    await eventually(() => server.stats().handshakes === 0, "room");
    const third = await guard.peer({ port: server.port, tls: { rejectUnauthorized: false } }, request());
    await third.opened();
    expect(server.stats()).toMatchObject({ connections: 1, handshakes: 0, shed: 1, tlsFailed: 1 });
  },
);

test("R4: handshakes by the thousand leave no memory behind", async () => {
  const { target, stats } = await limited("serve", {});
  const round = async (count: number) => {
    for (let done = 0; done < count; done += 50) {
      const bytes = [
        request(),
        request({ line: "POST / HTTP/1.1" }),
        plainRequest(),
        Buffer.from("garbage\r\n"),
      ];
      const peers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          Peer.dial(target).then((peer) => peer.write(bytes[index % 4]!)),
        ),
      );
      await Promise.all(peers.map((peer) => peer.answer()));
      for (const peer of peers) peer.socket.destroy();
      await eventually(() => stats().connections + stats().handshakes === 0, "nobody left");
    }
    for (let turn = 0; turn < 3; turn += 1) {
      await nextTurn();
      collectGarbage();
    }
    return process.memoryUsage().heapUsed;
  };
  await round(1000);
  const before = await round(500);
  const after = await round(2000);
  // Half a kilobyte each would be a leak.
  expect(after - before).toBeLessThan(1024 * 1024);
});

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describe("R7, R8: a handler that fails", () => {
  const boom = () => {
    throw new Error("boom");
  };
  const bust = async () => {
    await nextTurn();
    throw new Error("boom");
  };
  const handlers: readonly (readonly [what: string, handler: Handler])[] = [
    ["a session that throws", { session: boom }],
    ["a session that rejects", { session: bust }],
    ["open that throws", { open: boom, message: echoOne }],
    ["open that rejects", { open: bust, message: echoOne }],
    ["message that throws", { message: boom }],
    ["message that rejects", { message: bust }],
  ];

  describe.each(["serve", "acceptStream", "upgrade"] as const)("by %s", (name) => {
    test.each(handlers)("%s: 1011 for its peer, and nobody else", async (_what, handler) => {
      const host = await guard.host(ways[name], { handler });
      const peer = await guard.peer(host.target, request(), masked.text("go"), masked.text("on"));
      await peer.opened();
      expect(await peer.closeCode()).toBe(1011);
      await peer.hangUp();
      await eventually(() => host.reports.length === 1, "the end");
      expect(host.reports).toMatchObject([
        { code: 1011, cause: "fault", error: new Error("boom"), clean: false },
      ]);
      // run() of acceptStream's host tells stderr, as nobody else is there to hear.
      if (name === "acceptStream") guard.takeStderr();
      else expect(host.faults).toEqual([new Error("boom")]);
    });
  });

  test.each([
    ["throws", boom],
    ["rejects", bust],
  ])("close that %s is told, and changes nothing of the report", async (_what, close) => {
    const host = await guard.host(ways.serve, { handler: { close } });
    const peer = await guard.peer(host.target, request());
    await peer.opened();
    peer.write(masked.close(1000));
    expect(await peer.closeCode()).toBe(1000);
    await peer.hangUp();
    await eventually(() => host.faults.length === 1, "the fault");
    expect(host.reports).toMatchObject([{ code: 1000, clean: true, cause: "close" }]);
  });

  test("onError hears of the connection, and of none for an upgrade hook", async () => {
    const heard: [unknown, AnyConnection | undefined][] = [];
    const server = await serve(
      {
        port: 0,
        onError: (error, ws) => heard.push([error, ws]),
        upgrade: (asked) => (asked.path === "/hook" ? boom() : undefined),
      },
      boom,
    );
    guard.closing(server);
    const hook = await guard.peer({ port: server.port }, request({ line: "GET /hook HTTP/1.1" }));
    expect((await hook.answer()).status).toBe(500);
    const peer = await guard.peer({ port: server.port }, request());
    await peer.opened();
    const [ws] = server.connections;
    expect(await peer.closeCode()).toBe(1011);
    expect(heard).toEqual([
      [new Error("boom"), undefined],
      [new Error("boom"), expect.anything()],
    ]);
    expect(heard[1]?.[1]).toBe(ws);
  });

  test("by default stderr is told once a cause, and the diagnostics channel each time", async () => {
    const told: unknown[] = [];
    const listen = (message: unknown) => told.push(Object(message).error);
    subscribe("hawser:handler:fault", listen);
    const host = await guard.host(ways.serve, {
      catchFaults: false,
      decide: ({ path }) => {
        if (path === "/hook") throw new Error("in the hook");
      },
      handler: () => {
        throw new Error(`in the session, at ${performance.now()}`);
      },
    });
    for (let count = 0; count < 3; count += 1) {
      const peer = await guard.peer(host.target, request());
      await peer.opened();
      expect(await peer.closeCode()).toBe(1011);
      const hook = await guard.peer(host.target, request({ line: "GET /hook HTTP/1.1" }));
      expect((await hook.answer()).status).toBe(500);
    }
    unsubscribe("hawser:handler:fault", listen);
    expect(told).toHaveLength(6);
    const lines = guard.takeStderr().match(/^hawser: .*/gm);
    expect(lines).toEqual([
      expect.stringMatching(/^hawser: a handler threw: Error: in the session, at \d/),
      "hawser: a handler threw: Error: in the hook",
    ]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("onError is broken too");
      },
    ],
    ["rejects", () => Promise.reject(new Error("onError is broken as well"))],
  ])("an onError that %s ends on stderr, once", async (_what, onError) => {
    const server = await serve({ port: 0, onError }, boom);
    guard.closing(server);
    for (let count = 0; count < 2; count += 1) {
      const peer = await guard.peer({ port: server.port }, request());
      await peer.opened();
      expect(await peer.closeCode()).toBe(1011);
    }
    expect(guard.takeStderr().match(/^hawser: onError threw: Error: onError is broken/gm)).toHaveLength(1);
  });
});

function echoOne(ws: AnyConnection, message: string | Uint8Array): void {
  ws.send(message);
}

test("R6: a server without descriptors lives, says so at most once, and accepts again", async () => {
  const program = fileURLToPath(new URL("../serve/support/few-descriptors.mjs", import.meta.url));
  const child = spawn("sh", [
    "-c",
    `ulimit -n 200 && exec "$0" --import tsx "$1"`,
    process.execPath,
    program,
  ]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const port = Number((await lines.next()).value);
  const warm = await guard.peer({ port }, request());
  await warm.opened();
  child.stdin.write("go\n");
  expect((await lines.next()).value).toBe("ready");

  const peers = Array.from({ length: 60 }, () => new Peer(connectPlain(port, "127.0.0.1")).write(request()));
  // Some are accepted; for the others there is no descriptor, and they wait or are dropped.
  const accepted = () => peers.filter(({ text }) => text.startsWith("HTTP/1.1 101"));
  await eventually(() => accepted().length >= 10, "some accepted");
  for (let turn = 0; turn < 3; turn += 1) await warm.echo("alive");
  expect(accepted().length).toBeLessThan(30);
  for (const peer of peers) peer.socket.destroy();
  await eventually(() => peers.every(({ socket }) => socket.closed), "all gone");
  await warm.echo("alive");
  const late = await guard.peer({ port }, request());
  await late.opened();
  await late.echo("accepted again");
  for (const peer of [late, warm]) peer.socket.destroy();
  child.stdin.end();
  expect(await exited).toEqual([0, null]);
  expect(stderr).toMatch(/^(?:hawser: a connection could not be accepted: .*\n)?$/);
});
