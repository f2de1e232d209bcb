// Beside an Express application, and beside somebody else's WebSockets on the same HTTP server.
import type { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { type UpgradeEndpoint, upgrade } from "hawser";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";

/** A client that is connected, or the status it was refused with. */
async function dial(url: string): Promise<WebSocket | number | undefined> {
  const ws = new WebSocket(url);
  return new Promise((resolve, reject) => {
    ws.on("open", () => resolve(ws));
    ws.on("unexpected-response", (_request, response) => {
      resolve(response.statusCode);
      response.destroy();
    });
    ws.on("error", reject);
  });
}

async function roundTrip(url: string, message: string): Promise<string> {
  const ws = await dial(url);
  if (!(ws instanceof WebSocket)) throw new Error(`refused with ${ws}`);
  const answer = once(ws, "message");
  ws.send(message);
  const [data] = await answer;
  const closed = once(ws, "close");
  ws.close(1000);
  await closed;
  return String(data);
}

describe("Express, ws with noServer on /theirs, and upgrade() on /ours", () => {
  let http: Server;
  let endpoint: UpgradeEndpoint;
  let theirs: WebSocketServer;
  let base: string;

  beforeEach(async () => {
    const app = express();
    app.use(express.text({ limit: "1mb" }));
    app.get("/hello", (_request, response) => {
      response.send("hello from Express");
    });
    app.post("/length", (request, response) => {
      response.json({ length: request.body.length });
    });
    http = createServer(app);
    theirs = new WebSocketServer({ noServer: true });
    http.on("upgrade", (request, socket, head) => {
      if (request.url !== "/theirs") return;
      theirs.handleUpgrade(request, socket, head, (ws) => {
        ws.on("message", (data: Buffer) => ws.send(`theirs: ${data.toString()}`));
      });
    });
    endpoint = upgrade(http, {
      resources: {
        "/ours": async (ws) => {
          for await (const message of ws) ws.send(`ours: ${String(message)}`);
        },
      },
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    base = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    await endpoint.close();
    http.closeAllConnections();
    http.close();
    await once(http, "close");
  });

  test("each answers what is its own", async () => {
    expect(await roundTrip(`ws://${base}/ours`, "a")).toBe("ours: a");
    expect(await roundTrip(`ws://${base}/theirs`, "b")).toBe("theirs: b");
    expect(await (await fetch(`http://${base}/hello`)).text()).toBe("hello from Express");
    const posted = await fetch(`http://${base}/length`, {
      method: "POST",
      headers: { "Content-Type": "text/plain" },
      body: "x".repeat(100_000),
    });
    expect(await posted.json()).toEqual({ length: 100_000 });
    expect((await fetch(`http://${base}/nothing`)).status).toBe(404);
    expect(endpoint.stats()).toMatchObject({ accepted: 1, refused: 0 });
  });

  test("both at the same time", async () => {
    const paths = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? "ours" : "theirs"));
    const answers = await Promise.all(
      paths.map((path, index) => roundTrip(`ws://${base}/${path}`, `${index}`)),
    );
    expect(answers).toEqual(paths.map((path, index) => `${path}: ${index}`));
  });

  test("after close() the others go on", async () => {
    const ws = await dial(`ws://${base}/ours`);
    if (!(ws instanceof WebSocket)) throw new Error(`refused with ${ws}`);
    const closed = once(ws, "close");
    expect(await endpoint.close({ reason: "moving" })).toEqual({ closed: 1, terminated: 0, lost: 0 });
    expect((await closed).map(String)).toEqual(["1001", "moving"]);
    expect(await roundTrip(`ws://${base}/theirs`, "b")).toBe("theirs: b");
    expect(await (await fetch(`http://${base}/hello`)).text()).toBe("hello from Express");
  });
});

test("alone on the server, upgrade() answers every path: those it does not know with 404", async () => {
  const app = express().get("/hello", (_request, response) => {
    response.send("hello");
  });
  const http = createServer(app).listen(0, "127.0.0.1");
  await once(http, "listening");
  const endpoint = upgrade(http, { resources: { "/ours": () => undefined } });
  const base = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  expect(await dial(`ws://${base}/nothing`)).toBe(404);
  expect(await (await fetch(`http://${base}/hello`)).text()).toBe("hello");
  await endpoint.close();
  http.closeAllConnections();
  http.close();
});

test("a router asks handle() itself, without a listener of ours", async () => {
  const http = createServer().listen(0, "127.0.0.1");
  await once(http, "listening");
  const endpoint = upgrade(null, {}, async (ws) => {
    for await (const message of ws) ws.send(message);
  });
  http.on("upgrade", (request, socket, head) => endpoint.handle(request, socket, head));
  expect(await roundTrip(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/any`, "c")).toBe("c");
  await endpoint.close();
  http.close();
});
