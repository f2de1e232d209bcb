// Options per resource: what a handler or a behaviour says for its own connections, in place of the server.
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import {
  type Application,
  acceptStream,
  type ConnectOptions,
  connect,
  defineBehaviour,
  defineHandler,
  type EndpointOptions,
  type Handler,
  ManualClock,
  noreply,
  type ResourceOptions,
  reply,
  run,
  type Session,
  serve,
  testPair,
  upgrade,
} from "hawser";
import { describe, expect, test } from "vitest";
import { masked } from "../support/frames.ts";
import { eventually, Guard } from "./support/guard.ts";
import type { Target } from "./support/peer.ts";
import { requestFor } from "./support/requests.ts";
import { echo } from "./support/ways-in.ts";

const guard = new Guard();

/** Starts a server of either kind, and gives its port. */
type Start = (options: EndpointOptions, handler?: Session | Handler) => Promise<number>;

async function throughServe(options: EndpointOptions, handler?: Session | Handler): Promise<number> {
  const server = await serve({ ...options, port: 0, host: "127.0.0.1" }, handler);
  guard.closing(server);
  return server.port;
}

async function throughUpgrade(options: EndpointOptions, handler?: Session | Handler): Promise<number> {
  const http = createServer();
  const endpoint = upgrade(http, options, handler);
  return guard.listening(http, endpoint);
}

const starts: readonly (readonly [name: string, start: Start])[] = [
  ["serve", throughServe],
  ["upgrade", throughUpgrade],
];

/** An application of each kind that sends back what it gets, with these options. */
const kinds: readonly (readonly [name: string, make: (own: ResourceOptions) => Application])[] = [
  ["a session", (own) => ({ ...own, session: echo })],
  ["hooks", (own) => defineHandler({ ...own, message: (ws, message) => void ws.send(message) })],
  [
    "a behaviour",
    (own) =>
      defineBehaviour({
        ...own,
        init: () => 0,
        handle: (event, state) =>
          event.type === "text" || event.type === "binary" ? reply(event.data, state) : noreply(state),
      }),
  ],
];

const everywhere = starts.flatMap(([way, start]) =>
  kinds.map(([kind, make]) => [`${way}(), ${kind}`, start, make] as const),
);

