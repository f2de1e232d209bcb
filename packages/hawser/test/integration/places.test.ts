// Every place to listen at, and every stream to accept on.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { fileURLToPath } from "node:url";
import { acceptStream, type CloseReport, type Connection, type Message, serve, upgrade } from "hawser";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { certificateFor } from "../serve/support/certificates.ts";
import { Mailbox } from "../support/mailbox.ts";

const tls = certificateFor("localhost");

/** Sends one message to an echo and closes. */
async function roundTrip(url: string, message = "滴水之恩"): Promise<string> {
  const ws = new WebSocket(url, { rejectUnauthorized: false });
  await once(ws, "open");
  const answer = once(ws, "message");
  ws.send(message);
  const [data] = await answer;
  const closed = once(ws, "close");
  ws.close(1000, "done");
  await closed;
  return String(data);
}

const echo = async (ws: Connection<Message, unknown>) => {
  for await (const message of ws) ws.send(message);
};

async function listening<Kind extends NetServer>(server: Kind): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  });
  return (server.address() as AddressInfo).port;
}

test("serve under TLS", async () => {
  const server = await serve({ port: 0, host: "127.0.0.1", tls }, echo);
  expect(server.url).toBe(`wss://127.0.0.1:${server.port}`);
  expect(await roundTrip(server.url)).toBe("滴水之恩");
  await server.close();
});

test("serve on a Unix socket, which is gone afterwards", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, "app.sock");
  for (let round = 0; round < 2; round += 1) {
    const server = await serve({ socketPath }, echo);
    expect(server.url).toBe(`ws+unix:${socketPath}`);
    expect(await roundTrip(`${server.url}:/any`)).toBe("滴水之恩");
    expect(await server.close()).toEqual({ closed: 0, terminated: 0, lost: 0 });
  }
});

test.each([
  ["a net.Server", () => createServer({ allowHalfOpen: true }), "ws"],
  ["a tls.Server", () => createTlsServer(tls), "wss"],
] as const)("serve on %s of the caller's", async (_what, create, scheme) => {
  const listener = create();
  const server = await serve({ listener: listener.listen(0, "127.0.0.1") }, echo);
  expect(server.url).toBe(`${scheme}://127.0.0.1:${server.port}`);
  expect(await roundTrip(server.url)).toBe("滴水之恩");
  await server.close();
  expect(listener.listening).toBe(false);
});

test("serve on a descriptor that another process handed over", async () => {
  const listener = createServer();
  const port = await listening(listener);
  // As a service manager does it: the child inherits the socket that listens already.
  const { fd } = (listener as unknown as { _handle: { fd: number } })._handle;
  const script = fileURLToPath(new URL("./serve-on-fd.mjs", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", script], {
    stdio: ["ignore", "pipe", "inherit", fd],
  });
  const gone = once(child, "exit");
  onTestFinished(() => {
    child.kill();
  });
  const [line] = await once(child.stdout!, "data");
  expect(String(line)).toBe(`port ${port}\n`);
  listener.close();
  expect(await roundTrip(`ws://127.0.0.1:${port}`)).toBe("滴水之恩");
  child.kill("SIGTERM");
  expect(await gone).toEqual([0, null]);
});

test.each([
  ["http", () => createHttpServer(), "ws"],
  ["https", () => createHttpsServer(tls), "wss"],
] as const)("upgrade on %s", async (_what, create, scheme) => {
  const http = create();
  const endpoint = upgrade(http, {}, echo);
  const port = await listening(http);
  expect(await roundTrip(`${scheme}://127.0.0.1:${port}/any`)).toBe("滴水之恩");
  expect(endpoint.stats()).toMatchObject({ accepted: 1 });
  await endpoint.close();
});

test.each([
  ["a net.Server", () => createServer(), "ws"],
  ["a tls.Server", () => createTlsServer(tls), "wss"],
] as const)("acceptStream on the sockets of %s", async (_what, create, scheme) => {
  const listener = create();
  const reports = new Mailbox<CloseReport>();
  const answer = async (socket: Socket) => {
    const pending = await acceptStream(socket, { accepts: "text" });
    if (!pending.ok) return;
    expect(pending.request).toMatchObject({ path: "/any", secure: scheme === "wss" });
    const ws = await pending.accept();
    for (let message = await ws.receive(); message !== undefined; message = await ws.receive())
      ws.send(`${message}, MEOW!`);
    reports.put(await ws.closed);
  };
  listener.on(scheme === "wss" ? "secureConnection" : "connection", (socket) => void answer(socket));
  const port = await listening(listener);
  expect(await roundTrip(`${scheme}://127.0.0.1:${port}/any`)).toBe("滴水之恩, MEOW!");
  expect(await reports.take()).toMatchObject({ code: 1000, reason: "done", clean: true, initiator: "peer" });
});
