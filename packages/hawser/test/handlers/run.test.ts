// run: sessions and hooks on a connection, to its end, whatever they throw (R7, R8, R11).
import { setImmediate as turn } from "node:timers/promises";
import {
  type AnyConnection,
  ConnectionClosedError,
  defineBehaviour,
  defineHandler,
  type Handler,
  noreply,
  type RunOptions,
  reply,
  run,
  testPair,
} from "hawser";
import { describe, expect, test } from "vitest";
import { pumpOf } from "../../src/connection/connection.ts";
import { deferred, pairOf, stateOf, turns } from "../connection/support.ts";

/** Keeps what goes to onError. */
function faults() {
  const heard: unknown[] = [];
  const onError = (error: unknown, connection: AnyConnection | undefined) =>
    void heard.push([error, connection]);
  return { heard, onError };
}

describe("a session", () => {
  test("owns the connection; when it returns, the connection is closed with 1000", async () => {
    const { server, client } = pairOf();
    const done = run(server, async (ws) => {
      ws.send(`hello ${String(await ws.receive())}`);
    });
    client.send("ann");
    expect(await client.receive()).toBe("hello ann");
    const report = await done;
    expect(report).toMatchObject({ code: 1000, clean: true, cause: "close", initiator: "local" });
    expect(report).toBe(await server.closed);
  });

  test("may be synchronous, and may have closed by itself", async () => {
    const { server, client } = pairOf();
    const done = run(server, (ws) => void ws.close(4000, "mine"));
    expect(await done).toMatchObject({ code: 4000, reason: "mine" });
    expect((await client.closed).code).toBe(4000);
  });

  test.each([
    [
      "throws",
      (error: Error) => () => {
        throw error;
      },
    ],
    ["rejects", (error: Error) => () => Promise.reject(error)],
    [
      "throws later",
      (error: Error) => async () => {
        await turn();
        throw error;
      },
    ],
  ])("that %s closes with 1011, and tells the peer nothing more", async (_, make) => {
    const { server, client } = pairOf();
    const error = new Error("secret");
    const { heard, onError } = faults();
    expect(await run(server, make(error), { onError })).toMatchObject({
      code: 1011,
      reason: "internal error",
      cause: "fault",
      error,
      initiator: "local",
      phase: "open",
      clean: false,
      sent: { code: 1011, reason: "internal error" },
    });
    expect(heard).toEqual([[error, server]]);
    expect(await client.closed).toMatchObject({ code: 1011, reason: "internal error", cause: "close" });
  });

  test("that throws nothing at all has thrown all the same", async () => {
    const { server } = pairOf();
    const { heard, onError } = faults();
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what this is about
    const done = run(server, () => Promise.reject(undefined), { onError });
    expect(await done).toMatchObject({ cause: "fault", error: undefined });
    expect(heard).toEqual([[undefined, server]]);
  });

  test("whose own connection ends abnormally has ended normally", async () => {
    const { server, client } = pairOf();
    const { heard, onError } = faults();
    const done = run(
      server,
      async (ws) => {
        for await (const message of ws) ws.send(message);
      },
      { onError },
    );
    void client.close(4000);
    expect(await done).toMatchObject({ code: 4000, cause: "close" });
    expect(heard).toEqual([]);
  });

  test("that lets a ping's rejection escape has ended normally too", async () => {
    const { server, client } = pairOf();
    const { heard, onError } = faults();
    const done = run(server, (ws) => ws.ping(), { onError });
    void client.terminate();
    expect((await done).cause).toBe("lost");
    expect(heard).toEqual([]);
  });

  test.each(["error", "cause"])("stopped by its own signal (as %s) has ended normally", async (as) => {
    const { server, client } = pairOf();
    const { heard, onError } = faults();
    const done = run(
      server,
      async ({ signal }) => {
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () =>
            reject(as === "error" ? signal.reason : new Error("stopped", { cause: signal.reason })),
          );
        });
      },
      { onError },
    );
    void client.close(1001);
    expect(await done).toMatchObject({ code: 1001, clean: true });
    expect(heard).toEqual([]);
  });

  test("aborted by another signal has failed", async () => {
    const { server } = pairOf();
    const { heard, onError } = faults();
    const done = run(server, (ws) => ws.receive({ signal: AbortSignal.abort() }), { onError });
    expect((await done).cause).toBe("fault");
    expect(heard).toHaveLength(1);
  });

  test("that lets another connection's end escape has failed", async () => {
    const one = pairOf();
    const other = pairOf();
    const { heard, onError } = faults();
    const done = run(one.server, () => other.server[Symbol.asyncIterator]().next(), { onError });
    void other.client.terminate();
    expect(await done).toMatchObject({ code: 1011, cause: "fault" });
    expect(heard).toEqual([[expect.any(ConnectionClosedError), one.server]]);
  });

  test("on a connection that has ended takes what is left", async () => {
    const { server, client } = pairOf();
    client.send("left");
    await client.close();
    await server.closed;
    const got: unknown[] = [];
    const done = run(server, async (ws) => {
      for await (const message of ws) got.push(message);
    });
    expect(await done).toBe(await server.closed);
    expect(got).toEqual(["left"]);
  });

  test("that fails after the end of its connection is reported, and changes nothing", async () => {
    const { server, client } = pairOf();
    const { heard, onError } = faults();
    const done = run(
      server,
      async (ws) => {
        await ws.closed;
        throw new Error("late");
      },
      { onError },
    );
    void client.close(1000);
    expect(await done).toMatchObject({ code: 1000, cause: "close" });
    expect(heard).toHaveLength(1);
  });
});