describe.each(everywhere)("%s", (_name, start, make) => {
  /** A server with one resource that has options, at "/own", and one that has none. */
  async function served(own: ResourceOptions, options: EndpointOptions = {}) {
    const port = await start({ ...options, resources: { "/own": make(own), "/plain": make({}) } });
    const target: Target = { port };
    return {
      url: (path: string) => `ws://127.0.0.1:${port}${path}`,
      connect: (path: string, asked: ConnectOptions = {}) => connect(`ws://127.0.0.1:${port}${path}`, asked),
      peer: (path: string, headers: Record<string, string> = {}) =>
        guard.peer(target, requestFor(path, headers)),
    };
  }

  test("accepts: the other kind ends the connection with 1003", async () => {
    const { connect: dial } = await served({ accepts: "binary" });
    const own = await dial("/own");
    own.send("text");
    expect(await own.closed).toMatchObject({ code: 1003 });
    const plain = await dial("/plain");
    plain.send("text");
    expect(await plain.receive()).toBe("text");
    await plain.close();
  });

  test("subprotocols: ours that comes first, of those that are offered", async () => {
    const { connect: dial } = await served(
      { subprotocols: ["chat.v2", "chat.v1"] },
      { subprotocols: ["any.v1"] },
    );
    for (const [offered, chosen] of [
      [["chat.v1", "chat.v2"], "chat.v2"],
      [["chat.v1"], "chat.v1"],
      [["chat.v3", "any.v1"], ""],
      [[], ""],
    ] as const) {
      const ws = await dial("/own", { subprotocols: offered });
      expect(ws.subprotocol).toBe(chosen);
      expect(ws.response.headers.get("sec-websocket-protocol")).toBe(chosen || undefined);
      await ws.close();
    }
    const plain = await dial("/plain", { subprotocols: ["chat.v2", "any.v1"] });
    expect(plain.subprotocol).toBe("any.v1");
    await plain.close();
  });

  test("limits and timeouts: one by one", async () => {
    const clock = new ManualClock();
    guard.clock(clock);
    const { connect: dial, peer } = await served(
      { limits: { message: 100 }, timeouts: { idle: 3000 } },
      { limits: { message: 200, rate: 3 }, timeouts: { keepalive: Number.POSITIVE_INFINITY }, clock },
    );
    for (const [path, size] of [
      ["/own", 100],
      ["/plain", 200],
    ] as const) {
      const ws = await dial(path);
      ws.send("x".repeat(size));
      expect(await ws.receive()).toHaveLength(size);
      ws.send("x".repeat(size + 1));
      expect(await ws.closed).toMatchObject({ code: 1009, initiator: "peer" });
    }
    // What is not named is the server's.
    const fast = await dial("/own");
    for (let count = 0; count < 4; count += 1) fast.send("x");
    expect(await fast.closed).toMatchObject({ code: 1008 });
    const [own, plain] = [await peer("/own"), await peer("/plain")];
    await Promise.all([own.opened(), plain.opened()]);
    await own.echo("a");
    await plain.echo("a");
    clock.advance(3000);
    expect(await own.closeCode().catch(String)).toBe(1008);
    await plain.echo("b");
  });

  test("compression: on for one, off for another", async () => {
    const offer = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
    const agreed = async (target: Awaited<ReturnType<typeof served>>, path: string) =>
      (await (await target.peer(path, offer)).opened()).headers["sec-websocket-extensions"];
    const on = await served({ compression: { contextTakeover: true, windowBits: 10 } });
    expect(await agreed(on, "/own")).toBe(
      "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10",
    );
    expect(await agreed(on, "/plain")).toBeUndefined();
    const off = await served({ compression: false }, { compression: true });
    expect(await agreed(off, "/own")).toBeUndefined();
    expect(await agreed(off, "/plain")).toMatch(/^permessage-deflate; /);
    const ws = await on.connect("/own", { compression: true });
    expect(ws.can.compression).toBe(true);
    ws.send("again ".repeat(1000));
    expect(await ws.receive()).toHaveLength(6000);
    await ws.close();
  });

  test("origins: other pages for one, and a refusal that names the resource", async () => {
    const { peer } = await served({ origins: ["https://a.example"] }, { origins: ["https://b.example"] });
    const answered = async (path: string, Origin: string) => (await peer(path, { Origin })).answer();
    expect((await answered("/own", "https://a.example")).status).toBe(101);
    expect((await answered("/own", "http://localhost")).status).toBe(101);
    expect((await answered("/plain", "https://b.example")).status).toBe(101);
    expect(await answered("/own", "https://b.example")).toMatchObject({
      status: 403,
      body:
        'the Origin "https://b.example" is not allowed to connect to the Host "localhost"; ' +
        'to allow it, define the resource "/own" with the option origins: ["https://b.example"]',
    });
    for (const path of ["/plain", "/nowhere"]) {
      expect(await answered(path, "https://a.example")).toMatchObject({
        status: 403,
        body: expect.stringContaining('start the server with the option origins: ["https://a.example"]'),
      });
    }
    guard.takeStderr();
  });

  test("versions: another one is welcome", async () => {
    const { connect: dial } = await served({ versions: ["hybi-08"] });
    const own = await dial("/own", { version: "hybi-08" });
    own.send("a");
    expect(await own.receive()).toBe("a");
    await own.close();
    await expect(dial("/own")).rejects.toMatchObject({ status: 426 });
    await expect(dial("/plain", { version: "hybi-08" })).rejects.toMatchObject({ status: 426 });
  });
});

