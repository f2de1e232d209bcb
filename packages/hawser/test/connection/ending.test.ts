// Ends: every cause with its report, what close and terminate promise, and in which order who hears of it.
import { Buffer } from "node:buffer";
import { type CloseReport, ConnectionClosedError, defineHandler, run, serve } from "hawser";
import { Opcode } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { bytes, filler } from "../support/bytes.ts";
import { masked, plain } from "../support/frames.ts";
import { RawClient } from "../support/raw-client.ts";
import { endpoint, pairOf, stateOf, turns } from "./support.ts";

const off = Number.POSITIVE_INFINITY;
const quiet = { keepalive: off, stalled: off };

const nothing: Omit<CloseReport, "cause" | "code" | "initiator"> = {
  reason: "",
  clean: false,
  phase: "open",
  limit: undefined,
  error: undefined,
  sent: undefined,
  received: undefined,
  unsent: { messages: 0, bytes: 0 },
  idle: 0,
  duration: 0,
  bytes: { sent: 0, received: 0 },
  messages: { sent: 0, received: 0 },
};

describe("the report", () => {
  test.each([
    ["server", "client"],
    ["client", "server"],
  ] as const)("of a close by the %s", async (ours, theirs) => {
    const pair = pairOf();
    const [us, them] = [pair[ours], pair[theirs]];
    us.send("12345");
    them.send("123");
    await turns();
    pair.clock.advance(2000);
    them.send("4");
    await turns();
    pair.clock.advance(1000);
    const report = await us.close(4321, "bye");
    const frame = { code: 4321, reason: "bye" };
    const [masks, theirMasks] = ours === "client" ? [4, 0] : [0, 4];
    const common = {
      ...nothing,
      code: 4321,
      reason: "bye",
      clean: true,
      cause: "close" as const,
      duration: 3000,
    };
    expect(report).toEqual({
      ...common,
      initiator: "local",
      sent: frame,
      received: frame,
      bytes: { sent: 7 + masks + 7 + masks, received: 5 + 3 + 7 + 3 * theirMasks },
      messages: { sent: 1, received: 2 },
    });
    expect(await them.closed).toEqual({
      ...common,
      initiator: "peer",
      sent: frame,
      received: frame,
      bytes: { sent: 5 + 3 + 7 + 3 * theirMasks, received: 7 + masks + 7 + masks },
      messages: { sent: 2, received: 1 },
    });
  });

  test("counts idle time from the last byte", async () => {
    const { server, client, clock } = pairOf({ server: { timeouts: quiet }, client: { timeouts: quiet } });
    clock.advance(100);
    client.send("x");
    await turns();
    clock.advance(250);
    void server.terminate();
    expect(await server.closed).toMatchObject({ idle: 250, duration: 350 });
  });

  test("lost: the peer's FIN without a Close (C13)", async () => {
    const { ws, peer } = endpoint();
    ws.send("a");
    await turns();
    peer.transport.end();
    expect(await ws.closed).toEqual({
      ...nothing,
      code: 1006,
      cause: "lost",
      initiator: "peer",
      bytes: { sent: 3, received: 0 },
      messages: { sent: 1, received: 0 },
    });
  });

  test("lost: a reset, with the error (C14)", async () => {
    const { server, client, toServer } = pairOf();
    client.send("half");
    toServer.cut();
    for (const end of [server, client]) {
      const report = await end.closed;
      expect(report).toMatchObject({ code: 1006, cause: "lost", initiator: "peer", phase: "open" });
      expect(report.error).toMatchObject({ code: "ECONNRESET" });
    }
  });

  test("lost in the middle of our closing handshake", async () => {
    const { ws, peer } = endpoint();
    void ws.close(1000);
    await turns();
    peer.transport.end();
    expect(await ws.closed).toMatchObject({
      code: 1006,
      cause: "lost",
      phase: "closing",
      initiator: "local",
      sent: { code: 1000, reason: "" },
      received: undefined,
      clean: false,
    });
  });

  test("close-timeout: our Close is not answered (C12)", async () => {
    const { ws, peer, clock } = endpoint({ timeouts: quiet });
    const closed = ws.close(4000, "anyone?");
    await turns();
    clock.advance(4999);
    expect(await stateOf(closed)).toBe("pending");
    clock.advance(1);
    expect(await closed).toMatchObject({
      code: 1006,
      reason: "",
      cause: "close-timeout",
      phase: "closing",
      initiator: "local",
      clean: false,
      sent: { code: 4000, reason: "anyone?" },
      received: undefined,
      duration: 5000,
    });
    await turns();
    expect(peer.ended).toBe(true);
  });

  test("a peer that answers our Close and never hangs up does not spoil it", async () => {
    const { ws, peer, clock } = endpoint({ timeouts: quiet });
    const closed = ws.close(4000);
    await peer.send(masked.close(4000));
    clock.advance(5000);
    expect(await closed).toMatchObject({ code: 4000, cause: "close", clean: true, phase: "open" });
  });

  test("protocol: the violation and its rule", async () => {
    const { ws, peer } = endpoint();
    await peer.send(masked.text("ok"), masked.frame({ opcode: 5 }));
    expect(ws.phase).toBe("closing");
    peer.transport.end();
    const report = await ws.closed;
    expect(report).toMatchObject({
      code: 1002,
      cause: "protocol",
      initiator: "local",
      phase: "open",
      clean: false,
      limit: undefined,
      sent: { code: 1002 },
      messages: { received: 1 },
    });
    expect(report.error).toMatchObject({ violation: "reserved-opcode", rule: "RFC 6455 §5.2" });
  });

  test("protocol, while we were closing already", async () => {
    const { ws, peer } = endpoint();
    void ws.close(4000);
    await peer.send(plain.text("not masked"));
    peer.transport.end();
    expect(await ws.closed).toMatchObject({ cause: "protocol", phase: "closing", sent: { code: 4000 } });
  });

  test("limit: its name", async () => {
    const { server, client } = pairOf({ server: { limits: { message: 10 } } });
    client.send("12345678901");
    expect(await server.closed).toMatchObject({
      code: 1009,
      cause: "limit",
      limit: "limits.message",
      initiator: "local",
      phase: "open",
    });
    expect(await client.closed).toMatchObject({ code: 1009, cause: "close", initiator: "peer", clean: true });
  });

  test("terminated", async () => {
    const { server, client } = pairOf();
    server.send("lost");
    expect(await server.terminate()).toMatchObject({
      code: 1006,
      cause: "terminated",
      initiator: "local",
      phase: "open",
      unsent: { messages: 0, bytes: 6 },
      messages: { sent: 1 },
    });
    expect(await client.closed).toMatchObject({ code: 1006, cause: "lost", initiator: "peer" });
  });

  test("terminated while closing; a failure keeps its cause", async () => {
    const closing = endpoint();
    void closing.ws.close(4000);
    expect(await closing.ws.terminate()).toMatchObject({ cause: "terminated", phase: "closing", code: 1006 });
    const failing = endpoint();
    await failing.peer.send(masked.frame({ opcode: 5 }));
    expect(await failing.ws.terminate()).toMatchObject({ cause: "protocol", code: 1002, phase: "open" });
    const answered = endpoint();
    await answered.peer.send(masked.close(4000));
    expect(await answered.ws.terminate()).toMatchObject({ cause: "close", code: 4000, clean: true });
    const client = endpoint({ role: "client" });
    await client.peer.send(plain.close(4000));
    expect(await client.ws.terminate()).toMatchObject({ cause: "close", code: 4000, clean: true });
  });

  test("a fault while closing does not change it", async () => {
    const { server, client, toClient } = pairOf({ server: { timeouts: quiet } });
    const errors: unknown[] = [];
    toClient.delay = 10;
    const done = run(
      server,
      (ws) => {
        void ws.close(4000);
        throw new Error("after the close");
      },
      { onError: (error) => errors.push(error) },
    );
    expect(errors).toHaveLength(1);
    void client.terminate();
    expect(await done).toMatchObject({ cause: "lost", phase: "closing", sent: { code: 4000 } });
  });
});