describe("hooks", () => {
  test("open, each message in order, close last and once, with the report", async () => {
    const { server, client } = pairOf();
    const calls: unknown[] = [];
    client.send("before");
    await turns();
    const done = run(
      server,
      defineHandler({
        open: (ws) => void calls.push(["open", ws]),
        message: (ws, message) => void calls.push(["message", ws, message]),
        close: (ws, report) => void calls.push(["close", ws, report]),
      }),
    );
    client.send("after");
    client.send(new Uint8Array([1]));
    await turns();
    void client.close(4000);
    const report = await done;
    expect(calls).toEqual([
      ["open", server],
      ["message", server, "before"],
      ["message", server, "after"],
      ["message", server, new Uint8Array([1])],
      ["close", server, report],
    ]);
    expect(report).toBe(await server.closed);
    await turns();
    expect(calls).toHaveLength(5);
  });

  test("that return nothing are called one after another in the turn the bytes came", async () => {
    const { server, client } = pairOf();
    const calls: string[] = [];
    void run(
      server,
      defineHandler({
        message(_, message) {
          calls.push(String(message));
          // Were there a promise between one hook and the next, this would come between them.
          queueMicrotask(() => calls.push("microtask"));
        },
      }),
    );
    for (const text of ["1", "2", "3"]) client.send(text);
    await turns();
    expect(calls).toEqual(["1", "2", "3", "microtask", "microtask", "microtask"]);
  });

  test("run synchronously from the bytes to the answer", async () => {
    const { server, client, toServer } = pairOf();
    let answered = 0;
    void run(
      server,
      defineHandler({
        message(ws, message) {
          ws.send(message);
          answered += 1;
        },
      }),
    );
    client.send("x");
    await turns(1);
    while (toServer.delivered === 0) await turns(1);
    expect(answered).toBe(1);
  });

  test("an async hook holds the next, of whatever kind", async () => {
    const { server, client } = pairOf();
    const [opened, handled, closed] = [deferred(), deferred(), deferred()];
    const calls: string[] = [];
    const done = run(
      server,
      defineHandler({
        open: () => opened.promise,
        message(_, message) {
          calls.push(String(message));
          return message === "1" ? handled.promise : undefined;
        },
        close() {
          calls.push("close");
          return closed.promise;
        },
      }),
    );
    for (const text of ["1", "2", "3"]) client.send(text);
    await turns();
    expect(calls).toEqual([]);
    opened.resolve();
    await turns();
    expect(calls).toEqual(["1"]);
    void client.close();
    await server.closed;
    await turns();
    expect(calls).toEqual(["1"]);
    handled.resolve();
    await turns();
    expect(calls).toEqual(["1", "2", "3", "close"]);
    expect(await stateOf(done)).toBe("pending");
    closed.resolve();
    expect(await done).toBe(await server.closed);
  });

  test("any thenable is waited for, even one whose then gives nothing", async () => {
    const { server, client } = pairOf();
    const calls: string[] = [];
    const settle: (() => void)[] = [];
    const { heard, onError } = faults();
    void run(
      server,
      defineHandler({
        message(_, message) {
          calls.push(String(message));
          // biome-ignore lint/suspicious/noThenProperty: what this is about
          return { then: (resolve: () => void) => void settle.push(resolve) };
        },
      }),
      { onError },
    );
    client.send("1");
    client.send("2");
    await turns();
    expect(calls).toEqual(["1"]);
    settle[0]?.();
    await turns();
    expect(calls).toEqual(["1", "2"]);
    expect(heard).toEqual([]);
    settle[1]?.();
  });

  test("the inbox bounds what waits for a slow one", async () => {
    const { server, client, toServer } = pairOf({ server: { limits: { inbox: 1000 } } });
    const busy = deferred();
    const done = run(server, defineHandler({ message: () => busy.promise }));
    toServer.split = 100;
    for (let sent = 0; sent < 200; sent += 1) client.send("x".repeat(94));
    await turns(150);
    expect(toServer.delivered).toBeLessThan(1200);
    busy.resolve();
    void client.close();
    expect((await done).messages.received).toBe(200);
  });

  test("without a message hook, messages are read and dropped", async () => {
    const { server, client } = pairOf({ server: { limits: { inbox: 100 } } });
    let opened = 0;
    const done = run(
      server,
      defineHandler({
        open() {
          opened += 1;
        },
      }),
    );
    for (let sent = 0; sent < 100; sent += 1) client.send("x".repeat(100));
    await client.close();
    expect((await done).messages.received).toBe(100);
    expect(opened).toBe(1);
  });

  test("an empty handler works", async () => {
    const { server, client } = pairOf();
    const done = run(server, {});
    client.send("x");
    void client.close(4000);
    expect((await done).code).toBe(4000);
  });

  test("open may receive by itself, and so may message", async () => {
    const { server, client } = pairOf();
    const calls: unknown[] = [];
    const done = run(
      server,
      defineHandler({
        async open(ws) {
          calls.push(["open", await ws.receive()]);
        },
        async message(ws, message) {
          calls.push([message, await ws.receive()]);
        },
        close: () => void calls.push("close"),
      }),
    );
    for (const text of ["login", "1", "2", "3"]) client.send(text);
    await turns();
    void client.close();
    await done;
    expect(calls).toEqual([["open", "login"], ["1", "2"], ["3", undefined], "close"]);
  });

  test("without message, open may receive by itself as well", async () => {
    const { server, client } = pairOf();
    const calls: unknown[] = [];
    const done = run(
      server,
      defineHandler({
        async open(ws) {
          for await (const message of ws) {
            calls.push(message);
            if (message === "2") break;
          }
        },
      }),
    );
    for (const text of ["1", "2", "3"]) client.send(text);
    await turns();
    void client.close();
    await done;
    expect(calls).toEqual(["1", "2"]);
  });

  test("on a connection that has ended: open, what is left, close", async () => {
    const { server, client } = pairOf();
    client.send("left");
    await client.close();
    await server.closed;
    const calls: unknown[] = [];
    const done = run(
      server,
      defineHandler({
        open: (ws) => void calls.push(ws.phase),
        message: (_, message) => void calls.push(message),
        close: (_, report) => void calls.push(report.code),
      }),
    );
    expect(calls).toEqual(["closed", "left", 1000]);
    expect(await done).toBe(await server.closed);
  });

  test("close comes though the connection ended while open was not done", async () => {
    const { server, client } = pairOf();
    const opened = deferred();
    const calls: string[] = [];
    const done = run(
      server,
      defineHandler({ open: () => opened.promise, close: () => void calls.push("close") }),
    );
    await client.terminate();
    await server.closed;
    expect(calls).toEqual([]);
    opened.resolve();
    await done;
    expect(calls).toEqual(["close"]);
  });

  test("one handler at a time, and any number of sessions inside one another", async () => {
    const { server, client } = pairOf();
    const done = run(server, async (outer) => {
      const inner = run(outer, defineHandler({ message: (ws, message) => void ws.send(message) }));
      expect(() => run(outer, {})).toThrow(
        new Error("another handler takes the messages of this connection"),
      );
      expect(await inner).toMatchObject({ code: 4000 });
    });
    client.send("echo");
    expect(await client.receive()).toBe("echo");
    void client.close(4000);
    expect((await done).code).toBe(4000);
  });

  test("on both ends", async () => {
    const { server, client } = pairOf();
    const heard: string[] = [];
    const both = Promise.all([
      run(server, defineHandler({ message: (ws, message) => void ws.send(`${String(message)}!`) })),
      run(client, async (ws) => {
        ws.send("a");
        heard.push(String(await ws.receive()));
      }),
    ]);
    const [ours, theirs] = await both;
    expect(heard).toEqual(["a!"]);
    expect([ours.initiator, theirs.initiator]).toEqual(["peer", "local"]);
  });
});