describe.each(starts)("%s(): a handler beside the options", (_way, start) => {
  test("has options of its own as well", async () => {
    const port = await start(
      { origins: ["https://b.example"], resources: { "/other": echo } },
      { session: echo, origins: ["https://a.example"], subprotocols: ["own"] },
    );
    const ws = await connect(`ws://127.0.0.1:${port}/any`, { subprotocols: ["x", "own"] });
    expect(ws.subprotocol).toBe("own");
    await ws.close();
    const peer = await guard.peer({ port }, requestFor("/any", { Origin: "https://b.example" }));
    expect(await peer.answer()).toMatchObject({
      status: 403,
      body: expect.stringMatching(
        /to allow it, define the handler of (serve|upgrade)\(\) with the option origins: \["https:\/\/b.example"\]$/,
      ),
    });
    guard.takeStderr();
  });

  test("what an upgrade hook chooses goes before the list, and must have been offered", async () => {
    const faults: unknown[] = [];
    const port = await start(
      {
        subprotocols: ["b", "a"],
        onError: (error) => faults.push(error),
        upgrade: ({ path }) => ({ subprotocol: path === "/default" ? undefined : path.slice(1) }),
      },
      echo,
    );
    const asked = { subprotocols: ["a", "b"] };
    for (const [path, chosen] of [
      ["a", "a"],
      ["default", "b"],
    ]) {
      const ws = await connect(`ws://127.0.0.1:${port}/${path}`, asked);
      expect(ws.subprotocol).toBe(chosen);
      await ws.close();
    }
    await expect(connect(`ws://127.0.0.1:${port}/c`, asked)).rejects.toMatchObject({ status: 500 });
    expect(faults).toMatchObject([
      { message: 'the subprotocol "c" was not offered; the client offered "a", "b"' },
    ]);
  });

  test("coupled: false for one, which answers on while nobody reads", async () => {
    const received = { "/own": 0, "/plain": 0 };
    const flood = (path: keyof typeof received): Handler => ({
      message(ws) {
        received[path] += 1;
        ws.send("x".repeat(1_000_000));
      },
    });
    const port = await start({
      limits: { sendBuffer: Number.POSITIVE_INFINITY },
      resources: { "/own": { ...flood("/own"), coupled: false }, "/plain": flood("/plain") },
    });
    for (const path of ["/plain", "/own"] as const) {
      const peer = await guard.peer({ port }, requestFor(path));
      await peer.opened();
      peer.socket.pause();
      for (let count = 0; count < 50; count += 1) peer.write(masked.text("go"));
    }
    await eventually(() => received["/own"] === 50, "an answer to everything");
    expect(received["/plain"]).toBeLessThan(50);
  });
});

describe("where the handshake is somebody else's", () => {
  test("acceptStream() takes subprotocols as an option, and accept() may choose another", async () => {
    const chosen: string[] = [];
    const listener = createTcpServer((socket) => {
      void (async () => {
        const pending = await acceptStream(socket, { subprotocols: ["b", "a"] });
        if (!pending.ok) return;
        const other = pending.request.path === "/a" ? { subprotocol: "a" } : {};
        const ws = await pending.accept(other);
        chosen.push(ws.subprotocol);
        await ws.close();
      })();
    });
    guard.closing({ close: () => listener.close() });
    await new Promise<void>((resolve) => {
      listener.listen(0, "127.0.0.1", resolve);
    });
    const { port } = Object(listener.address());
    for (const path of ["/a", "/b"]) {
      const ws = await connect(`ws://127.0.0.1:${port}${path}`, { subprotocols: ["a", "b"] });
      await ws.closed;
    }
    expect(chosen).toEqual(["a", "b"]);
  });

  test("run() does without them: the connection is as it was made", async () => {
    const handler = defineHandler({
      accepts: "text",
      subprotocols: ["a"],
      limits: { message: 5 },
      timeouts: { idle: 1 },
      coupled: false,
      compression: true,
      origins: [],
      message: (ws, text) => void ws.send(text),
    });
    const { server, client } = testPair({ server: { accepts: "text" } });
    const done = run(server, handler);
    client.send("longer than five");
    expect(await client.receive()).toBe("longer than five");
    await client.close();
    expect(await done).toMatchObject({ code: 1000 });
  });
});

