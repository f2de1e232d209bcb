// What is not a WebSocket: 426, or handed on to an http.Server without a byte lost.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import express from "express";
import { type PlainHttp, type ServeOptions, serve } from "hawser";
import { describe, expect, test } from "vitest";
import { masked } from "../support/frames.ts";
import { certificateFor } from "./support/certificates.ts";
import { Gate } from "./support/gate.ts";
import { eventually, Guard } from "./support/guard.ts";
import type { Peer, Target } from "./support/peer.ts";
import { plainRequest, request } from "./support/requests.ts";
import { echo } from "./support/ways-in.ts";

const guard = new Guard();

/** Answers with what it got: the line, and size and hash of the body. */
const mirror: RequestListener = (asked, response) => {
  const hash = createHash("sha256");
  let size = 0;
  asked.on("data", (chunk: Buffer) => {
    size += chunk.length;
    hash.update(chunk);
  });
  asked.on("end", () => {
    const body = `${asked.method} ${asked.url} ${size} ${hash.digest("hex").slice(0, 8)} ${asked.headers.upgrade}`;
    response
      .writeHead(200, { "Content-Length": body.length, "X-Secure": String("encrypted" in asked.socket) })
      .end(body);
  });
};

const mirrored = (line: string, body: Uint8Array = Buffer.alloc(0)) =>
  `${line} ${body.length} ${createHash("sha256").update(body).digest("hex").slice(0, 8)} undefined`;

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

describe("a server that closes while HTTP is under way", () => {
  async function slow(http: (listener: RequestListener) => PlainHttp) {
    const gate = new Gate();
    const listener: RequestListener = (asked, response) => {
      const answer = () => response.writeHead(200, { "Content-Length": 2 }).end("ok");
      if (asked.url === "/slow") void gate.wait().then(answer);
      else answer();
    };
    const server = await serve({ port: 0, host: "127.0.0.1", http: http(listener) }, echo);
    guard.closing(server);
    const idle = await guard.peer({ port: server.port }, plainRequest("/"));
    await idle.answer();
    const busy = await guard.peer({ port: server.port }, plainRequest("/"));
    await busy.answer();
    busy.write(plainRequest("/slow"));
    await eventually(() => gate.waiting === 1, "a request");
    return { server, gate, idle, busy };
  }

  test.each([
    ["a function", (listener: RequestListener) => listener],
    ["an http.Server", (listener: RequestListener) => createServer(listener)],
  ])("waits for the answer, and drops who has nothing to wait for (%s)", async (_kind, http) => {
    const { server, gate, idle, busy } = await slow(http);
    let done = false;
    const closing = server.close({ deadline: Number.POSITIVE_INFINITY }).then((report) => {
      done = true;
      return report;
    });
    await idle.over();
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    expect([done, busy.end]).toEqual([false, undefined]);
    gate.open();
    expect(await busy.answer()).toMatchObject({ status: 200, body: "ok" });
    await busy.over();
    busy.socket.end();
    expect(await closing).toEqual({ closed: 0, terminated: 0 });
  });

  test("drops what is not answered at the deadline", async () => {
    const { server, gate, busy } = await slow((listener) => listener);
    expect(await server.close({ deadline: 1 })).toEqual({ closed: 0, terminated: 0 });
    await busy.over();
    expect(busy.text).toBe("");
    gate.open();
  });

  test("leaves the connections of an http.Server that listens itself to it", async () => {
    const http = createServer(mirror);
    guard.closing(http);
    await once(http.listen(0, "127.0.0.1"), "listening");
    const own = await guard.peer({ port: Number(Object(http.address()).port) }, plainRequest("/own"));
    await own.answer();
    const server = await serve({ port: 0, host: "127.0.0.1", http }, echo);
    const ours = await guard.peer({ port: server.port }, plainRequest("/ours"));
    expect((await ours.answer()).body).toBe(mirrored("GET /ours"));
    await server.close();
    await ours.over();
    own.write(plainRequest("/still"));
    expect((await own.answer()).body).toBe(mirrored("GET /still"));
    expect([http.listening, http.listenerCount("upgrade"), http.listenerCount("request")]).toEqual([
      true,
      0,
      1,
    ]);
    own.socket.destroy();
  });
});
