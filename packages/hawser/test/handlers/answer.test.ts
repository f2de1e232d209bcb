// run() of a request that acceptStream has let in: answered as the handler says, whatever comes in between.
import { createServer, type Socket } from "node:net";
import {
  type AcceptStreamOptions,
  type Application,
  acceptStream,
  type CloseReport,
  connect,
  defineHandler,
  type Handler,
  type Kind,
  ManualClock,
  type PendingHandshake,
  run,
} from "hawser";
import { describe, expect, test } from "vitest";
import { eventually, Guard } from "../serve/support/guard.ts";
import { requestFor } from "../serve/support/requests.ts";
import { echo } from "../serve/support/ways-in.ts";

const guard = new Guard();

/** What came of the requests at one port. */
interface Gate {
  readonly port: number;
  readonly url: string;
  readonly faults: unknown[];
  readonly reports: (CloseReport | undefined)[];
  readonly pending: PendingHandshake[];
}

async function gate<Accepts extends Kind = Kind, State = undefined>(
  application: Application<Accepts, State> | undefined,
  options: AcceptStreamOptions = {},
): Promise<Gate> {
  const [faults, reports, pending]: [unknown[], (CloseReport | undefined)[], PendingHandshake[]] = [
    [],
    [],
    [],
  ];
  const onError = (error: unknown) => faults.push(error);
  const receive = async (socket: Socket) => {
    const request = await acceptStream(socket, options);
    if (!request.ok) return;
    pending.push(request);
    if (application !== undefined) reports.push(await run(request, application, { onError }));
  };
  const listener = createServer((socket) => void receive(socket));
  guard.closing({ close: () => listener.close() });
  await new Promise<void>((resolve) => {
    listener.listen(0, "127.0.0.1", resolve);
  });
  const { port } = Object(listener.address());
  return { port, url: `ws://127.0.0.1:${port}`, faults, reports, pending };
}

test("runs the handler, and tells how the connection ended", async () => {
  const { url, reports, faults } = await gate(
    defineHandler({
      accepts: "text",
      upgrade: ({ query }) => ({ state: { name: query.get("name") } }),
      message: (ws, text) => void ws.send(`${ws.state.name}: ${text}`),
    }),
  );
  const ws = await connect(`${url}/?name=ada`);
  ws.send("hello");
  expect(await ws.receive()).toBe("ada: hello");
  await ws.close(4000, "bye");
  await eventually(() => reports.length === 1, "a report");
  expect(reports).toMatchObject([{ code: 4000, reason: "bye" }]);
  expect(faults).toEqual([]);
});

describe("options of the handler", () => {
  test("hold for its connection, one by one beside those of acceptStream()", async () => {
    const own: Handler = { session: echo, accepts: "text", subprotocols: ["b"], limits: { message: 5 } };
    const { url, reports } = await gate(own, { compression: true, limits: { rate: 1 } });
    const ws = await connect(url, { subprotocols: ["a", "b"], compression: true });
    expect([ws.subprotocol, ws.can.compression]).toEqual(["b", true]);
    ws.send("six...");
    expect(await ws.closed).toMatchObject({ code: 1009 });
    const other = await connect(url, { subprotocols: ["a"] });
    expect(other.subprotocol).toBe("");
    other.send("a");
    other.send("b");
    expect(await other.closed).toMatchObject({ code: 1008 });
    await eventually(() => reports.length === 2, "two reports");
  });

  test("origins and versions come on top of those of acceptStream()", async () => {
    const own: Handler = { session: echo, origins: [/https:\/\/[ab]\.example/] };
    const { port, reports } = await gate(own, { origins: [/https:\/\/[bc]\.example/] });
    for (const [origin, status] of [
      ["https://a.example", 403],
      ["https://b.example", 101],
      ["https://c.example", 403],
    ] as const) {
      const peer = await guard.peer({ port }, requestFor("/", { Origin: origin }));
      const answer = await peer.answer();
      expect(answer.status).toBe(status);
      if (origin === "https://c.example") expect(answer.body).toContain("define the handler of run() with");
    }
    await eventually(() => reports.length === 1, "the end of the one that was refused later");
    const old = await gate({ session: echo, versions: ["hybi-08"] }, { versions: ["hybi-08", "rfc6455"] });
    await expect(connect(old.url)).rejects.toMatchObject({ status: 426 });
    await (await connect(old.url, { version: "hybi-08" })).close();
  });

  test("the path: another one is 404", async () => {
    const seen: unknown[] = [];
    const chat = defineHandler("/chat/:room", {
      upgrade: ({ params }) => void seen.push(params),
      session: (ws) => seen.push(ws.request.params.room),
    });
    const { url, reports } = await gate(chat);
    await expect(connect(`${url}/chat`)).rejects.toMatchObject({ status: 404 });
    expect(reports).toEqual([undefined]);
    expect((await (await connect(`${url}/chat/blue`)).closed).code).toBe(1000);
    expect(seen).toEqual([{ room: "blue" }, "blue"]);
  });
});

