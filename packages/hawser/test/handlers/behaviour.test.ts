// Behaviours: the machine by itself, and what it makes of a connection: events in order, outcomes, faults, and the end.
import {
  type BehaviourEvent,
  type BehaviourInfo,
  close,
  connect,
  defineBehaviour,
  noreply,
  type Outcome,
  ping,
  pong,
  refuse,
  reply,
  run,
  serve,
  testPair,
} from "hawser";
import { describe, expect, test } from "vitest";
import { Guard } from "../serve/support/guard.ts";

const guard = new Guard();

/** Counts its messages, and says how many. */
const counter = defineBehaviour({
  accepts: "text",
  init: () => 0,
  handle: (event, count) =>
    event.type === "text" ? reply(`${event.data} ${count + 1}`, count + 1) : noreply(count),
});

/** Writes its events down, and does what it is told by text. */
function recorder(script: Record<string, () => unknown> = {}, options: { autoPong?: boolean } = {}) {
  const events: BehaviourEvent[] = [];
  let info: BehaviourInfo | undefined;
  const behaviour = defineBehaviour<"text" | "binary", number, unknown>({
    ...options,
    init(given) {
      info = given;
      return 0;
    },
    handle(event, state) {
      events.push(event);
      const name = event.type === "text" ? event.data : event.type;
      const outcome = script[name];
      return (outcome === undefined ? noreply(state + 1) : outcome()) as Outcome<number>;
    },
  });
  return { behaviour, events, info: () => info!, types: () => events.map(({ type }) => type) };
}

test("is a function of event and state, which needs no connection", () => {
  expect(counter.handle({ type: "text", data: "a" }, 4)).toEqual(reply("a 5", 5));
  expect(counter.handle({ type: "notice", value: 7 }, 4)).toEqual(noreply(4));
  expect(close(1, 4000, "bye")).toMatchObject({
    state: 1,
    action: { type: "close", code: 4000, reason: "bye" },
  });
});

test("keeps a state for each connection", async () => {
  const one = testPair({ server: { accepts: "text" } });
  const two = testPair({ server: { accepts: "text" } });
  const done = [run(one.server, counter), run(two.server, counter)];
  one.client.send("a");
  one.client.send("b");
  two.client.send("c");
  expect([await one.client.receive(), await one.client.receive()]).toEqual(["a 1", "b 2"]);
  expect(await two.client.receive()).toBe("c 1");
  await Promise.all([one.client.close(), two.client.close()]);
  expect((await Promise.all(done)).map(({ code }) => code)).toEqual([1000, 1000]);
});

test("hears of everything, in order: messages, pings, pongs, notices, the Close, the end", async () => {
  const { behaviour, events, types } = recorder();
  const { server, client } = testPair();
  const done = run(server, behaviour);
  client.send("text");
  client.send(new Uint8Array([1, 2]));
  const answered = client.ping("are you there?");
  await answered;
  server.notify({ any: "value" });
  const pinged = server.ping("and you?");
  await pinged;
  await client.close(4001, "bye");
  await done;
  expect(types()).toEqual(["text", "binary", "ping", "notice", "pong", "close", "end"]);
  expect(events).toMatchObject([
    { data: "text" },
    { data: new Uint8Array([1, 2]) },
    { data: Buffer.from("are you there?") },
    { value: { any: "value" } },
    { data: Buffer.from("and you?") },
    { code: 4001, reason: "bye" },
    { report: { code: 4001, clean: true, initiator: "peer" } },
  ]);
});

test("does not hear of the pongs that answer keepalive", async () => {
  const { behaviour, types } = recorder();
  const { server, client, clock } = testPair({
    server: { timeouts: { pong: 60_000 } },
    client: { timeouts: { keepalive: Number.POSITIVE_INFINITY } },
  });
  const done = run(server, behaviour);
  clock.advance(25_000);
  await new Promise(setImmediate);
  await client.close();
  await done;
  expect(server.latency).toBeDefined();
  expect(types()).toEqual(["close", "end"]);
});