describe("close", () => {
  test.each([
    [undefined, undefined, 1000, ""],
    [1001, undefined, 1001, ""],
    [4999, "漢".repeat(41), 4999, "漢".repeat(41)],
  ])("(%o, %o)", async (code, reason, wanted, words) => {
    const { server, client } = pairOf();
    void server.close(code, reason);
    expect(await client.closed).toMatchObject({ code: wanted, reason: words, clean: true });
  });

  test.each([
    [999, "", RangeError],
    [1004, "", RangeError],
    [1005, "", RangeError],
    [1006, "", RangeError],
    [1015, "", RangeError],
    [2999, "", RangeError],
    [5000, "", RangeError],
    [1000.5, "", RangeError],
    [Number.NaN, "", RangeError],
    ["1000", "", TypeError],
    [null, "", TypeError],
    [1000, "漢".repeat(42), RangeError],
    [1000, Buffer.from("x"), TypeError],
    [1000, { length: 1e9 }, TypeError],
    [1000, null, TypeError],
  ])("(%o, %o) throws at the call, open or not (C17)", async (code, reason, kind) => {
    const { server } = pairOf();
    const close = () => server.close(code as number, reason as string);
    expect(close).toThrow(kind);
    expect(server.phase).toBe("open");
    await server.terminate();
    expect(close).toThrow(kind);
  });

  test("again, and after the end, gives the same report; the first code counts", async () => {
    const { server, client } = pairOf();
    const [first, second] = [server.close(4001), server.close(4002)];
    expect(await second).toBe(await first);
    expect(await server.close(4003)).toBe(await first);
    expect(await server.terminate()).toBe(await first);
    expect(await server.closed).toBe(await first);
    expect((await client.closed).code).toBe(4001);
  });

  test("C16: from both ends at once is clean on both", async () => {
    const { server, client } = pairOf();
    const [ours, theirs] = await Promise.all([server.close(4001, "a"), client.close(4002, "b")]);
    expect(ours).toMatchObject({ code: 4002, reason: "b", clean: true, cause: "close", initiator: "local" });
    expect(theirs).toMatchObject({
      code: 4001,
      reason: "a",
      clean: true,
      cause: "close",
      initiator: "local",
    });
  });

  test("C18: what was sent before goes out first, in order", async () => {
    const { ws, peer, out } = endpoint({ limits: { sendMark: 100 } });
    out.stall();
    for (const text of ["1", "2", "x".repeat(200)]) ws.send(text);
    await turns();
    const closed = ws.close(4000);
    ws.send("3");
    await turns();
    expect(peer.chunks).toEqual([]);
    out.unstall();
    await turns();
    expect(peer.texts).toEqual(["1", "2", "x".repeat(200)]);
    expect(peer.frames.at(-1)?.opcode).toBe(Opcode.close);
    await peer.send(masked.close(4000));
    peer.transport.end();
    expect(await closed).toMatchObject({ clean: true, unsent: { messages: 1, bytes: 0 } });
  });

  test("while output is blocked for good, ends at the timeout, and what waited is counted", async () => {
    const { server, toClient, clock } = pairOf({ server: { timeouts: quiet }, client: { timeouts: quiet } });
    toClient.capacity = 10;
    toClient.stall();
    server.send("x".repeat(100));
    const closed = server.close();
    await turns();
    clock.advance(5000);
    expect(await closed).toMatchObject({
      cause: "close-timeout",
      unsent: { messages: 0, bytes: 102 + 4 },
      bytes: { sent: 0 },
    });
  });

  test("while reading is paused: the answer is found behind what nobody takes", async () => {
    const { server, client, toServer } = pairOf({ server: { limits: { inbox: 100 } } });
    toServer.split = 100;
    for (let sent = 0; sent < 50; sent += 1) client.send(filler(100));
    await turns(10);
    expect(toServer.inFlight).toBeGreaterThan(1000);
    expect(await server.close(4000)).toMatchObject({ clean: true, code: 4000 });
    expect((await client.closed).code).toBe(4000);
    // What had come before the close is still there.
    expect(await server.receive()).toHaveLength(100);
  });

  test("messages that come after our Close are dropped", async () => {
    const { ws, peer } = endpoint();
    const next = ws.receive();
    const closed = ws.close();
    await peer.send(masked.text("late"), masked.ping("late"), masked.close(1000));
    peer.transport.end();
    expect(await next).toBeUndefined();
    expect((await closed).messages.received).toBe(0);
    expect(peer.frames).toHaveLength(1);
  });

  test("asyncDispose closes with 1000 and waits for the end", async () => {
    const { server, client } = pairOf();
    await server[Symbol.asyncDispose]();
    expect(server.phase).toBe("closed");
    expect((await client.closed).code).toBe(1000);
    await server[Symbol.asyncDispose]();
  });
});

