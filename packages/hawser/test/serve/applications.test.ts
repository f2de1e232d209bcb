// Sessions, handlers and behaviours, in every place where one of them may stand: each works, refuses, and chooses.
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import {
  type AnyConnection,
  type Application,
  acceptStream,
  connect,
  defineBehaviour,
  defineHandler,
  type EndpointOptions,
  noreply,
  refuse,
  reply,
  run,
  serve,
  type UpgradeHook,
  upgrade,
} from "hawser";
import { describe, expect, test } from "vitest";
import { Guard } from "./support/guard.ts";

const guard = new Guard();

/** What every application here agrees on with its clients, and answers with. */
interface Agreed {
  readonly user: string;
}

type Kinds = Readonly<Record<string, (upgrade: UpgradeHook<Agreed> | undefined) => Application>>;

const kinds: Kinds = {
  session: (hook) => ({
    ...(hook && { upgrade: hook }),
    async session(ws) {
      for await (const message of ws) ws.send(`${userOf(ws.state)}: ${String(message)}`);
    },
  }),
  handler: (hook) =>
    defineHandler({
      ...(hook && { upgrade: hook }),
      message: (ws, message) => void ws.send(`${userOf(ws.state)}: ${String(message)}`),
    }),
  behaviour: (hook) =>
    defineBehaviour<"text" | "binary", string, unknown>({
      ...(hook && { upgrade: hook }),
      init: ({ agreed }) => userOf(agreed),
      handle: (event, user) =>
        event.type === "text" ? reply(`${user}: ${event.data}`, user) : noreply(user),
    }),
};

function userOf(state: unknown): string {
  return typeof state === "object" && state !== null && "user" in state ? String(state.user) : "nobody";
}

/** Refuses and chooses as the path says. */
const hook: UpgradeHook<Agreed> = async ({ path, subprotocols }) => {
  if (path.endsWith("/refuse")) return refuse(401, "who are you?", { "WWW-Authenticate": "Bearer" });
  // oxlint-disable-next-line typescript/only-throw-error -- what this is about
  if (path.endsWith("/throw")) throw refuse(403, "not you");
  if (path.endsWith("/fail")) throw new Error("out of order");
  return { state: { user: "ada" }, subprotocol: subprotocols.at(-1), headers: { "X-Served-By": "a" } };
};

interface Place {
  readonly start: (options: EndpointOptions, handler?: Application) => Promise<string>;
  /** Where the application stands, beside nothing or below the options. */
  readonly put: (application: Application) => readonly [options: EndpointOptions, handler?: Application];
}

async function throughServe(options: EndpointOptions, handler?: Application): Promise<string> {
  const server = await serve({ ...options, port: 0, host: "127.0.0.1" }, handler);
  guard.closing(server);
  return server.url;
}

/** With a listener of its own, or called by somebody else's. */
function throughUpgrade(called: boolean) {
  return async (options: EndpointOptions, handler?: Application): Promise<string> => {
    const http = createServer();
    const endpoint = upgrade(called ? null : http, options, handler);
    if (called) {
      http.on("upgrade", (request, socket, head) => {
        endpoint.handle(request, socket, head);
      });
    }
    return `ws://127.0.0.1:${await guard.listening(http, endpoint)}`;
  };
}

/** Each stream by itself: its request looked at, and run. */
async function throughAcceptStream(options: EndpointOptions, handler?: Application): Promise<string> {
  const listener = createTcpServer((socket) => {
    void (async () => {
      const pending = await acceptStream(socket);
      if (pending.ok && handler !== undefined) await run(pending, handler, { onError: options.onError });
    })();
  });
  guard.closing({ close: () => listener.close() });
  await new Promise<void>((resolve) => {
    listener.listen(0, "127.0.0.1", resolve);
  });
  return `ws://127.0.0.1:${Object(listener.address()).port}`;
}

const path = "/room/:what";
const withPath = (application: Application) =>
  typeof application === "function" ? { path, session: application } : { ...application, path };

const puts: readonly (readonly [name: string, put: Place["put"]])[] = [
  ["beside the options", (application) => [{}, application]],
  ["beside the options, with a path", (application) => [{}, withPath(application)]],
  ["in a map of resources", (application) => [{ resources: { [path]: application } }]],
  ["in a list of resources", (application) => [{ resources: [withPath(application)] }]],
];
const starts: readonly (readonly [name: string, start: Place["start"]])[] = [
  ["serve()", throughServe],
  ["upgrade()", throughUpgrade(false)],
  ["upgrade(null)", throughUpgrade(true)],
];
const everywhere = Object.entries(kinds).flatMap(([kind, make]) =>
  [
    ...starts.flatMap(([way, start]) => puts.map(([where, put]) => [way, start, where, put] as const)),
    ...puts.slice(0, 2).map(([where, put]) => ["acceptStream()", throughAcceptStream, where, put] as const),
  ].map(([way, start, where, put]) => [kind, way, where, make, start, put] as const),
);

