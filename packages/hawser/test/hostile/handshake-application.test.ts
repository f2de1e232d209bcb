// Handshakes in which the application is wrong: nothing of it harms the client, and nothing of it is lost.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { type AcceptOptions, acceptStream, type PendingHandshake, refuse, serve, upgrade } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { Guard } from "../serve/support/guard.ts";
import type { Peer } from "../serve/support/peer.ts";
import { request, requestFor } from "../serve/support/requests.ts";
import { echo, ways } from "../serve/support/ways-in.ts";

const guard = new Guard();
const offer = { "Sec-WebSocket-Protocol": "chat.v1, chat.v2" };

/** Answers that no hook may give, and what the TypeError says. */
const wrongAnswers: readonly (readonly [row: string, what: string, answer: unknown, message: RegExp])[] = [
  [
    "H47",
    "a subprotocol that was not offered",
    { subprotocol: "chat.v3" },
    /"chat\.v3".*"chat\.v1", "chat\.v2"/,
  ],
  ["H47", "a name that is no option", { subprotocl: "chat.v1" }, /"subprotocl".*state, subprotocol, headers/],
  ["H48", "CRLF in a header", { headers: { "X-A": "b\r\nX-C: d" } }, /X-A/],
  ["H48", "CRLF in the name of a header", { headers: { "X-A\r\nB": "c" } }, /header name/],
  ["H48", "CRLF in a subprotocol", { subprotocol: "chat.v1\r\nX-A: b" }, /was not offered/],
  ["H48", "a header of the handshake itself", { headers: { Connection: "close" } }, /"Connection"/],
  ["H48", "a body announced", { headers: { "Content-Length": "5" } }, /"Content-Length"/],
];

describe.each(["serve", "upgrade"] as const)("by %s", (name) => {
  test.each(wrongAnswers)(
    "%s: a hook that answers with %s gets 500 for its client",
    async (_row, _what, answer, message) => {
      const host = await guard.host(ways[name], { decide: () => answer as AcceptOptions });
      const peer = await guard.peer(host.target, request({ headers: offer }));
      expect(await peer.answer()).toMatchObject({ status: 500, body: "Internal Server Error" });
      expect(await peer.over()).toBe("fin");
      expect(host.faults).toEqual([expect.any(TypeError)]);
      expect(String(host.faults[0])).toMatch(message);
      expect(host.reports).toEqual([]);
    },
  );

  test.each([false, true, 403, "no", null, Symbol("no")])(
    "H47: a hook that answers %s has said nothing that could be taken for yes",
    async (answer) => {
      const host = await guard.host(ways[name], { decide: () => answer as never });
      const peer = await guard.peer(host.target, request());
      expect((await peer.answer()).status).toBe(500);
      expect(host.faults).toEqual([expect.any(TypeError)]);
    },
  );

  test.each([
    [
      "throws",
      () => {
        throw new Error("a secret");
      },
    ],
    ["rejects", () => Promise.reject(new Error("a secret"))],
    ["rejects with what is no error", () => Promise.reject(Object("a secret"))],
  ])("H50: a hook that %s is answered 500, without a word of why", async (_what, decide) => {
    const host = await guard.host(ways[name], { decide });
    const peer = await guard.peer(host.target, request());
    expect(await peer.answer()).toMatchObject({
      status: 500,
      body: "Internal Server Error",
      headers: { connection: "close" },
    });
    expect(host.faults.map(String)).toEqual([expect.stringContaining("a secret")]);
  });

  test.each([
    ["returns", () => refuse(401, "who are you?", { "WWW-Authenticate": "Bearer" })],
    [
      "throws",
      () => {
        throw Object(refuse(401, "who are you?", { "WWW-Authenticate": "Bearer" }));
      },
    ],
    [
      "rejects with",
      () => Promise.reject(Object(refuse(401, "who are you?", { "WWW-Authenticate": "Bearer" }))),
    ],
  ])("H50: a hook that %s refuse() refuses", async (_what, decide) => {
    const host = await guard.host(ways[name], { decide });
    const peer = await guard.peer(host.target, request());
    expect(await peer.answer()).toMatchObject({
      status: 401,
      body: "who are you?",
      headers: { "www-authenticate": "Bearer" },
    });
    expect(host.faults).toEqual([]);
  });

  test("H50: a function in origins that throws is answered 500", async () => {
    const error = new Error("no list");
    const host = await guard.host(ways[name], {
      origins: () => {
        throw error;
      },
    });
    const peer = await guard.peer(host.target, request({ headers: { Origin: "http://a.example" } }));
    expect((await peer.answer()).status).toBe(500);
    expect(host.faults).toEqual([error]);
  });
});

