// Where a server listens, and what it says of that.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { type ListenPlace, ManualClock, type ServeOptions, serve } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { certificateFor } from "./support/certificates.ts";
import { eventually, Guard } from "./support/guard.ts";
import type { Peer, Target } from "./support/peer.ts";
import { request } from "./support/requests.ts";
import { echo } from "./support/ways-in.ts";

const guard = new Guard();

async function start(options: ServeOptions) {
  const server = await serve(options, echo);
  guard.closing(server);
  return server;
}

async function expectEcho(target: Target): Promise<Peer> {
  const peer = await guard.peer(target, request());
  await peer.opened();
  await peer.echo("hello");
  return peer;
}

/** A listener that the test made, closed with the server. */
async function listening(server: NetServer): Promise<NetServer> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

test("port 0 takes a free port, and says which", async () => {
  const server = await start({ port: 0 });
  expect(server.port).toBeGreaterThan(0);
  expect(server.address).toMatchObject({ port: server.port });
  expect(server.url).toMatch(new RegExp(`^ws://(?:\\[::1\\]|127\\.0\\.0\\.1):${server.port}$`));
  await expectEcho({ port: server.port });
});

test.each([
  ["127.0.0.1", /^ws:\/\/127\.0\.0\.1:\d+$/],
  ["0.0.0.0", /^ws:\/\/127\.0\.0\.1:\d+$/],
  ["::1", /^ws:\/\/\[::1\]:\d+$/],
  ["::", /^ws:\/\/\[::1\]:\d+$/],
])("host %s: url can be connected to", async (host, url) => {
  const server = await start({ port: 0, host, backlog: 5 });
  expect(server.url).toMatch(url);
});

test("what it says of itself after its end", async () => {
  const server = await serve({ port: 0, host: "127.0.0.1" }, echo);
  const { port, url } = server;
  await server.close();
  expect([server.port, server.url, server.address]).toEqual([port, url, null]);
});

test("under TLS the url says so", async () => {
  const server = await start({ port: 0, host: "127.0.0.1", tls: certificateFor("localhost") });
  expect(server.url).toBe(`wss://127.0.0.1:${server.port}`);
  await expectEcho({ port: server.port, tls: { rejectUnauthorized: false } });
});

test("a Unix socket, which is gone at the end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, "s");
  const server = await serve({ socketPath }, echo);
  expect([server.port, server.address, server.url]).toEqual([0, socketPath, `ws+unix:${socketPath}`]);
  const peer = await expectEcho({ path: socketPath });
  const [ws] = server;
  expect(ws?.request.remoteAddress).toBeUndefined();
  peer.socket.destroy();
  await server.close();
  expect(existsSync(socketPath)).toBe(false);
  expect(server.url).toBe(`ws+unix:${socketPath}`);
});

test("TLS on a Unix socket", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "s");
  const server = await start({ socketPath: path, tls: certificateFor("localhost") });
  expect(server.url).toBe(`wss+unix:${path}`);
  const tls = { rejectUnauthorized: false };
  await Promise.all([expectEcho({ path, tls }), expectEcho({ path, tls })]);
  expect(server.stats()).toMatchObject({ connections: 2, handshakes: 0, tlsFailed: 0 });
});

test("TLS on a Unix socket: a silent one is dropped at the deadline, and nobody in its stead", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "s");
  const clock = new ManualClock();
  guard.clock(clock);
  const timeouts = { handshake: 800, keepalive: Number.POSITIVE_INFINITY };
  const server = await start({ socketPath: path, tls: certificateFor("localhost"), clock, timeouts });
  const silent = await guard.peer({ path });
  await eventually(() => server.stats().handshakes === 1, "the silent one");
  const live = await expectEcho({ path, tls: { rejectUnauthorized: false } });
  server.setTls(certificateFor("other.example"));
  const later = await expectEcho({ path, tls: { rejectUnauthorized: false } });
  expect((later.socket as TLSSocket).getPeerCertificate().subject.CN).toBe("other.example");
  expect(server.stats()).toMatchObject({ connections: 2, handshakes: 1 });
  clock.advance(800);
  await silent.over();
  await live.echo("still here");
  await later.echo("still here");
  await eventually(() => server.stats().handshakes === 0, "no handshake");
  expect(server.stats()).toMatchObject({ connections: 2, accepted: 2, tlsFailed: 1 });
});