describe.each(everywhere)("a %s by %s, %s", (_kind, _way, _where, make, start, put) => {
  async function served(upgradeHook?: UpgradeHook<Agreed>) {
    const faults: unknown[] = [];
    const [options, handler] = put(make(upgradeHook));
    const url = await start({ ...options, onError: (error) => faults.push(error) }, handler);
    return { faults, url: (what: string) => `${url}/room/${what}` };
  }

  test("works", async () => {
    const { url } = await served();
    const ws = await connect(url("any"), { subprotocols: ["a", "b"] });
    ws.send("hello");
    expect(await ws.receive()).toBe("nobody: hello");
    expect(ws.subprotocol).toBe("");
    await ws.close();
  });

  test("refuses, and chooses", async () => {
    const { url, faults } = await served(hook);
    await expect(connect(url("refuse"))).rejects.toMatchObject({ status: 401, body: "who are you?" });
    await expect(connect(url("throw"))).rejects.toMatchObject({ status: 403, body: "not you" });
    expect(faults).toEqual([]);
    await expect(connect(url("fail"))).rejects.toMatchObject({ status: 500 });
    expect(faults).toEqual([new Error("out of order")]);
    const ws = await connect(url("open"), { subprotocols: ["a", "b"] });
    expect([ws.subprotocol, ws.response.headers.get("x-served-by")]).toEqual(["b", "a"]);
    ws.send("hello");
    expect(await ws.receive()).toBe("ada: hello");
    await ws.close();
  });
});

describe.each(starts)("%s", (_way, start) => {
  test.each(Object.entries(kinds))(
    "the options may have the hook for a %s beside them",
    async (_kind, make) => {
      const url = await start({ upgrade: hook }, make(undefined));
      await expect(connect(`${url}/refuse`)).rejects.toMatchObject({ status: 401 });
      const ws = await connect(`${url}/`, { subprotocols: ["a"] });
      ws.send("hello");
      expect([await ws.receive(), ws.subprotocol]).toEqual(["ada: hello", "a"]);
      await ws.close();
    },
  );

  test("a session as it is needs no object around it", async () => {
    const session: Application = async (ws) => {
      for await (const message of ws) ws.send(`${userOf(ws.state)}: ${String(message)}`);
    };
    const url = await start({ upgrade: hook, resources: { "/plain": session } }, session);
    for (const [where, user] of [
      ["/plain", "nobody"],
      ["/guarded", "ada"],
    ]) {
      const ws = await connect(`${url}${where}`);
      ws.send("hello");
      expect(await ws.receive()).toBe(`${user}: hello`);
      await ws.close();
    }
  });

  test("an instance of a class keeps its hooks beside a hook of the options", async () => {
    class Greeter {
      open(ws: AnyConnection): void {
        ws.send(this.greeting(ws));
      }
      greeting(ws: AnyConnection): string {
        return `hello, ${userOf(ws.state)}`;
      }
    }
    const url = await start({ upgrade: hook }, new Greeter());
    const ws = await connect(url);
    expect(await ws.receive()).toBe("hello, ada");
    await ws.close();
  });

  test("what has a path answers for that one only, and knows what it matched", async () => {
    const seen: unknown[] = [];
    const chat = defineHandler("/chat/:room", {
      upgrade: ({ params }) => ({ state: params.room }),
      open: (ws) => void seen.push(ws.state, ws.request.params),
    });
    const game = defineBehaviour("/game/:table/*", {
      init: ({ params, ws }) => seen.push(params, ws.request.params.table),
      handle: (_event, state) => noreply(state),
    });
    const url = await start({ resources: [game] }, chat);
    for (const where of ["/chat/a%20b", "/game/7/x/y"]) await (await connect(`${url}${where}`)).close();
    expect(seen).toEqual(["a b", { room: "a b" }, { table: "7", "*": "x/y" }, "7"]);
    for (const where of ["/", "/chat", "/chat/a/b", "/game/7"])
      await expect(connect(`${url}${where}`)).rejects.toMatchObject({ status: 404 });
  });
});