describe("faults of hooks", () => {
  const error = new Error("ours");
  const fail = {
    sync: () => {
      throw error;
    },
    async: async () => {
      await turn();
      throw error;
    },
  };

  describe.each(["sync", "async"] as const)("%s", (how) => {
    test("open: 1011, no message, close", async () => {
      const { server, client } = pairOf();
      const { heard, onError } = faults();
      const calls: unknown[] = [];
      client.send("x");
      await turns();
      const done = run(
        server,
        defineHandler({
          open: fail[how],
          message: (_, message) => void calls.push(message),
          close: (_, report) => void calls.push(report.code),
        }),
        { onError },
      );
      expect(await done).toMatchObject({ code: 1011, cause: "fault", error });
      expect(heard).toEqual([[error, server]]);
      expect(calls).toEqual([1011]);
      expect(await client.closed).toMatchObject({ code: 1011, reason: "internal error" });
    });

    test("message: 1011, no further message, close", async () => {
      const { server, client } = pairOf();
      const { heard, onError } = faults();
      const calls: unknown[] = [];
      const done = run(
        server,
        defineHandler({
          message(_, message) {
            calls.push(message);
            return message === "2" ? fail[how]() : undefined;
          },
          close: (_, report) => void calls.push(report.code),
        }),
        { onError },
      );
      for (const text of ["1", "2", "3", "4"]) client.send(text);
      expect(await done).toMatchObject({ code: 1011, cause: "fault", error, phase: "open" });
      expect(heard).toEqual([[error, server]]);
      expect(calls).toEqual(["1", "2", 1011]);
    });

    test("close: reported, and the report stays as it is", async () => {
      const { server, client } = pairOf();
      const { heard, onError } = faults();
      const done = run(server, defineHandler({ close: fail[how] }), { onError });
      void client.close(4000);
      expect(await done).toMatchObject({ code: 4000, cause: "close", error: undefined });
      expect(heard).toEqual([[error, server]]);
    });

    test("message and close: both are reported", async () => {
      const { server, client } = pairOf();
      const { heard, onError } = faults();
      const done = run(server, defineHandler({ message: fail[how], close: fail[how] }), { onError });
      client.send("x");
      await done;
      expect(heard).toHaveLength(2);
    });
  });

  test("a hook that fails because its own connection ended is no fault", async () => {
    const { server, client } = pairOf();
    const { heard, onError } = faults();
    const done = run(server, defineHandler({ message: (ws) => ws.ping() }), { onError });
    client.send("x");
    await turns(1);
    void client.terminate();
    expect((await done).cause).toBe("lost");
    expect(heard).toEqual([]);
  });

  test("a getter named then may throw", async () => {
    const { server, client } = pairOf();
    const { heard, onError } = faults();
    // biome-ignore lint/suspicious/noThenProperty: what this is about
    const trap = Object.defineProperty({}, "then", {
      get() {
        throw error;
      },
    });
    const done = run(server, defineHandler({ message: () => trap }), { onError });
    client.send("x");
    expect((await done).code).toBe(1011);
    expect(heard).toEqual([[error, server]]);
  });

  test("R7: one connection's fault is no other's", async () => {
    const [bad, good] = [pairOf(), pairOf()];
    const handler = defineHandler({
      message(ws, message) {
        if (message === "bad") throw error;
        ws.send(message);
      },
    });
    for (const { server } of [bad, good]) void run(server, handler, { onError: () => undefined });
    bad.client.send("bad");
    good.client.send("good");
    expect(await good.client.receive()).toBe("good");
    expect((await bad.client.closed).code).toBe(1011);
    expect(good.server.phase).toBe("open");
  });
});

