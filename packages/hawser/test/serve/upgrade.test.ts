// upgrade(): WebSockets beside whatever else is on an HTTP server.
import { once } from "node:events";
import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import express from "express";
import { defineHandler, upgrade } from "hawser";
import { afterAll, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { masked } from "../support/frames.ts";
import { certificateFor } from "./support/certificates.ts";
import { Guard } from "./support/guard.ts";
import type { Target } from "./support/peer.ts";
import { plainRequest, request, requestFor } from "./support/requests.ts";
import { echo } from "./support/ways-in.ts";

const guard = new Guard();
const named = (name: string) => defineHandler({ open: (ws) => void ws.send(name) });
let warnings = "";

afterAll(() => {
  expect(warnings.match(/another listener answers upgrades/g)).toHaveLength(1);
});

async function listen(http: HttpServer): Promise<Target> {
  guard.closing({
    close: () => {
      http.close();
      http.closeAllConnections();
    },
  });
  await once(http.listen(0, "127.0.0.1"), "listening");
  return { port: Number(Object(http.address()).port) };
}

const plain404 = () =>
  createServer((_asked, response) => void response.writeHead(404, { "Content-Length": 5 }).end("plain"));

test("under TLS, on an https.Server", async () => {
  const http = createHttpsServer(certificateFor("localhost"));
  const endpoint = upgrade(http, {}, echo);
  guard.closing(endpoint);
  const target = { ...(await listen(http)), tls: { rejectUnauthorized: false } };
  const peer = await guard.peer(
    target,
    request({ headers: { Origin: "https://localhost" } }),
    masked.text("early"),
  );
  await peer.opened();
  expect(await peer.message()).toBe("early");
  expect([...endpoint][0]?.request.secure).toBe(true);
});

test("Express has what is no WebSocket", async () => {
  const app = express().get("/", (_asked, response) => {
    response.send("home");
  });
  const http = createServer(app);
  guard.closing(upgrade(http, { resources: { "/ws": echo } }));
  const target = await listen(http);
  const peer = await guard.peer(target, plainRequest("/"));
  expect(await peer.answer()).toMatchObject({ status: 200, body: "home" });
  peer.write(plainRequest("/ws"));
  expect((await peer.answer()).status).toBe(404);
  peer.write(requestFor("/ws"));
  await peer.opened();
  const wrong = await guard.peer(target, requestFor("/"));
  expect((await wrong.answer()).status).toBe(404);
  expect(await wrong.over()).toBe("fin");
});

test("an offer of h2c goes to the HTTP application, with its body", async () => {
  const http = createServer(
    (asked, response) =>
      void asked
        .resume()
        .on("end", () => response.end(asked.headers.upgrade))
        .pipe(response),
  );
  guard.closing(upgrade(http, {}, echo));
  const target = await listen(http);
  const h2c = "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n";
  const peer = await guard.peer(
    target,
    `POST / HTTP/1.1\r\nHost: localhost\r\n${h2c}\r\nbody`,
    plainRequest("/", "Connection: close\r\n"),
  );
  await peer.over();
  expect(peer.text.match(/^HTTP\/1.1 200 OK/gm)).toHaveLength(2);
  expect(peer.text).toContain("body");
});

test("an offer of h2c under TLS goes to the HTTP application too", async () => {
  const http = createHttpsServer(certificateFor("localhost"), (asked, response) => {
    response.end(`${asked.url} ${asked.headers.upgrade}`);
  });
  guard.closing(upgrade(http, {}, echo));
  const target = { ...(await listen(http)), tls: { rejectUnauthorized: false } };
  const peer = await guard.peer(target, plainRequest("/h2c", "Connection: Upgrade\r\nUpgrade: h2c\r\n"));
  expect(await peer.answer()).toMatchObject({ status: 200, body: "/h2c undefined" });
});

test("an offer of h2c that a lenient parser let through, and that cannot be said again, is 400", async () => {
  const http = createServer({ insecureHTTPParser: true }, (_asked, response) => void response.end("plain"));
  const endpoint = upgrade(http, {}, echo);
  guard.closing(endpoint);
  const target = await listen(http);
  const odd = "X-A: a\x01b\r\n";
  const peer = await guard.peer(target, plainRequest("/", `Connection: Upgrade\r\nUpgrade: h2c\r\n${odd}`));
  expect((await peer.answer()).status).toBe(400);
  expect(await peer.over()).toBe("fin");
  await peer.hangUp();
  expect(endpoint.stats()).toMatchObject({ refused: 1, handshakes: 0 });
  const webSocket = await guard.peer(target, request({ raw: odd }));
  await webSocket.opened();
});

test("another listener gets the paths that have no handler here, and people are told", async () => {
  const http = plain404();
  const endpoint = upgrade(http, { resources: { "/ours": named("ours"), "/rooms/:name": named("room") } });
  guard.closing(endpoint);
  const theirs = new WebSocketServer({ noServer: true });
  theirs.on("connection", (socket) => socket.send("theirs"));
  const left: Duplex[] = [];
  http.on("upgrade", (asked, socket, head) => {
    if (asked.url === "/nobody") left.push(socket);
    if (asked.url?.startsWith("/theirs"))
      theirs.handleUpgrade(asked, socket, head, (ws) => theirs.emit("connection", ws, asked));
  });
  const target = await listen(http);
  for (const [path, name] of [
    ["/ours", "ours"],
    ["/rooms/a?b=c", "room"],
    ["/theirs?a", "theirs"],
  ] as const) {
    const peer = await guard.peer(target, requestFor(path));
    await peer.opened();
    expect(await peer.message()).toBe(name);
    peer.socket.destroy();
  }
  expect(endpoint.stats()).toMatchObject({ accepted: 2, refused: 0, handshakes: 0 });
  // Left alone: not a word from us.
  const nobody = await guard.peer(target, requestFor("/nobody"), "");
  const after = await guard.peer(target, requestFor("/ours"));
  await after.opened();
  expect([nobody.text, nobody.end, endpoint.stats().handshakes]).toEqual(["", undefined, 0]);
  expect(left).toHaveLength(1);
  left[0]?.destroy();
  warnings += guard.takeStderr();
});

test("two endpoints share a server without a warning, and one of them says 404", async () => {
  const http = plain404();
  const endpoints = [
    upgrade(http, { resources: { "/a": named("a"), "/both": named("first") } }),
    upgrade(http, { resources: { "/b": named("b"), "/both": named("second") } }),
  ];
  for (const endpoint of endpoints) guard.closing(endpoint);
  const target = await listen(http);
  for (const [path, name] of [
    ["/a", "a"],
    ["/b", "b"],
    ["/both", "first"],
  ] as const) {
    const peer = await guard.peer(target, requestFor(path));
    await peer.opened();
    expect(await peer.message()).toBe(name);
  }
  const nobody = await guard.peer(target, requestFor("/nobody"));
  expect((await nobody.answer()).status).toBe(404);
  expect(await nobody.over()).toBe("fin");
  expect(endpoints.map((endpoint) => endpoint.stats().accepted)).toEqual([2, 1]);
  expect(guard.stderr).toBe("");
  await endpoints[0]!.close({ deadline: 1 });
  const second = await guard.peer(target, requestFor("/both"));
  await second.opened();
  expect(await second.message()).toBe("second");
});

describe("handle(), for routers that decide themselves", () => {
  test("answers what it is given", async () => {
    const http = plain404();
    const endpoint = upgrade(null, { resources: { "/a": named("a") } });
    guard.closing(endpoint);
    http.on("upgrade", (asked, socket, head) => endpoint.handle(asked, socket, head));
    const target = await listen(http);
    const peer = await guard.peer(target, requestFor("/a"), masked.ping("early"));
    await peer.opened();
    expect(await peer.frames(2)).toMatchObject([{ opcode: 1 }, { opcode: 10 }]);
    const wrong = await guard.peer(target, requestFor("/b"));
    expect((await wrong.answer()).status).toBe(404);
    const noWebSocket = await guard.peer(target, request({ headers: { Upgrade: "h2c" } }));
    expect((await noWebSocket.answer()).status).toBe(426);
    expect(endpoint.stats()).toMatchObject({ accepted: 1, refused: 2, handshakes: 0 });
  });

  test("wants a socket", () => {
    const endpoint = upgrade(null, {}, echo);
    const event = [{ rawHeaders: [] }, {}, Buffer.alloc(0)] as unknown as [IncomingMessage, Duplex, Buffer];
    expect(() => endpoint.handle(...event)).toThrow(/takes a Duplex as socket/);
  });
});

test("behind Node a request with more lines than limits.headers is 431", async () => {
  const http = plain404();
  guard.closing(upgrade(http, { limits: { headers: 20 } }, echo));
  const target = await listen(http);
  const peer = await guard.peer(target, request({ raw: "X: y\r\n".repeat(15) }));
  await peer.opened();
  const wordy = await guard.peer(target, request({ raw: "X: y\r\n".repeat(16) }));
  expect(await wordy.answer()).toMatchObject({ status: 431, headers: { connection: "close" } });
});
