// How servers close that have handed sockets on to HTTP: who has a request under way gets the answer, the others are dropped.
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type PlainHttp, serve } from "hawser";
import { describe, expect, test } from "vitest";
import { Gate } from "./support/gate.ts";
import { eventually, Guard } from "./support/guard.ts";
import { mirror, mirrored } from "./support/mirror.ts";
import { plainRequest } from "./support/requests.ts";
import { echo } from "./support/ways-in.ts";

const guard = new Guard();

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
    expect(await closing).toEqual({ closed: 0, terminated: 0, lost: 0 });
  });

  const post = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: ";

  test.each([
    ["100-continue, left to Node", `${post}100-continue\r\n\r\nab`, () => createServer(mirror), 200],
    [
      "100-continue, with a listener",
      `${post}100-continue\r\n\r\nab`,
      () =>
        createServer(mirror).on("checkContinue", (asked, response) => {
          // Else Node does not keep the connection, which is what this is about.
          response.writeContinue();
          mirror(asked, response);
        }),
      200,
    ],
    ["something else, left to Node", `${post}more\r\n\r\nab`, () => createServer(mirror), 417],
    [
      "something else, with a listener",
      `${post}more\r\n\r\nab`,
      () => createServer(mirror).on("checkExpectation", mirror),
      200,
    ],
  ])("waits for nobody who expected %s and has his answer", async (_what, bytes, http, status) => {
    const server = await serve({ port: 0, host: "127.0.0.1", http: http() }, echo);
    guard.closing(server);
    const peer = await guard.peer({ port: server.port }, bytes);
    let answer = await peer.answer();
    if (answer.status === 100) answer = await peer.answer();
    expect(answer.status).toBe(status);
    await server.close({ deadline: Number.POSITIVE_INFINITY });
    await peer.over();
  });

  test("drops what is not answered at the deadline", async () => {
    const { server, gate, busy } = await slow((listener) => listener);
    expect(await server.close({ deadline: 1 })).toEqual({ closed: 0, terminated: 0, lost: 0 });
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