test.each(["serve", "upgrade"] as const)("H52: a path without a handler is 404, by %s", async (name) => {
  const resources = { "/echo": echo, "/rooms/:room": echo, "/witness": echo };
  let port: number;
  if (name === "serve") {
    const server = await serve({ port: 0, resources });
    guard.closing(server);
    port = server.port;
  } else {
    const http = createHttpServer();
    guard.closing(upgrade(http, { resources }));
    guard.closing(http);
    await once(http.listen(0), "listening");
    port = Number(Object(http.address()).port);
  }
  await guard.witness({ port });
  for (const path of ["/nothing", "/rooms/", "/rooms/%zz", "/Echo", "/echo/", "/__proto__", "/constructor"]) {
    const peer = await guard.peer({ port }, requestFor(path));
    expect(await peer.answer(), path).toMatchObject({ status: 404, headers: { connection: "close" } });
    expect(await peer.over()).toBe("fin");
  }
});

test.each(["serve", "upgrade"] as const)("what a hook refuses with is told, by %s", async (name) => {
  const told: unknown[] = [];
  const listen = (message: unknown) => void told.push(Object(message).error);
  subscribe("hawser:handshake:refused", listen);
  onTestFinished(() => void unsubscribe("hawser:handshake:refused", listen));
  const decide = ({ path }: { path: string }) => (path === "/" ? refuse(400, "no token") : undefined);
  const host = await guard.host(ways[name], { decide });
  const peer = await guard.peer(host.target, request());
  expect(await peer.answer()).toMatchObject({ status: 400, body: "no token" });
  await peer.hangUp();
  expect(told).toMatchObject([{ status: 400, message: "refused with 400: no token", body: "no token" }]);
});

test("H48: refuse() throws at once for what makes no answer", () => {
  expect(() => refuse(403, "no", { "X-A": "b\r\nSet-Cookie: c=d" })).toThrow(TypeError);
  expect(() => refuse(403, "no", { "X\r\n": "b" })).toThrow(TypeError);
  expect(() => refuse(403, "no", { Connection: "keep-alive" })).toThrow(TypeError);
  for (const status of [0, 101, 200, 304, 600, 403.5, Number.NaN])
    expect(() => refuse(status)).toThrow(RangeError);
});

describe("by acceptStream", () => {
  /** A request that waits for its answer, and who asks. */
  async function ask(headers = {}): Promise<{ pending: PendingHandshake; peer: Peer }> {
    const server = createServer();
    guard.closing(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const connection = once(server, "connection");
    const peer = await guard.peer({ port: Number(Object(server.address()).port) }, request({ headers }));
    const [socket] = await connection;
    const pending = await acceptStream(socket);
    if (!pending.ok) throw pending.error;
    return { pending, peer };
  }

  test.each(wrongAnswers)(
    "%s: accept() with %s rejects, and has written nothing",
    async (_row, _what, answer, message) => {
      const { pending, peer } = await ask(offer);
      const error = await pending.accept(answer as AcceptOptions).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TypeError);
      // Its options are not those of a hook's answer in name only.
      expect(String(error)).toMatch(message);
      const ws = await pending.accept({ subprotocol: "chat.v2" });
      expect((await peer.opened()).headers["sec-websocket-protocol"]).toBe("chat.v2");
      ws.send("hello");
      expect(await peer.message()).toBe("hello");
    },
  );

  test("H48: refuse() with CRLF rejects, and has written nothing", async () => {
    const { pending, peer } = await ask();
    await expect(pending.refuse(403, "no", { "X-A": "b\r\nc" })).rejects.toThrow(TypeError);
    await expect(pending.refuse(200)).rejects.toThrow(RangeError);
    const refused = pending.refuse(403, "nö", { "X-A": "b" });
    expect(await peer.answer()).toMatchObject({ status: 403, body: "nö", headers: { "x-a": "b" } });
    await peer.hangUp();
    await refused;
  });

  test("a handshake is answered once", async () => {
    const accepted = await ask();
    await accepted.pending.accept();
    await expect(accepted.pending.accept()).rejects.toThrow("answered before");
    await expect(accepted.pending.refuse(403)).rejects.toThrow("answered before");
    await accepted.peer.opened();
    expect(accepted.peer.text).toBe("");
    const refused = await ask();
    void refused.pending.refuse(403);
    await expect(refused.pending.accept()).rejects.toThrow("answered before");
    expect((await refused.peer.answer()).status).toBe(403);
    expect(refused.peer.text).toBe("");
  });

  test("H50: a function in origins that throws is answered 500, and the caller has the error", async () => {
    const server = createServer();
    guard.closing(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const connection = once(server, "connection");
    const headers = { Origin: "http://a.example" };
    const peer = await guard.peer({ port: Number(Object(server.address()).port) }, request({ headers }));
    const [socket] = await connection;
    const error = new Error("no list");
    const origins = () => {
      throw error;
    };
    await expect(acceptStream(socket, { origins })).rejects.toBe(error);
    expect((await peer.answer()).status).toBe(500);
  });
});
