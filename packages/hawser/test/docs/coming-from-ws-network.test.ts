// How the clients of "Coming from ws" reach a server: each snippet is run, and both of a pair do the same.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect } from "hawser";
import { HttpsProxyAgent } from "https-proxy-agent";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { certificateFor } from "../serve/support/certificates.ts";
import { both, dropped, local, peerServer, portOf } from "./coming-from-ws-support.ts";

/** The first message that came, at either. */
async function first(ws: WebSocket | Connection): Promise<unknown> {
  dropped(ws);
  return ws instanceof WebSocket ? String((await once(ws, "message"))[0]) : ws.receive();
}

describe("redirects", () => {
  async function viaWs(url: string) {
    // #region redirects: ws
    const ws = new WebSocket(url, { followRedirects: true, maxRedirects: 3 });
    // #endregion
    return ws;
  }

  async function viaHawser(url: string) {
    // #region redirects: Hawser
    const ws = await connect(url, { redirects: 3 });
    // #endregion
    return ws;
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, open) => {
    const there = await peerServer((ws) => ws.send("here you are"));
    const http = createHttpServer();
    http.on("upgrade", (_request, socket) => {
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${there}/new\r\nContent-Length: 0\r\n\r\n`);
    });
    expect(await first(await open(local(await portOf(http))))).toBe("here you are");
  });
});

test("a redirect from wss to ws is followed by ws, without credentials, and refused by Hawser", async () => {
  const { key, cert } = certificateFor("localhost");
  const there = await peerServer((ws, { headers }) => ws.send(headers.authorization ?? "nobody"));
  const https = createHttpsServer({ key, cert });
  https.on("upgrade", (_request, socket) => {
    socket.end(`HTTP/1.1 302 Found\r\nLocation: ${there}\r\nContent-Length: 0\r\n\r\n`);
  });
  const url = `wss://localhost:${await portOf(https)}`;
  const headers = { Authorization: "Bearer s3cret" };
  expect(await first(new WebSocket(url, { ca: cert, followRedirects: true, headers }))).toBe("nobody");
  const refused = connect(url, { tls: { ca: cert }, redirects: 1, headers });
  await expect(refused).rejects.toThrow("the server redirects from wss to ws");
});

describe("a certificate of one's own", () => {
  const { key, cert } = certificateFor("localhost");
  const ca = cert;

  async function viaWs(url: string) {
    // #region tls: ws
    const ws = new WebSocket(url, { ca });
    // #endregion
    return ws;
  }

  async function viaHawser(url: string) {
    // #region tls: Hawser
    const ws = await connect(url, { tls: { ca } });
    // #endregion
    return ws;
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, open) => {
    const https = createHttpsServer({ key, cert });
    new WebSocketServer({ server: https }).on("connection", (ws) => ws.send("welcome"));
    expect(await first(await open(`wss://localhost:${await portOf(https)}`))).toBe("welcome");
  });
});

describe("a proxy", () => {
  async function viaWs(url: string, proxy: string) {
    // #region proxy: ws
    const ws = new WebSocket(url, { agent: new HttpsProxyAgent(proxy) });
    // #endregion
    return ws;
  }

  async function viaHawser(url: string, proxy: string) {
    // #region proxy: Hawser
    const ws = await connect(url, { proxy }); // its URL, an agent, or "environment"
    // #endregion
    return ws;
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, open) => {
    const asked: unknown[] = [];
    const http = createHttpServer();
    http.on("connect", (request, socket) => {
      asked.push(request.url);
      const target = new URL(`http://${request.url}`);
      const onward = net.connect(Number(target.port), target.hostname, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(onward).pipe(socket);
      });
      for (const end of [socket, onward]) end.on("error", () => undefined);
    });
    const url = await peerServer((ws) => ws.send("welcome"));
    expect(await first(await open(url, `http://127.0.0.1:${await portOf(http)}`))).toBe("welcome");
    expect(asked).toEqual([new URL(url).host]);
  });
});

describe("a stream of one's own", () => {
  async function viaWs(tunnel: number) {
    // #region create connection: ws
    const ws = new WebSocket("ws://inner.example/", {
      createConnection: () => net.connect(tunnel, "127.0.0.1"),
    });
    // #endregion
    return ws;
  }

  async function viaHawser(tunnel: number) {
    // #region create connection: Hawser
    const ws = await connect("ws://inner.example/", {
      createConnection: () => net.connect(tunnel, "127.0.0.1"),
    });
    // #endregion
    return ws;
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, open) => {
    const url = await peerServer((ws) => ws.send("welcome"));
    expect(await first(await open(Number(new URL(url).port)))).toBe("welcome");
  });
});

describe.skipIf(process.platform === "win32")("a Unix socket", () => {
  async function viaWs(path: string) {
    // #region unix: ws
    const ws = new WebSocket(`ws+unix:${path}:/chat?room=a`);
    // #endregion
    return ws;
  }

  async function viaHawser(path: string) {
    // #region unix: Hawser
    const ws = await connect(`ws+unix:${path}:/chat?room=a`);
    // #endregion
    return ws;
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, open) => {
    const folder = mkdtempSync(join(tmpdir(), "hawser-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const http = createHttpServer();
    onTestFinished(() => void http.close());
    new WebSocketServer({ server: http }).on("connection", (ws, request) => ws.send(request.url ?? ""));
    http.listen(join(folder, "s"));
    await once(http, "listening");
    expect(await first(await open(join(folder, "s")))).toBe("/chat?room=a");
  });
});
