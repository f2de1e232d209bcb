// Several of ours at one http.Server: every upgrade is heard by all of them, and answered by one.
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type ServeOptions, type Session, serve, upgrade } from "hawser";
import { expect, test } from "vitest";
import { masked } from "../support/frames.ts";
import { certificateFor } from "./support/certificates.ts";
import { Guard } from "./support/guard.ts";
import { mirror, mirrored } from "./support/mirror.ts";
import type { Target } from "./support/peer.ts";
import { plainRequest, request, requestFor } from "./support/requests.ts";
import { echo } from "./support/ways-in.ts";

const guard = new Guard();

/** A session that says whose it is, and then echoes. */
function named(name: string, ran: string[]): Session {
  return (ws) => {
    ran.push(name);
    ws.send(name);
    return echo(ws);
  };
}

async function start(http: HttpServer, session: Session, options: Partial<ServeOptions> = {}) {
  const server = await serve({ port: 0, host: "127.0.0.1", http, ...options }, session);
  guard.closing(server);
  const target: Target = { port: server.port, tls: options.tls && { rejectUnauthorized: false } };
  return { server, target };
}

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

/** Asks for a WebSocket on a connection that was kept: a second answer would be no frame, and come before the echo. */
async function keptThenUpgraded(target: Target, name: string): Promise<void> {
  const peer = await guard.peer(target, plainRequest("/kept"));
  expect((await peer.answer()).body).toBe(mirrored("GET /kept"));
  peer.write(request());
  await peer.opened();
  expect(await peer.message()).toBe(name);
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  await peer.echo("hello");
  expect(peer.text).toBe("");
}

test("two servers share an http.Server: who handed the socket on answers", async () => {
  const http = createServer(mirror);
  const ran: string[] = [];
  const plain = await start(http, named("plain", ran));
  const secure = await start(http, named("secure", ran), { tls: certificateFor("localhost") });
  await keptThenUpgraded(plain.target, "plain");
  await keptThenUpgraded(secure.target, "secure");
  expect(ran).toEqual(["plain", "secure"]);
  const [, ws] = [...plain.server, ...secure.server];
  expect(ws?.request.secure).toBe(true);
  for (const { server } of [plain, secure]) {
    expect(server.stats()).toMatchObject({ connections: 1, accepted: 1, refused: 0, handshakes: 0 });
  }
  const h2c = await guard.peer(
    secure.target,
    plainRequest("/h2c", "Connection: Upgrade\r\nUpgrade: h2c\r\n"),
    plainRequest("/next"),
  );
  expect((await h2c.answer()).body).toBe(mirrored("GET /h2c"));
  expect((await h2c.answer()).body).toBe(mirrored("GET /next"));
  h2c.socket.destroy();
  // A socket of its own is nobody's: one of them answers, and another when that one is gone.
  const own = await listen(http);
  await keptThenUpgraded(own, "plain");
  await plain.server.close({ deadline: 1 });
  await keptThenUpgraded(own, "secure");
  expect(ran).toEqual(["plain", "secure", "plain", "secure"]);
});

test("an endpoint and a server share an http.Server: each answers on the sockets of its side", async () => {
  const http = createServer(mirror);
  const ran: string[] = [];
  const endpoint = upgrade(http, { resources: { "/": named("endpoint", ran) } });
  guard.closing(endpoint);
  const router = upgrade(null, {}, named("router", ran));
  guard.closing(router);
  const { server, target } = await start(http, named("server", ran));
  await keptThenUpgraded(target, "server");
  expect(ran).toEqual(["server"]);
  expect(endpoint.stats()).toMatchObject({ accepted: 0, refused: 0, handshakes: 0 });
  const own = await listen(http);
  await keptThenUpgraded(own, "endpoint");
  expect(ran).toEqual(["server", "endpoint"]);
  // The server is no stranger to the endpoint: what has no handler is 404, and what is no WebSocket goes to the application.
  const nobody = await guard.peer(own, requestFor("/nobody"), masked.text("early"));
  expect((await nobody.answer()).status).toBe(404);
  await nobody.over();
  const h2c = await guard.peer(own, plainRequest("/", "Connection: Upgrade\r\nUpgrade: h2c\r\n"));
  expect((await h2c.answer()).body).toBe(mirrored("GET /"));
  expect(guard.stderr).toBe("");
  // A router that hands everything to handle() is heard on no socket of the server.
  http.prependListener("upgrade", (asked, socket, head) => {
    if (asked.url === "/routed") router.handle(asked, socket, head);
  });
  const routed = await guard.peer(target, plainRequest("/kept"));
  await routed.answer();
  routed.write(requestFor("/routed"));
  await routed.opened();
  expect(await routed.message()).toBe("server");
  await routed.echo("hello");
  expect(ran).toEqual(["server", "endpoint", "server"]);
  expect(server.stats()).toMatchObject({ accepted: 2, refused: 0 });
  expect(router.stats()).toMatchObject({ accepted: 0, handshakes: 0 });
});