describe("the handshake", () => {
  const headers = { "X-Room": "blue" };

  test("is whole until open has returned; afterwards what keep names is left", async () => {
    const { server } = pairOf({ headers });
    const [opened, closed] = [deferred(), deferred()];
    const seen: unknown[] = [];
    const look = (ws: AnyConnection) =>
      seen.push([
        ws.request.headers.get("x-room"),
        ws.request.headers.get("host"),
        ws.response.headers.get("upgrade"),
      ]);
    void run(
      server,
      defineHandler({
        open(ws) {
          look(ws);
          return opened.promise.then(() => look(ws));
        },
        close(ws) {
          look(ws);
          closed.resolve();
        },
      }),
      { keep: ["x-room"] },
    );
    opened.resolve();
    await turns(1);
    look(server);
    void server.terminate();
    await closed.promise;
    expect(seen).toEqual([
      ["blue", "test", "websocket"],
      ["blue", "test", "websocket"],
      ["blue", undefined, undefined],
      ["blue", undefined, undefined],
    ]);
  });

  test("is whole until a session first waits", async () => {
    const { server } = pairOf({ headers });
    const seen: unknown[] = [];
    await run(server, async (ws) => {
      seen.push(ws.request.headers.get("x-room"));
      await turn();
      seen.push(ws.request.headers.get("x-room"));
    });
    expect(seen).toEqual(["blue", undefined]);
  });
});