describe("half-closed", () => {
  test("a peer that ends its half after our Close still gets what was sent before it", async () => {
    const { ws, peer, out } = endpoint({ timeouts: quiet });
    out.stall();
    ws.send(filler(100_000));
    void ws.close(4000);
    await peer.send(masked.close(4000));
    peer.transport.end();
    await turns();
    expect(ws.phase).toBe("closing");
    out.unstall();
    expect(await ws.closed).toMatchObject({ clean: true, unsent: { bytes: 0 } });
    await turns();
    expect(peer.frames.map(({ opcode, payload }) => [opcode, payload.length])).toEqual([
      [Opcode.binary, 100_000],
      [Opcode.close, 2],
    ]);
  });
});

describe("phase, signal, closed", () => {
  test("signal aborts once the phase is not open, whoever asked for it first", async () => {
    const { server, client } = pairOf();
    const { signal } = server;
    expect(signal.aborted).toBe(false);
    expect(server.signal).toBe(signal);
    const phases: string[] = [];
    signal.addEventListener("abort", () => phases.push(server.phase));
    void server.close();
    expect(phases).toEqual(["closing"]);
    await server.closed;
    await client.closed;
    expect(phases).toEqual(["closing"]);
    // Made afterwards, it is aborted from the start.
    expect(client.signal.aborted).toBe(true);
  });

  test("signal aborts for the peer's Close and for a loss", async () => {
    const closed = pairOf();
    const { signal } = closed.server;
    void closed.client.close();
    await turns();
    expect(signal.aborted).toBe(true);
    const lost = pairOf();
    const other = lost.server.signal;
    void lost.client.terminate();
    await turns();
    expect(other.aborted).toBe(true);
  });

  test("closed is one promise, before and after the end", async () => {
    const { server } = pairOf();
    const { closed } = server;
    expect(server.closed).toBe(closed);
    void server.terminate();
    expect(server.closed).toBe(closed);
    const late = pairOf().server;
    await late.terminate();
    expect(await late.closed).toMatchObject({ cause: "terminated" });
  });

  test("whoever keeps a list of connections hears before all of them", async () => {
    const order: string[] = [];
    const { ws } = endpoint({ onEnded: (ended) => void order.push(`list ${ended.phase}`) });
    ws.signal.addEventListener("abort", () => order.push("signal"));
    void run(ws, { close: () => void order.push("close") });
    await ws.terminate();
    expect(order).toEqual(["list closed", "signal", "close"]);
    const other: string[] = [];
    const closing = endpoint({ onEnded: () => void other.push("list") });
    closing.ws.signal.addEventListener("abort", () => other.push("signal"));
    void closing.ws.close();
    await closing.ws.terminate();
    expect(other).toEqual(["signal", "list"]);
  });

  test("who hears of the end: signal, drain, pings, closed, then what waits for messages; close last", async () => {
    const { server, client, toClient } = pairOf({ server: { coupled: false, limits: { sendMark: 1 } } });
    toClient.stall();
    const order: string[] = [];
    const note = (what: string) => () => void order.push(what);
    const done = run(server, defineHandler({ message: () => undefined, close: note("close hook") }));
    server.signal.addEventListener("abort", note("signal"));
    server.send(filler(100_000));
    void server.drain().then(note("drain"));
    void server.ping().catch(note("ping"));
    void server.closed.then(note("closed"));
    void server.receive().then(note("receive"));
    void done.then(note("run"));
    await turns(1);
    void server.terminate();
    expect(order).toEqual(["signal", "close hook"]);
    await done;
    await turns();
    expect(order).toEqual(["signal", "close hook", "drain", "ping", "closed", "receive", "run"]);
    void client.terminate();
  });
});

