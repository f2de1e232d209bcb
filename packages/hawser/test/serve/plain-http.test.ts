// What is not a WebSocket: 426, or handed on to an http.Server without a byte lost.
import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import express from "express";
import { type PlainHttp, type ServeOptions, serve } from "hawser";
import { describe, expect, test } from "vitest";
import { masked } from "../support/frames.ts";
import { certificateFor } from "./support/certificates.ts";
import { eventually, Guard } from "./support/guard.ts";
import { mirror, mirrored } from "./support/mirror.ts";
import type { Peer, Target } from "./support/peer.ts";
import { plainRequest, request } from "./support/requests.ts";
import { echo } from "./support/ways-in.ts";

const guard = new Guard();

async function start(options: Partial<ServeOptions> = {}) {
  const server = await serve({ port: 0, host: "127.0.0.1", ...options }, echo);
  guard.closing({
    close: () => server.close({ deadline: Number.POSITIVE_INFINITY }),
    busy: () => server.size,
  });
  const target: Target = { port: server.port, tls: options.tls && { rejectUnauthorized: false } };
  await guard.witness(target);
  return { server, target };
}

test("without http a plain request gets 426, and is told what there is", async () => {
  const { server, target } = await start();
  for (const bytes of [plainRequest(), plainRequest("/x", "Connection: keep-alive\r\n")]) {
    const peer = await guard.peer(target, bytes);
    expect(await peer.answer()).toMatchObject({
      status: 426,
      headers: { upgrade: "websocket", connection: "close, Upgrade" },
    });
    expect(await peer.over()).toBe("fin");
  }
  expect(server.stats()).toMatchObject({ refused: 2, handedOn: 0 });
});

const kinds: readonly (readonly [kind: string, http: () => PlainHttp, options: Partial<ServeOptions>])[] = [
  ["a function", () => mirror, {}],
  ["an http.Server that never listens", () => createServer(mirror), {}],
  ["a function, under TLS", () => mirror, { tls: certificateFor("localhost") }],
  ["an http.Server, under TLS", () => createServer(mirror), { tls: certificateFor("localhost") }],
];