test("TLS on a Unix socket: sessions are resumed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "s");
  const server = await start({ socketPath: path, tls: certificateFor("localhost") });
  const first = connectTls({ path, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
  await once(first, "secureConnect");
  const session = first.getSession();
  first.destroy();
  const second = connectTls({ path, rejectUnauthorized: false, maxVersion: "TLSv1.2", session });
  await once(second, "secureConnect");
  expect(second.isSessionReused()).toBe(true);
  second.destroy();
  await eventually(() => server.stats().handshakes === 0, "no handshake");
});

test("a descriptor that listens already", async () => {
  const listener = await listening(createServer());
  const { fd } = Object(listener)._handle;
  const program = fileURLToPath(new URL("support/on-descriptor.mjs", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", program], {
    stdio: ["pipe", "pipe", "inherit", fd],
  });
  const exited = once(child, "exit");
  const [line] = await once(createInterface(child.stdout), "line");
  const port = Number(Object(listener.address()).port);
  expect(line).toBe(`${port} ws://127.0.0.1:${port}`);
  listener.close();
  const peer = await guard.peer({ port }, request());
  await peer.opened();
  expect(await peer.message()).toBe("by descriptor");
  peer.socket.destroy();
  child.stdin?.end();
  expect(await exited).toEqual([0, null]);
});

describe("a listener of the caller's", () => {
  test("that listens already", async () => {
    const listener = await listening(createServer());
    const server = await start({ listener });
    expect(server.port).toBe(Object(listener.address()).port);
    const peer = await expectEcho({ port: server.port });
    peer.socket.destroy();
    await server.close();
    expect(listener.listening).toBe(false);
  });

  test("that is about to listen", async () => {
    const listener = createServer();
    const starting = serve({ listener }, echo);
    listener.listen(0, "127.0.0.1");
    const server = await starting;
    guard.closing(server);
    await expectEcho({ port: server.port });
  });

  test("that cannot listen", async () => {
    const taken = await listening(createServer());
    guard.closing(taken);
    const listener = createServer();
    const starting = serve({ listener }, echo);
    listener.listen(Object(taken.address()).port, "127.0.0.1");
    await expect(starting).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("that has TLS of its own", async () => {
    const listener = await listening(createTlsServer(certificateFor("localhost")));
    const server = await start({ listener });
    expect(server.url).toMatch(/^wss:/);
    await expectEcho({ port: server.port, tls: { rejectUnauthorized: false } });
    const failing = await guard.peer({ port: server.port }, request());
    await failing.over();
    expect(server.stats()).toMatchObject({ connections: 1, tlsFailed: 1 });
    expect(() => server.setTls(certificateFor("localhost"))).toThrow(TypeError);
  });

  test("that gets TLS from the options", async () => {
    const server = await start({
      listener: await listening(createServer()),
      tls: certificateFor("localhost"),
    });
    await expectEcho({ port: server.port, tls: { rejectUnauthorized: false } });
  });
});

test("a port that is taken rejects with the system's error, and leaves nothing", async () => {
  const first = await start({ port: 0, host: "127.0.0.1" });
  const http = createHttpServer();
  const again = serve({ port: first.port, host: "127.0.0.1", http }, echo);
  await expect(again).rejects.toMatchObject({ code: "EADDRINUSE", syscall: "listen", port: first.port });
  expect([http.listenerCount("upgrade"), http.listenerCount("request")]).toEqual([0, 0]);
});

test("an address that is not ours rejects", async () => {
  await expect(serve({ port: 0, host: "192.0.2.1" }, echo)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
});

const places: readonly (readonly [what: string, place: unknown, error: RegExp])[] = [
  ["none", {}, /exactly one of port, socketPath, fd and listener; given: none/],
  ["undefined", { port: undefined }, /given: none/],
  ["two", { port: 0, fd: 3 }, /given: port and fd/],
  [
    "three",
    { port: 0, socketPath: "/s", listener: createServer() },
    /given: port and socketPath and listener/,
  ],
  ["a host without a port", { socketPath: "/s", host: "a" }, /host and backlog go with port/],
  ["a backlog without a port", { fd: 3, backlog: 1 }, /host and backlog go with port/],
  [
    "a listener that is none",
    { listener: {} },
    /listener must be a net.Server or a tls.Server, not an object/,
  ],
  ["an http.Server", { listener: createHttpServer() }, /use upgrade\(\)/],
  ["an https.Server", { listener: createHttpsServer() }, /use upgrade\(\)/],
  [
    "TLS twice",
    { listener: createTlsServer(), tls: {} },
    /tls does not go with a listener that is a tls.Server/,
  ],
  [
    "TLS that is none",
    { port: 0, tls: true },
    /tls must be an object, as \{ key, cert \}, not the boolean true/,
  ],
];

test.each(places)("a place that is wrong: %s", async (_what, place, error) => {
  const failed = serve(place as ListenPlace, echo);
  await expect(failed).rejects.toThrow(TypeError);
  await expect(failed).rejects.toThrow(error);
});

test.each([{ port: -1 }, { port: 65_536 }, { port: 1.5 }, { port: "80" }, { fd: -1 }, { fd: 0.5 }])(
  "a number that is none: %j",
  async (place) => {
    await expect(serve(place as ListenPlace, echo)).rejects.toThrow(RangeError);
  },
);

test("a connection that could not be accepted is told once, and the next one is", async () => {
  const listener = await listening(createServer());
  const server = await start({ listener });
  await guard.witness({ port: server.port });
  for (let count = 0; count < 3; count += 1) listener.emit("error", new Error("accept EMFILE"));
  expect(guard.takeStderr()).toBe("hawser: a connection could not be accepted: accept EMFILE\n");
  await expectEcho({ port: server.port });
});

test("a certificate that is none rejects", async () => {
  await expect(serve({ port: 0, tls: { key: "none", cert: "none" } }, echo)).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_OSSL/),
  });
});

test("unref() lets the process end, ref() keeps it", async () => {
  const count = () => process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length;
  const before = count();
  const server = await start({ port: 0 });
  expect(count()).toBe(before + 1);
  expect(server.unref()).toBe(server);
  expect(count()).toBe(before);
  expect(server.ref()).toBe(server);
  expect(count()).toBe(before + 1);
  await server.close();
  await eventually(() => count() === before, "no listener");
});
