// What the types promise; checked by tsc alone, never run. The examples are those of the design, as they stand there.
import { createServer, type Server as HttpServer } from "node:http";
import net from "node:net";
import {
  type AnyConnection,
  acceptStream,
  broadcast,
  type Connection,
  type ConnectOptions,
  connect,
  defineHandler,
  type Message,
  reconnecting,
  refuse,
  run,
  serve,
  testPair,
  toDuplex,
  upgrade,
  WebSocket,
  WebSocketStream,
} from "hawser";

/** Exactly the same type, `any` included. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}
function is<Type>(value: Type): Type {
  return value;
}

declare const key: string;
declare const cert: string;
declare const httpServer: HttpServer;
declare const room: Set<AnyConnection>;
declare function userOf(token: string | undefined): Promise<{ name: string } | undefined>;

// 1. A session.

export async function example1(): Promise<void> {
  const server = await serve({ port: 8080, accepts: "text" }, async (ws) => {
    ws.send("滴水之恩当以涌泉相报");
    for await (const message of ws) {
      same<typeof message, string>(true);
      ws.send(`${message}, MEOW!`);
    }
  });
  same<typeof server.port, number>(true);
}

// 2. State from the upgrade hook.

export async function example2(): Promise<void> {
  await serve(
    {
      port: 8443,
      tls: { key, cert },
      upgrade: (request) => ({
        state: { user: request.cookies["user"] },
        headers: { "x-room": "a" },
      }),
    },
    async (ws) => {
      same<typeof ws.state, { user: string | undefined }>(true);
      for await (const m of ws) ws.send(`${ws.state.user}: ${String(m)}`);
    },
  );
}

// 3. A handler and resources.

export async function example3(): Promise<void> {
  const chat = defineHandler({
    async upgrade(request) {
      const user = await userOf(request.cookies["token"]);
      return user ? { state: { user }, subprotocol: "chat.v2" } : refuse(401, "who are you?");
    },
    open(ws) {
      room.add(ws);
    },
    message(ws, message) {
      same<typeof message, Message>(true);
      same<typeof ws.state, { user: { name: string } }>(true);
      broadcast(room, `${ws.state.user.name}: ${String(message)}`, { except: ws });
    },
    close(ws, report) {
      same<typeof report.code, number>(true);
      room.delete(ws);
    },
  });
  const echo = defineHandler({ message: (ws, message) => void ws.send(message) });
  const words = defineHandler({
    accepts: "text",
    message(ws, message) {
      same<typeof message, string>(true);
      ws.send(message.toUpperCase());
    },
  });
  const resources = { "/chat/:room": chat, "/echo": echo, "/words": words };
  await serve({ port: 8080, resources });
  upgrade(httpServer, { resources });
}

// 4. On a server that is there, and on any stream.

export function example4(): void {
  const endpoint = upgrade(httpServer, { resources: { "/": (ws: AnyConnection) => void ws.send("hi") } });
  createServer().on("upgrade", (request, socket, head) => {
    endpoint.handle(request, socket, head);
  });
  net
    // oxlint-disable-next-line typescript/no-misused-promises -- as in the design
    .createServer(async (socket) => {
      const pending = await acceptStream(socket);
      if (!pending.ok) return console.log(pending.error.message);
      const ws = await pending.accept();
      same<typeof ws, Connection<Message, undefined>>(true);
      // biome-ignore lint/suspicious/noAssignInExpressions: as in the design
      // biome-ignore lint/suspicious/noEvolvingTypes: as in the design
      // biome-ignore lint/suspicious/noImplicitAnyLet: as in the design
      for (let m; (m = await ws.receive()) !== undefined; ) ws.send(m);
      console.log("client quit", (await ws.closed).code);
    })
    .listen(12345);
}

// accepts narrows, wherever it is given.

export async function accepts(stream: net.Socket): Promise<void> {
  await serve({ port: 0, accepts: "binary" }, async (ws) => {
    same<Awaited<ReturnType<typeof ws.receive>>, Uint8Array | undefined>(true);
  });
  await serve({ port: 0 }, async (ws) => {
    same<Awaited<ReturnType<typeof ws.receive>>, Message | undefined>(true);
  });
  const text = await acceptStream(stream, { accepts: "text" });
  if (text.ok) {
    const ws = await text.accept({ state: { n: 1 } });
    same<typeof ws, Connection<string, { n: number }>>(true);
  }
  const binary = await acceptStream(stream, { accepts: "binary" });
  if (binary.ok) {
    const ws = await binary.accept();
    same<typeof ws, Connection<Uint8Array, undefined>>(true);
  }
  const both = await acceptStream(stream, {});
  if (both.ok) {
    const ws = await both.accept({ subprotocol: "x" });
    same<typeof ws, Connection<Message, undefined>>(true);
  }

  const either: "text" | "binary" = is<"text" | "binary">("text");
  const dynamic = testPair({ server: { accepts: either } });
  same<typeof dynamic.server, Connection<Message, undefined>>(true);
}

// testPair and run fit together.

export async function pairs(): Promise<void> {
  const plain = testPair();
  same<typeof plain.server, Connection<Message, undefined>>(true);
  same<typeof plain.client, Connection<Message, undefined>>(true);

  const words = defineHandler({
    accepts: "text",
    upgrade: () => ({ state: { count: 0 } }),
    message(ws, message) {
      same<typeof message, string>(true);
      same<typeof ws.state, { count: number }>(true);
    },
  });
  const { server, client } = testPair({
    server: { accepts: "text", state: { count: 0 } },
    client: { accepts: "binary" },
  });
  same<typeof server, Connection<string, { count: number }>>(true);
  same<typeof client, Connection<Uint8Array, undefined>>(true);
  same<Awaited<ReturnType<typeof run>>["clean"], boolean>(true);
  await run(server, words);
  await run(server, async (ws) => {
    same<typeof ws.state, { count: number }>(true);
    for await (const message of ws) same<typeof message, string>(true);
  });

  // A handler that does not care runs on any connection.
  const echo = defineHandler({ message: (ws, message) => void ws.send(message) });
  await run(server, echo);
  await run(client, echo);
  await run(plain.server, echo);

  const both = testPair({ server: { state: { count: 0 } } });
  // @ts-expect-error: the handler wants text, and this end receives both
  await run(both.server, words);
  const stateless = testPair({ server: { accepts: "text" } });
  // @ts-expect-error: the handler wants a state, and this end has none
  await run(stateless.server, words);
  // @ts-expect-error: there is no such state here
  await run(plain.server, (ws: Connection<Message, { count: number }>) => ws.state.count);
}

// What every connection has in common.

export function anyConnection(ws: Connection<string, { user: string }>, sink: Connection<Uint8Array>): void {
  is<AnyConnection>(ws);
  is<AnyConnection>(sink);
  broadcast([ws, sink], "x", { except: ws });
  broadcast(new Set<AnyConnection>([ws]), new Uint8Array(1), { except: new Set([ws]) });
  same<ReturnType<typeof ws.send>, boolean>(true);
  // @ts-expect-error: no message
  ws.send(5);
  // @ts-expect-error: no message
  ws.send(null);
  // @ts-expect-error: a Blob is read asynchronously; send what it holds
  ws.send(new Blob(["x"]));
  ws.send(new SharedArrayBuffer(1));
  ws.send(new DataView(new ArrayBuffer(1)));
  // @ts-expect-error: given by the handshake
  ws.subprotocol = "other";
  // @ts-expect-error: hooks are functions
  defineHandler({ open: 5 });
  // @ts-expect-error: a name that is no hook
  defineHandler({ mesage() {} });
  // @ts-expect-error: text or binary
  defineHandler({ accepts: "txt" });
}

// State follows the upgrade hook, asynchronous or not, refusing or not.

export function states(): void {
  defineHandler({
    upgrade: () => undefined,
    open: (ws) => same<typeof ws.state, unknown>(true),
  });
  defineHandler({
    open: (ws) => same<typeof ws.state, unknown>(true),
  });
  defineHandler({
    upgrade: async () => ({ state: 5 }),
    session: (ws) => same<typeof ws.state, number>(true),
  });
  defineHandler({
    upgrade: (request) => (request.secure ? { state: "a" } : refuse(403)),
    close: (ws) => same<typeof ws.state, string>(true),
  });
}

// 5. and 6. The clients.

export async function example5(signal: AbortSignal): Promise<void> {
  const ws = await connect("wss://example.org/feed", { subprotocols: ["feed.v1"], signal });
  same<typeof ws, Connection<Message, undefined>>(true);
  const text = await connect("ws://localhost/", { accepts: "text", state: { seen: 0 } });
  same<typeof text, Connection<string, { seen: number }>>(true);
  const report = await run(text, {
    message(own, message) {
      own.state.seen += message.length;
    },
  });
  same<typeof report.code, number>(true);
  const given: ConnectOptions = {};
  is<Connection>(await connect("ws://localhost/", given));
  toDuplex(ws).pipe(process.stdout);
  // @ts-expect-error: a name that is no option
  await connect("ws://localhost/", { subprotocol: "a" });
  // @ts-expect-error: a list
  await connect("ws://localhost/", { subprotocols: "a" });
}

export async function example6(): Promise<void> {
  const socket = new WebSocket("wss://example.org/feed");
  socket.onmessage = (event) => void is<MessageEvent>(event);
  socket.onclose = function ({ reason }) {
    this.send(is<string>(reason));
  };
  socket.onopen = function (this: WebSocket) {
    this.send("x");
  };
  socket.addEventListener("close", ({ code, wasClean }) => {
    same<typeof code, number>(true);
    same<typeof wasClean, boolean>(true);
  });
  const { readable } = await new WebSocketStream("wss://example.org/feed").opened;
  for await (const message of readable) is<Message>(message);
  // @ts-expect-error: given by the handshake
  socket.readyState = 3;
}

export async function outliving(): Promise<void> {
  const client = reconnecting(() => "ws://localhost/", { accepts: "binary" });
  for await (const message of client) same<typeof message, Uint8Array>(true);
}