describe("re-entrance", () => {
  test.each(["close", "terminate", "discard"] as const)("%s inside a signal's listener", async (call) => {
    const { server, client, clock } = pairOf();
    server.send("watched for a stall");
    server.signal.addEventListener("abort", () => void server[call]());
    void server.close(4000);
    await server.closed;
    await client.closed;
    expect(clock.pending).toBe(0);
  });

  test("terminate inside a signal's listener, while reading was paused", async () => {
    const { server, client, clock } = pairOf({ server: { limits: { inbox: 10 } } });
    server.signal.addEventListener("abort", () => void server.terminate());
    for (let sent = 0; sent < 5; sent += 1) client.send("x");
    await turns();
    server.send("watched for a stall");
    void server.close();
    expect(server.phase).toBe("closed");
    await client.closed;
    expect(clock.pending).toBe(0);
  });

  test.each(["close", "terminate", "discard"] as const)(
    "%s inside a message hook, in the middle of a chunk",
    async (call) => {
      const { server, client } = pairOf();
      const heard: unknown[] = [];
      const done = run(
        server,
        defineHandler({
          message(ws, message) {
            heard.push(message);
            void ws[call]();
            ws.send("from inside");
          },
          close: () => void heard.push("closed"),
        }),
      );
      for (const text of ["1", "2", "3"]) client.send(text);
      await turns();
      void client.close();
      await done;
      expect(heard).toEqual(["1", "closed"]);
    },
  );

  test.each(["close", "terminate", "discard"] as const)(
    "%s inside a message hook that drains an inbox",
    async (call) => {
      const { server, client } = pairOf({ server: { limits: { inbox: 100 } } });
      for (const text of ["1", "2", "3", "4"]) client.send(text);
      await turns();
      const heard: unknown[] = [];
      const done = run(
        server,
        defineHandler({
          message(ws, message) {
            heard.push(message);
            if (heard.length === 1) void ws[call]();
          },
          close: () => void heard.push("closed"),
        }),
      );
      await turns();
      void client.close();
      await done;
      // Close leaves what was received before; terminate and discard drops it. The fourth had not been read.
      expect(heard).toEqual(
        call !== "close" ? ["1", "closed"] : expect.arrayContaining(["1", "2", "closed"]),
      );
      expect(heard.at(-1)).toBe("closed");
    },
  );

  test("send, close and terminate inside what receive continues with", async () => {
    const { server, client } = pairOf();
    const ends = server.receive().then(async (message) => {
      server.send(`${String(message)}!`);
      void server.close(4000);
      server.send("too late");
      return server.terminate();
    });
    client.send("hi");
    expect(await ends).toMatchObject({ cause: "terminated", unsent: { messages: 1 } });
    await client.closed;
  });

  test("R10: send inside the close hook is not accepted", async () => {
    const { server, client } = pairOf();
    const sent: boolean[] = [];
    const done = run(server, defineHandler({ close: (ws) => void sent.push(ws.send("x"), ws.send("y")) }));
    void client.close();
    await done;
    expect(sent).toEqual([false, false]);
  });

  test("a hook that sends from inside a message does not recurse through its own connection", async () => {
    const { server, client } = pairOf({ server: { limits: { inbox: 1e6 } } });
    let depth = 0;
    let deepest = 0;
    void run(
      server,
      defineHandler({
        message(ws, message) {
          depth += 1;
          deepest = Math.max(deepest, depth);
          ws.send(message);
          depth -= 1;
        },
      }),
    );
    for (let sent = 0; sent < 5000; sent += 1) client.send("x");
    for (let got = 0; got < 5000; got += 1) await client.receive();
    expect(deepest).toBe(1);
  });
});

test("a connection that nobody holds rejects nowhere (C14)", async () => {
  const { server, client, toServer } = pairOf();
  void server.ping();
  void client.ping();
  void server.receive();
  void server.drain();
  toServer.cut();
  await turns();
  await expect(server[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(ConnectionClosedError);
});

test("the report counts no byte of the handshake, which went over the same transport", async () => {
  const reports: CloseReport[] = [];
  const echo = { close: (_ws: unknown, report: CloseReport) => void reports.push(report) };
  const server = await serve({ port: 0, host: "127.0.0.1" }, echo);
  const client = await RawClient.open(server.port);
  await client.send(masked.frame({ opcode: Opcode.close, payload: bytes`03 e8` }));
  await client.frame();
  client.socket.end();
  await server.close();
  expect(reports[0]?.bytes).toEqual({ sent: 4, received: 8 });
});