describe("what goes wrong", () => {
  test("in the hook: 500 without a word of why, and onError", async () => {
    const error = new Error("secret");
    for (const upgrade of [() => Promise.reject(error), () => ({ subprotocol: "x" }), () => ({ sate: 1 })]) {
      const { url, faults, reports } = await gate({ upgrade: upgrade as never, session: echo });
      await expect(connect(url)).rejects.toMatchObject({ status: 500, body: "Internal Server Error" });
      await eventually(() => reports.length === 1, "the end");
      expect([faults.length, reports]).toEqual([1, [undefined]]);
    }
  });

  test("in a function of origins: the same", async () => {
    const origins = () => {
      throw new Error("secret");
    };
    const { port, faults } = await gate({ origins, session: echo }, { origins: "any" });
    const peer = await guard.peer({ port }, requestFor("/", { Origin: "https://a.example" }));
    expect((await peer.answer()).status).toBe(500);
    expect(faults).toEqual([new Error("secret")]);
  });

  test("the peer goes while the hook decides, and the hook fails later", async () => {
    let fail: (error: Error) => void = () => undefined;
    const decided = new Promise<undefined>((_resolve, reject) => {
      fail = reject;
    });
    const { port, reports, faults, pending } = await gate({ upgrade: () => decided, session: echo });
    const peer = await guard.peer({ port }, requestFor("/"));
    await eventually(() => pending.length === 1, "the request");
    await peer.hangUp();
    await eventually(() => reports.length === 1, "the end");
    expect([reports, faults]).toEqual([[undefined], []]);
    fail(new Error("too late"));
    await eventually(() => faults.length === 1, "the fault");
  });

  test("the hook takes too long: 503", async () => {
    const clock = new ManualClock();
    guard.clock(clock);
    const { port, reports, pending } = await gate(
      { upgrade: () => new Promise<undefined>(() => undefined), session: echo },
      { clock, timeouts: { handshake: 500 } },
    );
    const peer = await guard.peer({ port }, requestFor("/"));
    await eventually(() => pending.length === 1, "the request");
    clock.advance(500);
    expect((await peer.answer()).status).toBe(503);
    await eventually(() => reports.length === 1, "the end");
    await peer.hangUp();
  });

  test("the eight bytes behind an old request never come", async () => {
    const clock = new ManualClock();
    guard.clock(clock);
    const { port, reports } = await gate(echo, { versions: ["hixie-76"], clock });
    const peer = await guard.peer(
      { port },
      "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n" +
        "Origin: http://localhost\r\nSec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n" +
        "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n",
    );
    expect((await peer.answer()).status).toBe(101);
    await peer.hangUp();
    await eventually(() => reports.length === 1, "the end");
    expect(reports).toEqual([undefined]);
  });

  test("what is wrong with the call is said at once, and the request can be answered still", async () => {
    const { port, pending } = await gate(undefined, { versions: ["rfc6455"] });
    const peer = await guard.peer({ port }, requestFor("/"));
    await eventually(() => pending.length === 1, "the request");
    const [request] = pending;
    const wrong = (handler: unknown, options?: object) => () => run(request!, handler as Handler, options);
    expect(wrong({ opne: 1 })).toThrow('the handler of run() has no option "opne"');
    expect(wrong(echo, { onerror: 1 })).toThrow('run() has no option "onerror"');
    expect(wrong({ session: echo, ambiguous: "hixie-76" })).toThrow(
      "the handler of run(): ambiguous must be one of versions (rfc6455)",
    );
    await request!.refuse(403);
    expect((await peer.answer()).status).toBe(403);
    expect(wrong(echo)).toThrow("the handshake was answered before");
    for (const other of [5, {}, undefined, { ok: true }]) {
      expect(() => run(other as never, echo)).toThrow(
        /^run\(\) takes a connection, or a request of acceptStream\(\), not /,
      );
    }
  });

  test("a request that run() has taken is nobody else's", async () => {
    const { url, pending } = await gate(echo);
    const ws = await connect(url);
    await expect(pending[0]?.accept()).rejects.toThrow("the handshake was answered before");
    await ws.close();
  });
});