describe("outcomes", () => {
  test("a list is done in order, and the last state is kept", async () => {
    const states: number[] = [];
    const behaviour = defineBehaviour({
      init: () => 0,
      handle(event, state) {
        states.push(state);
        return event.type === "text"
          ? [reply("one", 1), reply(new Uint8Array([2]), 2), noreply(3)]
          : noreply(state);
      },
    });
    const { server, client } = testPair();
    const done = run(server, behaviour);
    client.send("go");
    expect([await client.receive(), await client.receive()]).toEqual(["one", new Uint8Array([2])]);
    await client.close();
    await done;
    expect(states).toEqual([0, 3, 3]);
  });

  test("ping and pong", async () => {
    const served = recorder({ go: () => [ping(1, "p"), ping(1), pong(1, "q"), pong(1)] });
    const heard = recorder();
    const { server, client } = testPair();
    const done = [run(server, served.behaviour), run(client, heard.behaviour)];
    client.send("go");
    await client.drain();
    await new Promise(setImmediate);
    await server.close();
    await Promise.all(done);
    expect(heard.events.filter(({ type }) => type === "ping" || type === "pong")).toMatchObject([
      { type: "ping", data: Buffer.from("p") },
      { type: "ping", data: Buffer.alloc(0) },
      { type: "pong", data: Buffer.from("q") },
      { type: "pong", data: Buffer.alloc(0) },
    ]);
    expect(served.types()).toEqual(["text", "pong", "pong", "end"]);
  });

  test("close: what comes after it is dropped, and the end comes once", async () => {
    const { behaviour, types } = recorder({ leave: () => [close(1, 4002, "done"), reply("too late", 1)] });
    const { server, client } = testPair();
    const done = run(server, behaviour);
    client.send("leave");
    client.send("unheard");
    const report = await client.closed;
    expect(report).toMatchObject({ code: 4002, reason: "done", messages: { received: 0 } });
    expect(server.notify(1)).toBe(false);
    // What stands behind the close in its list is not even tried.
    expect((await done).unsent.messages).toBe(0);
    expect(types()).toEqual(["text", "end"]);
    expect(server.notify(1)).toBe(false);
  });

  test("that of the end is ignored, whatever it is", async () => {
    const { behaviour } = recorder({ end: () => "nonsense" });
    const { server, client } = testPair();
    const done = run(server, behaviour, { onError: (error) => expect.fail(String(error)) });
    await client.close();
    expect(await done).toMatchObject({ code: 1000, cause: "close" });
  });

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "not undefined"],
    ["a string", "hello", 'not the string "hello"'],
    ["an empty list", [], "not an instance of Array"],
    ["a list with something else in it", [noreply(1), 7], "not the number 7"],
    ["a promise", Promise.resolve(noreply(1)), "not an instance of Promise"],
    ["what looks like one", { action: { type: "noreply" }, state: 1 }, "not an object"],
  ])("%s is none: 1011, and a TypeError that says what is", async (_what, wrong, message) => {
    const { behaviour, types } = recorder({ go: () => wrong });
    const faults: unknown[] = [];
    const { server, client } = testPair();
    const done = run(server, behaviour, { onError: (error) => faults.push(error) });
    client.send("go");
    client.send("unheard");
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(await done).toMatchObject({ cause: "fault" });
    expect(faults).toMatchObject([{ name: "TypeError", message: expect.stringContaining(message) }]);
    expect(types()).toEqual(["text", "end"]);
  });

  test("a data that cannot be sent, and a code that may not be, are faults too", async () => {
    for (const outcome of [
      () => reply(7 as never, 1),
      () => close(1, 1005),
      () => ping(1, "x".repeat(126)),
    ]) {
      const { behaviour } = recorder({ go: outcome });
      const { server, client } = testPair();
      const done = run(server, behaviour, { onError: () => undefined });
      client.send("go");
      expect(await client.closed).toMatchObject({ code: 1011 });
      await done;
    }
  });
});

describe("faults", () => {
  test("in init: 1011, the end, and no other event", async () => {
    const types: string[] = [];
    const { server, client } = testPair();
    const done = run(
      server,
      {
        init() {
          throw new Error("no state");
        },
        handle(event: BehaviourEvent) {
          types.push(event.type);
          return noreply(0);
        },
      },
      { onError: () => undefined },
    );
    client.send("unheard");
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(await done).toMatchObject({ cause: "fault", error: { message: "no state" } });
    expect(types).toEqual(["end"]);
  });

  test("in handle, and in the handling of the end", async () => {
    const faults: unknown[] = [];
    const fail = () => {
      throw new Error("fault");
    };
    const { behaviour } = recorder({ go: fail, end: fail });
    const { server, client } = testPair();
    const done = run(server, behaviour, { onError: (error) => faults.push(error) });
    client.send("go");
    expect(await client.closed).toMatchObject({ code: 1011 });
    await done;
    expect(faults).toHaveLength(2);
  });
});

describe("notices", () => {
  test("that are given while an event is handled come after it, in order", async () => {
    const seen: unknown[] = [];
    const { server, client } = testPair();
    const done = run(server, {
      init: () => 0,
      handle(event: BehaviourEvent, count: number) {
        if (event.type === "text") {
          server.notify("first");
          server.notify("second");
          seen.push("text");
        }
        if (event.type === "notice") seen.push(event.value);
        return noreply(count);
      },
    });
    client.send("go");
    await client.close();
    await done;
    expect(seen).toEqual(["text", "first", "second"]);
  });

  test("have no place where no behaviour runs", async () => {
    const { server, client } = testPair();
    expect(() => server.notify(1)).toThrow("notify() needs a behaviour");
    await Promise.all([client.close(), server.closed]);
    expect(server.notify(1)).toBe(false);
  });

  test("and somebody else cannot take what is a behaviour's", async () => {
    const { server, client } = testPair();
    const done = run(server, recorder().behaviour);
    expect(() => server.receive()).toThrow("a behaviour takes the messages");
    await client.close();
    await done;
  });
});

