// What the types promise about paths, their params, and the options of a resource; checked by tsc alone, never run.
import {
  type Behaviour,
  type BehaviourInfo,
  type CloseReport,
  type Connection,
  defineBehaviour,
  defineHandler,
  type Handler,
  type Message,
  noreply,
  type PathParams,
  type PendingHandshake,
  type RequestParams,
  type ResourceOptions,
  refuse,
  reply,
  run,
  serve,
  testPair,
  type UpgradeRequest,
  upgrade,
} from "hawser";

/** Exactly the same type, `any` included. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}
function is<Type>(value: Type): Type {
  return value;
}

// What a path matches.

export function paths(): void {
  type Rooms = { readonly room: string };
  same<PathParams<"/chat/:room">, Rooms>(true);
  same<PathParams<"/chat/:room/">, Rooms>(true);
  same<PathParams<"/:room/users/:id_2">, { readonly room: string; readonly id_2: string }>(true);
  same<PathParams<"/files/*">, { readonly "*": string }>(true);
  same<PathParams<"/:user/*">, { readonly user: string; readonly "*": string }>(true);
  same<PathParams<"/*">, { readonly "*": string }>(true);
  same<keyof PathParams<"/echo">, never>(true);
  same<keyof PathParams<"/">, never>(true);
  // Known at run time only.
  same<PathParams<string>, { readonly [name: string]: string }>(true);
}

// In every hook of a handler.

export function handlers(): void {
  const chat = defineHandler("/chat/:room", {
    accepts: "text",
    upgrade(request) {
      same<typeof request.params, { readonly room: string }>(true);
      same<typeof request, UpgradeRequest<{ readonly room: string }>>(true);
      // @ts-expect-error: there is no such name in the path
      is(request.params.rooms);
      return request.secure ? { state: { room: request.params.room } } : refuse(403);
    },
    open(ws) {
      is<string>(ws.request.params.room);
      // @ts-expect-error: there is no such name in the path
      is(ws.request.params.user);
    },
    message(ws, message) {
      same<typeof message, string>(true);
      same<typeof ws.state, { room: string }>(true);
      ws.send(ws.request.params.room + message);
    },
    close(ws, report) {
      is<number>(report.code);
      is<string>(ws.request.params.room);
    },
  });
  same<typeof chat.path, "/chat/:room">(true);
  is<Handler<"text", { room: string }, { readonly room: string }>>(chat);
  is<Handler<"text", { room: string }>>(chat);

  defineHandler("/files/*", {
    session: async (ws) => {
      same<typeof ws, Connection<Message, unknown, { readonly "*": string }>>(true);
      ws.send(ws.request.params["*"]);
      for await (const message of ws) same<typeof message, Message>(true);
    },
  });
  defineHandler("/echo", {
    // @ts-expect-error: the path has no names at all
    open: (ws) => ws.send(ws.request.params["room"]),
  });
  defineHandler("/chat/:room", {
    upgrade: async (request) => ({ state: request.params.room }),
    open: (ws) => same<typeof ws.state, string>(true),
  });
  // Without a path nothing is known of the names.
  defineHandler({ open: (ws) => same<typeof ws.request.params, RequestParams>(true) });
  const path: string = "/chat/:room";
  defineHandler(path, { open: (ws) => void is<string | undefined>(ws.request.params["room"]) });

  // @ts-expect-error: a path needs a handler
  defineHandler("/chat/:room");
  // @ts-expect-error: the path comes first
  defineHandler({}, "/chat/:room");
  // @ts-expect-error: a name that is no hook
  defineHandler("/chat/:room", { mesage() {} });
}

// In a behaviour.

export function behaviours(): void {
  const table = defineBehaviour("/game/:table/*", {
    accepts: "text",
    upgrade: ({ params }) => ({ state: { table: params.table } }),
    init(info) {
      same<typeof info.params, { readonly table: string; readonly "*": string }>(true);
      same<typeof info.agreed, { table: string }>(true);
      is<string>(info.ws.request.params["*"]);
      // @ts-expect-error: there is no such name in the path
      is(info.params.room);
      return 0;
    },
    handle(event, count) {
      same<typeof count, number>(true);
      return event.type === "text" ? reply(event.data, count + 1) : noreply(count);
    },
  });
  same<typeof table.path, "/game/:table/*">(true);
  is<Behaviour<"text", number, { table: string }>>(table);
  defineBehaviour({
    init: (info) => same<typeof info.params, RequestParams>(true),
    handle: (_event, state) => noreply(state),
  });
  // @ts-expect-error: a path needs a behaviour
  defineBehaviour("/game/:table");
}

// All of them go wherever any of them goes.

export async function places(): Promise<void> {
  const chat = defineHandler("/chat/:room", {
    accepts: "text",
    upgrade: ({ params }) => ({ state: params.room }),
    message: (ws, text) => void ws.send(ws.request.params.room + text),
  });
  const game = defineBehaviour("/game/:table", {
    init: ({ params }) => params.table,
    handle: (_event, state) => noreply(state),
  });
  const files = defineHandler("/files/*", { session: (ws) => ws.request.params["*"] });
  await serve({ port: 0, resources: [chat, game, files] });
  await serve({ port: 0, resources: { "/chat/:room": chat, "/game/:table": game, "/": () => undefined } });
  await serve({ port: 0 }, chat);
  await serve({ port: 0, accepts: "text" }, chat);
  await serve({ port: 0, resources: [chat] }, game);
  upgrade(null, { resources: [game] }, files);
  // @ts-expect-error: what has no path has no place in a list
  await serve({ port: 0, resources: [defineHandler({})] });
  // @ts-expect-error: nor has a session
  await serve({ port: 0, resources: [() => undefined] });

  const { server, client } = testPair({
    target: "/chat/blue",
    server: { accepts: "text", state: "blue" },
  });
  await run(server, chat);
  await run(client, game);
  await run(client, files);
  const stateless = testPair({ server: { accepts: "text" } });
  // @ts-expect-error: the handler wants a state, and this end has none
  await run(stateless.server, chat);
  // @ts-expect-error: the handler wants text, and this end receives both
  await run(client, defineHandler("/:a", { accepts: "text", message: (ws, text) => ws.send(text.trim()) }));
  await run(client, (ws) => same<typeof ws.request.params, RequestParams>(true));

  // What knows its params is a request and a connection like any other.
  const helper = (request: UpgradeRequest, ws: Connection, info: BehaviourInfo) => [request, ws, info];
  defineBehaviour("/:a", {
    init: (info) => helper(info.ws.request, info.ws, info),
    handle: (_event, state) => noreply(state),
  });
}

// A request that waits for its answer is answered as the handler says.

export async function waiting(pending: PendingHandshake<string>): Promise<void> {
  const words = defineHandler({
    accepts: "text",
    upgrade: () => ({ state: { count: 0 } }),
    message: (ws, text) => void ws.send(`${text} ${ws.state.count}`),
  });
  same<Awaited<ReturnType<typeof run>>["code"], number>(true);
  const report = await run(pending, words);
  same<typeof report, CloseReport | undefined>(true);
  await run(pending, async (ws) => {
    same<typeof ws, Connection<Message, undefined>>(true);
    ws.send("hello");
  });
  await run(pending, defineBehaviour("/:a", { init: () => 0, handle: (_event, state) => noreply(state) }));
  // @ts-expect-error: neither a session, nor a handler, nor a behaviour
  await run(pending, "echo");
}

// Options of a resource.

export function options(): void {
  const own: ResourceOptions = {
    subprotocols: ["chat.v2", "chat.v1"],
    limits: { message: 1, rate: 5 },
    timeouts: { idle: 1 },
    coupled: false,
    compression: { level: 6 },
    origins: "any",
    versions: ["rfc6455"],
    ambiguous: "hixie-76",
    accepts: "binary",
  };
  defineHandler({ ...own, open() {} });
  defineHandler({ limits: { message: 1 }, subprotocols: ["a"], message: (ws, data) => ws.send(data) });
  defineBehaviour({ ...own, init: () => 0, handle: (_event, state) => noreply(state) });
  // @ts-expect-error: a limit of the server, not of a resource
  defineHandler({ limits: { connections: 5 } });
  // @ts-expect-error: read before the resource is known
  defineHandler({ limits: { head: 5 } });
  // @ts-expect-error: begins before the resource is known
  defineHandler({ timeouts: { handshake: 5 } });
  // @ts-expect-error: a list
  defineHandler({ subprotocols: "chat" });
  // @ts-expect-error: an option of the server
  defineHandler({ trustProxy: { from: [], headers: "forwarded" } });
}