describe("what is wrong is said at once", () => {
  const toServer = "it goes into the options of serve() or upgrade()";
  const mistakes: readonly (readonly [own: object, kind: ErrorConstructor, message: string])[] = [
    [
      { limits: { head: 1 } },
      TypeError,
      `limits.head holds for a whole server, before it is known which resource is asked for: ${toServer}`,
    ],
    [{ limits: { headers: 1 } }, TypeError, toServer],
    [{ limits: { memory: 1 } }, TypeError, toServer],
    [{ limits: { connections: 1 } }, TypeError, toServer],
    [{ limits: { handshakes: 1 } }, TypeError, toServer],
    [{ timeouts: { handshake: 1 } }, TypeError, `timeouts.handshake holds for a whole server`],
    [
      { limits: { mesage: 1 } },
      TypeError,
      "limits.mesage does not exist; a resource has message, inbox, sendMark, sendBuffer, rate",
    ],
    [
      { timeouts: { pongs: 1 } },
      TypeError,
      "timeouts.pongs does not exist; a resource has keepalive, pong, close, stalled, message, idle",
    ],
    [{ limits: { message: 0 } }, RangeError, "limits.message must be a whole number above 0"],
    [{ limits: null }, TypeError, "limits must be an object, not null"],
    [{ timeouts: 5 }, TypeError, "timeouts must be an object, not the number 5"],
    [
      { subprotocols: "a" },
      TypeError,
      'subprotocols must be an array of names, as ["chat"], not the string "a"',
    ],
    [
      { subprotocols: ["a b"] },
      TypeError,
      'a subprotocol must be a token, as "chat.v2", not the string "a b"',
    ],
    [{ subprotocols: ["a", "a"] }, TypeError, 'the subprotocol "a" is there twice'],
    [{ coupled: 1 }, TypeError, "coupled must be true or false, not the number 1"],
    [
      { compression: { level: 10 } },
      RangeError,
      "compression.level must be a whole number from 1 to 9, not 10",
    ],
    [{ origins: ["a.example"] }, TypeError, 'origins may hold whole origins, as "https://app.example"'],
    [{ accepts: "json" }, TypeError, 'accepts must be one of text, binary, not the string "json"'],
    [{ versions: [] }, TypeError, "versions must be a list"],
    [{ versions: ["hybi-99"] }, TypeError, "a wire version is one of rfc6455, "],
  ];
  const behaviour = { init: () => 0, handle: () => noreply(0) };

  test.each(mistakes)("%j", async (own, kind, message) => {
    const said = (call: () => unknown, where: string) => {
      const named = expect.objectContaining({
        name: kind.name,
        message: expect.stringContaining(message),
      });
      return expect((async () => call())()).rejects.toSatisfy((error) => {
        expect(error).toEqual(named);
        expect(String(error)).toContain(`${where}: `);
        return true;
      });
    };
    const wrong = own as ResourceOptions;
    await said(() => defineHandler(wrong), "the handler");
    await said(() => defineBehaviour({ ...wrong, ...behaviour }), "the behaviour");
    await said(() => defineHandler("/a/:b", wrong), 'the handler for "/a/:b"');
    await said(() => serve({ port: 0 }, wrong), "the handler of serve()");
    await said(() => serve({ port: 0, resources: { "/a": wrong } }), 'the resource "/a"');
    await said(() => upgrade(null, { resources: { "/a": { ...wrong, ...behaviour } } }), 'the resource "/a"');
    await said(() => upgrade(null, { resources: [{ ...wrong, path: "/b" }] }), 'the resource "/b"');
  });

  test("what is wrong only beside the server's options is said by the server", () => {
    const handler = defineHandler({ versions: ["hixie-76", "hybi-01"] });
    expect(() => upgrade(null, { resources: { "/old": handler } })).toThrow(
      new RangeError(
        'the resource "/old": hixie-76 and hybi-01 cannot be told apart by their requests: set ambiguous to one of them, or to a function of the request',
      ),
    );
    expect(() => upgrade(null, { resources: { "/old": { ambiguous: "hixie-76" } } })).toThrow(
      'the resource "/old": ambiguous must be one of versions (rfc6455) or a function',
    );
  });

  test.each(["serve", "upgrade"])(
    "subprotocols of %s() are checked as those of a client are",
    async (way) => {
      const options = { subprotocols: ["a b"] };
      const call = async () =>
        way === "serve" ? serve({ port: 0, ...options }, echo) : upgrade(null, options, echo);
      await expect(call()).rejects.toThrow(
        'a subprotocol must be a token, as "chat.v2", not the string "a b"',
      );
    },
  );
});

test("a list of subprotocols is what it was at the call", async () => {
  const subprotocols = ["a"];
  const port = await throughServe({ resources: { "/": { session: echo, subprotocols } } });
  subprotocols[0] = "b";
  const ws = await connect(`ws://127.0.0.1:${port}/`, { subprotocols: ["b", "a"] });
  expect(ws.subprotocol).toBe("a");
  await ws.close();
});