describe("pings", () => {
  test("are the behaviour's to answer with autoPong: false", async () => {
    const { behaviour, types } = recorder({ ping: () => pong(1, "mine") }, { autoPong: false });
    const heard = recorder();
    const { server, client } = testPair();
    const done = [run(server, behaviour), run(client, heard.behaviour)];
    void client.ping("yours").catch(() => undefined);
    await new Promise(setImmediate);
    await client.close();
    await Promise.all(done);
    expect(types()).toEqual(["ping", "close", "end"]);
    expect(heard.events[0]).toMatchObject({ type: "pong", data: Buffer.from("mine") });
  });

  test("of a flood wait for output as messages do, and stay bounded", async () => {
    const { behaviour, types } = recorder({ fill: () => reply("x".repeat(100_000), 1) }, { autoPong: false });
    const pair = testPair({ server: { limits: { inbox: 4096 } } });
    const { server, client, toClient } = pair;
    const done = run(server, behaviour);
    toClient.stall();
    client.send("fill");
    for (let count = 0; count < 10_000; count += 1) client.ping(`${count}`).catch(() => undefined);
    await new Promise(setImmediate);
    // What waits in the server is over its mark by one at the most; the rest is still on its way.
    expect(types()).toEqual(["text"]);
    toClient.unstall();
    await Promise.all([client.terminate(), server.terminate()]);
    await done;
  });
});

describe("at a server", () => {
  test("begins with what the handshake said, and what `upgrade` returned", async () => {
    const { behaviour, info } = recorder();
    const server = await serve({
      port: 0,
      host: "127.0.0.1",
      resources: {
        "/room/:name": {
          ...behaviour,
          upgrade: ({ headers, subprotocols }) =>
            headers.has("x-no") ? refuse(401) : { state: { user: "ada" }, subprotocol: subprotocols[0] },
        },
      },
    });
    guard.closing({ close: () => server.close() });
    const url = `${server.url}/room/a%20b?x=1`;
    await expect(connect(url, { headers: { "X-No": "1" } })).rejects.toMatchObject({ status: 401 });
    const ws = await connect(url, { subprotocols: ["chat"], headers: { "X-Tag": "t" } });
    ws.send("hello");
    await ws.close();
    const { remotePort, headers, ...rest } = info();
    expect(rest).toMatchObject({
      remoteAddress: "127.0.0.1",
      secure: false,
      resource: "/room/a%20b",
      params: { name: "a b" },
      subprotocol: "chat",
      agreed: { user: "ada" },
    });
    expect(remotePort).toBeGreaterThan(0);
    expect(headers.get("x-tag")).toBe("t");
  });

  test("stands beside the options too, with an `upgrade` of theirs", async () => {
    const server = await serve(
      { port: 0, host: "127.0.0.1", accepts: "text", upgrade: () => ({ headers: { "X-A": "b" } }) },
      counter,
    );
    guard.closing({ close: () => server.close() });
    const ws = await connect(server.url);
    ws.send("a");
    expect(await ws.receive()).toBe("a 1");
    expect(ws.response.headers.get("x-a")).toBe("b");
    await ws.close();
  });
});

test("with a path, is a copy that knows it", () => {
  const game = defineBehaviour("/game/:table", { init: () => 0, handle: () => noreply(0) });
  expect(game.path).toBe("/game/:table");
  expect(defineBehaviour("/game/:table", game)).toEqual(game);
  const wrong = (path: string, behaviour: unknown) => () => defineBehaviour(path, behaviour as never);
  expect(wrong("game", game)).toThrow('a resource is a path that begins with "/", not "game"');
  expect(wrong("/other", game)).toThrow('the behaviour for "/other" was defined for "/game/:table"');
  expect(wrong("/game", { init: () => 0 })).toThrow('the behaviour for "/game" needs handle, a function');
  expect(wrong("/game", undefined)).toThrow('the behaviour for "/game" must be an object, not undefined');
});

describe("what is wrong with a behaviour is said at once", () => {
  test.each<[unknown, string]>([
    [{ init: () => 0 }, "needs handle, a function"],
    [{ handle: () => noreply(0) }, "needs init, a function"],
    [{ init: () => 0, handle: 7 }, "needs handle, a function, as every behaviour does, not the number 7"],
    [{ init: () => 0, handle: () => noreply(0), open() {} }, 'has no option "open"'],
    [
      { init: () => 0, handle: () => noreply(0), autoPong: 1 },
      "autoPong of the behaviour must be true or false",
    ],
    [{ init: () => 0, handle: () => noreply(0), accepts: "json" }, "the behaviour: accepts must be one of"],
    [{ init: () => 0, handle: () => noreply(0), upgrade: 1 }, "upgrade of the behaviour must be a function"],
  ])("%j → TypeError", (given, message) => {
    expect(() => defineBehaviour(given as never)).toThrow(message);
    expect(() => defineBehaviour(given as never)).toThrow(TypeError);
  });
});