describe("accepts", () => {
  test("of the handler is that of the connection, or is not given", async () => {
    const { server, client } = pairOf({ server: { accepts: "text" } });
    const heard: string[] = [];
    const done = run(
      server,
      defineHandler({ accepts: "text", message: (_, message) => void heard.push(message.toUpperCase()) }),
    );
    client.send("a");
    await turns();
    void client.close();
    await done;
    expect(heard).toEqual(["A"]);
  });

  test.each([
    ["text", undefined, "the handler of run() accepts only text, and this connection both kinds"],
    ["binary", "text", "the handler of run() accepts only binary, and this connection only text"],
  ] as const)("%s on a connection with %s is said at the call", (accepts, connection, message) => {
    const { server } = pairOf(connection === undefined ? {} : { server: { accepts: connection } });
    expect(() => run(server, { accepts })).toThrow(new TypeError(message));
  });
});

describe("a handler with a path", () => {
  const chat = defineHandler("/chat/:room", {
    message: (ws, message) => void ws.send(`${ws.request.params.room}: ${String(message)}`),
  });

  test("fills in what the path of the request matches, at either end", async () => {
    const { server, client } = testPair({ target: "/chat/a%20b?since=7" });
    const game = defineBehaviour("/:kind/*", {
      init: ({ params }) => params,
      handle: (event, params) =>
        event.type === "text" ? reply(JSON.stringify(params), params) : noreply(params),
    });
    const done = [run(server, chat), run(client, game)];
    expect(server.request.params).toEqual({ room: "a b" });
    expect(client.request.params).toEqual({ kind: "chat", "*": "a b" });
    server.send("who are you?");
    await turns();
    await Promise.all([client.close(), ...done]);
  });

  test("ends a connection that has asked for another path, and throws at nobody", async () => {
    const opened: unknown[] = [];
    const noted = defineHandler("/chat/:room", { open: (ws) => void opened.push(ws) });
    for (const handler of [chat, noted, { path: "/chat", session: () => void opened.push("session") }]) {
      const { heard, onError } = faults();
      const { server, client } = testPair({ target: "/other" });
      expect(await run(server, handler, { onError })).toMatchObject({ code: 1011, cause: "fault" });
      expect(await client.closed).toMatchObject({ code: 1011 });
      const { path } = handler;
      const error = new TypeError(
        `the handler of run() is for "${path}", and the connection has asked for "/other"`,
      );
      expect(heard).toEqual([[error, server]]);
    }
    expect(opened).toEqual([]);
  });
});

describe("what is wrong is said at the call", () => {
  test.each([
    [
      5,
      {},
      "the handler of run() must be a session (a function), a handler (an object with hooks) or a behaviour (one with init and handle), not the number 5",
    ],
    [
      { opne() {} },
      {},
      'the handler of run() has no option "opne"; there are accepts, subprotocols, limits, timeouts, coupled, compression, origins, versions, ambiguous, path, upgrade, session, open, message, close',
    ],
    [{}, { onerror() {} }, 'run() has no option "onerror"; there are onError, keep'],
    [{}, { onError: "log" }, 'onError must be a function, not the string "log"'],
    [{}, { keep: "x-room" }, 'keep must be an array of header names, not the string "x-room"'],
    [{}, { keep: [5] }, "keep must be an array of header names, not an instance of Array"],
  ])("%o, %o", (handler, options, message) => {
    const { server } = pairOf();
    expect(() => run(server, handler as unknown as Handler, options as RunOptions)).toThrow(
      new TypeError(message),
    );
    expect(pumpOf(server).wire.phase).toBe("open");
  });
});