describe.each(kinds)("http is %s", (_kind, http, options) => {
  async function dial(...bytes: (string | Uint8Array)[]): Promise<Peer> {
    const { target } = await start({ ...options, http: http() });
    return guard.peer(target, ...bytes);
  }

  test("a GET, and more on the same connection", async () => {
    const { server, target } = await start({ ...options, http: http() });
    const peer = await guard.peer(target);
    for (const path of ["/1", "/2", "/3"]) {
      peer.write(plainRequest(path));
      expect(await peer.answer()).toMatchObject({
        status: 200,
        body: mirrored(`GET ${path}`),
        headers: { connection: "keep-alive", "x-secure": String(options.tls !== undefined) },
      });
    }
    expect(server.stats()).toMatchObject({ handedOn: 1, refused: 0, handshakes: 0 });
  });

  test("a head that comes a byte at a time", async () => {
    const peer = await dial();
    for (const byte of plainRequest("/split")) {
      peer.write(Buffer.of(byte));
      await nextTurn();
    }
    expect((await peer.answer()).body).toBe(mirrored("GET /split"));
  });

  test("a POST of 5 MB, in one go and in pieces", async () => {
    const body = Buffer.alloc(5_000_000, "0123456789abcdef-");
    const head = `POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
    const whole = await dial(head, body);
    expect((await whole.answer()).body).toBe(mirrored("POST /upload", body));
    const pieces = await dial(head);
    for (let at = 0; at < body.length; at += 333_333) {
      pieces.write(body.subarray(at, at + 333_333));
      await nextTurn();
    }
    expect((await pieces.answer()).body).toBe(mirrored("POST /upload", body));
  });

  test("requests that come in one go are answered in order", async () => {
    const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
    const peer = await dial(...paths.map((path) => plainRequest(path)));
    for (const path of paths) expect((await peer.answer()).body).toBe(mirrored(`GET ${path}`));
  });

  test("a connection that was kept asks for a WebSocket", async () => {
    const { server, target } = await start({ ...options, http: http() });
    const peer = await guard.peer(target, plainRequest("/first"));
    await peer.answer();
    peer.write(request(), masked.text("early"));
    await peer.opened();
    expect(await peer.message()).toBe("early");
    await peer.echo("hello");
    expect(server.stats()).toMatchObject({ connections: 2, accepted: 2, handedOn: 1 });
    const [, ws] = server;
    expect(ws?.request.secure).toBe(options.tls !== undefined);
  });

  test("a WebSocket asked for in one go with a plain request comes after its answer", async () => {
    const peer = await dial(plainRequest("/first"), request(), masked.text("early"));
    expect((await peer.answer()).body).toBe(mirrored("GET /first"));
    await peer.opened();
    expect(await peer.message()).toBe("early");
  });

  test("a WebSocket asked for wrongly by a connection that was kept is refused", async () => {
    const peer = await dial(plainRequest("/first"));
    await peer.answer();
    peer.write(request({ headers: { "Sec-WebSocket-Version": "12" } }));
    expect((await peer.answer()).status).toBe(426);
    expect(await peer.over()).toBe("fin");
  });

  const h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";

  test("an offer of h2c is answered as the plain request it also is, and the connection is kept", async () => {
    const peer = await dial(plainRequest("/first", h2c));
    expect(await peer.answer()).toMatchObject({
      status: 200,
      body: mirrored("GET /first"),
      headers: { connection: "keep-alive" },
    });
    peer.write(plainRequest("/second", h2c), plainRequest("/third"));
    expect((await peer.answer()).body).toBe(mirrored("GET /second"));
    expect((await peer.answer()).body).toBe(mirrored("GET /third"));
  });

  test("an offer of h2c may have a body", async () => {
    const body = Buffer.alloc(100_000, "body");
    const head = `POST /h2c HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n${h2c}\r\n`;
    const peer = await dial(head, body);
    expect((await peer.answer()).body).toBe(mirrored("POST /h2c", body));
  });

  test("a request that Node finds wrong gets Node's 400", async () => {
    const peer = await dial("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n");
    expect((await peer.answer()).status).toBe(400);
    await peer.over();
  });

  test("a client that goes in the middle of a request is forgotten", async () => {
    const { server, target } = await start({ ...options, http: http() });
    const peer = await guard.peer(
      target,
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab",
    );
    await eventually(() => server.stats().handedOn === 1, "handed on");
    // The guard closes the server without a deadline: that would wait for it.
    peer.socket.destroy();
  });
});

test("an offer of h2c on a kept connection that cannot be said again is 400", async () => {
  const { server, target } = await start({ http: createServer({ insecureHTTPParser: true }, mirror) });
  const peer = await guard.peer(target, plainRequest("/first"));
  await peer.answer();
  peer.write(plainRequest("/", "Connection: Upgrade\r\nUpgrade: h2c\r\nX-A: a\x01b\r\n"));
  expect((await peer.answer()).status).toBe(400);
  expect(await peer.over()).toBe("fin");
  await peer.hangUp();
  expect(server.stats()).toMatchObject({ handedOn: 1, refused: 1, handshakes: 0 });
});

test("sockets that http has count toward limits.connections, until they end", async () => {
  const server = await serve({ port: 0, host: "127.0.0.1", http: mirror, limits: { connections: 2 } }, echo);
  guard.closing({ close: () => server.close(), busy: () => server.size });
  const target = { port: server.port };
  const kept = await guard.peer(target, plainRequest("/kept"));
  await kept.answer();
  const other = await guard.peer(target, plainRequest("/other"));
  await other.answer();
  for (const bytes of [plainRequest("/more"), request()]) {
    const shed = await guard.peer(target, bytes);
    expect(await shed.answer()).toMatchObject({ status: 503, body: "the server is full" });
  }
  expect(server.stats()).toMatchObject({ shed: 2, handedOn: 2, connections: 0 });
  // One that comes back for a WebSocket has its place already.
  kept.write(request());
  await kept.opened();
  other.socket.destroy();
  await eventually(() => server.stats().connections === 1, "a connection");
  let room: Peer | undefined;
  for (;;) {
    room = await guard.peer(target, request());
    if ((await room.answer()).status === 101) break;
  }
  await room.echo("room again");
});

test("an Express application answers, with its own 404", async () => {
  const app = express();
  app.get("/hello", (_asked, response) => {
    response.send("hello");
  });
  const { target } = await start({ http: app });
  const peer = await guard.peer(target, plainRequest("/hello"));
  expect(await peer.answer()).toMatchObject({ status: 200, body: "hello" });
  peer.write(plainRequest("/nothing"));
  expect(await peer.answer()).toMatchObject({
    status: 404,
    body: expect.stringContaining("Cannot GET /nothing"),
  });
  peer.write(request());
  await peer.opened();
  await peer.echo("hello");
});

test("behind a proxy the client of a connection that was kept is who its PROXY header says", async () => {
  const seen: unknown[] = [];
  const server = await serve(
    {
      port: 0,
      host: "127.0.0.1",
      http: mirror,
      trustProxy: { from: ["127.0.0.1"], proxyProtocol: true },
      upgrade: ({ remoteAddress }) => void seen.push(remoteAddress),
    },
    echo,
  );
  guard.closing(server);
  const peer = await guard.peer(
    { port: server.port },
    "PROXY TCP4 203.0.113.7 127.0.0.1 4711 80\r\n",
    plainRequest(),
  );
  await peer.answer();
  peer.write(request());
  await peer.opened();
  expect(seen).toEqual(["203.0.113.7"]);
});
