// Hostile servers on real sockets after the handshake: C12 to C18, K13 and R1, R3, R7, R8, R10, R11 as a client has them.
import { Buffer } from "node:buffer";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type AnyConnection, type Handler, ManualClock, run } from "hawser";
import { describe, expect, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { Gate } from "../serve/support/gate.ts";
import { eventually } from "../serve/support/guard.ts";
import { plain } from "../support/frames.ts";
import type { Caller } from "../support/scripted-server.ts";
import { type AnyOptions, ClientGuard } from "./client-guard.ts";

const guard = new ClientGuard();
const pair = certificateFor("localhost");
const never = Number.POSITIVE_INFINITY;
const quiet = { keepalive: never };

describe.each([
  ["TCP", undefined, {}],
  ["TLS", pair, { tls: { ca: pair.cert } }],
] as const)("over %s", (name, tls, tlsOptions) => {
  async function open(options: AnyOptions = {}): Promise<{ ws: AnyConnection; caller: Caller }> {
    const server = await guard.server((caller) => caller.accept(), { tls });
    const ws = await guard.open(server.url("/", "localhost"), { ...tlsOptions, ...options });
    return { ws, caller: await server.callers.take() };
  }

  /** The server does not read, and the client has filled what the system takes. */
  async function blocked(options: AnyOptions = {}) {
    const scene = await open({ timeouts: { ...quiet, stalled: never }, ...options });
    scene.caller.socket.pause();
    const chunk = Buffer.alloc(64 * 1024, "x");
    let sent = 0;
    let room = true;
    for (let full = 0; full < 20; full = room ? 0 : full + 1) {
      if (room) {
        room = scene.ws.send(chunk);
        sent += 1;
      }
      await nextTurn();
      room = scene.ws.bufferedAmount <= 64 * 1024;
    }
    return { ...scene, chunk, sent: () => sent };
  }

  const cuts = [
    ["between frames", Buffer.alloc(0)],
    ["in the head of a frame", plain.binary(Buffer.alloc(200)).subarray(0, 3)],
    ["in a frame", plain.text("hello").subarray(0, 4)],
    ["in a message", plain.text("hel", { fin: false })],
  ] as const;

  test.each(cuts)("C13: a FIN %s, without a Close, is 1006", async (_where, bytes) => {
    const { ws, caller } = await open();
    caller.write(plain.text("whole"), bytes);
    caller.end();
    expect(await ws.receive()).toBe("whole");
    expect(await ws.receive()).toBeUndefined();
    expect(await ws.closed).toMatchObject({ code: 1006, clean: false, cause: "lost", initiator: "peer" });
    expect(await caller.framesToEnd()).toEqual([]);
  });

  test.each(cuts)("C14: a reset %s is 1006", async (_where, bytes) => {
    const { ws, caller } = await open();
    caller.write(plain.text("whole"));
    expect(await ws.receive()).toBe("whole");
    caller.write(bytes);
    await nextTurn();
    caller.reset();
    expect(await ws.closed).toMatchObject({ code: 1006, clean: false, cause: "lost", initiator: "peer" });
    expect(ws.send("too late")).toBe(false);
  });

  test("C14: a reset while we write is 1006", async () => {
    const { ws, caller } = await open();
    const sending = (async () => {
      for (let on = true; on; on = await ws.drain()) while (ws.send(Buffer.alloc(100_000))) await nextTurn();
    })();
    await caller.bytes(1_000_000);
    caller.reset();
    expect(await ws.closed).toMatchObject({ code: 1006, cause: "lost" });
    await sending;
  });

  test("C12: a server that never answers our Close is dropped after timeouts.close", async () => {
    const clock = new ManualClock();
    const { ws, caller } = await open({ clock, timeouts: { ...quiet, close: 700 } });
    const closing = ws.close(4000, "bye");
    expect((await caller.frame())?.payload.readUInt16BE(0)).toBe(4000);
    caller.write(plain.text("still talking"), plain.ping("are you?"));
    clock.advance(699);
    await nextTurn();
    expect(ws.phase).toBe("closing");
    clock.advance(1);
    expect(await closing).toMatchObject({
      code: 1006,
      clean: false,
      initiator: "local",
      cause: "close-timeout",
    });
    expect(await caller.framesToEnd()).toEqual([]);
  });

  test("C12: a server that answers our Close, and never ends TCP, is dropped after timeouts.close", async () => {
    const clock = new ManualClock();
    const { ws, caller } = await open({ clock, timeouts: { ...quiet, close: 700 } });
    const closing = ws.close();
    await caller.frame();
    caller.write(plain.close(1000));
    await eventually(() => ws.phase === "closing" && clock.pending === 1, "the Close");
    for (let turns = 0; turns < 10; turns += 1) await nextTurn();
    clock.advance(700);
    expect(await closing).toMatchObject({ code: 1000, initiator: "local" });
    expect(await caller.framesToEnd()).toEqual([]);
  });

  test("C15: a server that has vanished is found within timeouts.keepalive and timeouts.pong", async () => {
    const clock = new ManualClock();
    const { ws, caller } = await open({ clock, timeouts: { keepalive: 20_000, pong: 10_000 } });
    clock.advance(20_000);
    expect((await caller.frame())?.opcode).toBe(9);
    // What answers nothing does not count.
    caller.write(plain.pong("guessed"), plain.text("read"));
    expect(await ws.receive()).toBe("read");
    clock.advance(10_000);
    expect(await ws.closed).toMatchObject({ code: 1011, cause: "keepalive", limit: "timeouts.pong" });
  });

  test("C16: both ends close at once: clean, and one report", async () => {
    const { ws, caller } = await open();
    const closing = ws.close(1001, "client");
    caller.write(plain.close(1000, "server"));
    caller.end();
    expect(await closing).toMatchObject({ code: 1000, reason: "server", clean: true, initiator: "local" });
    expect((await caller.framesToEnd()).map(({ payload }) => payload.readUInt16BE(0))).toEqual([1001]);
    expect(await ws.closed).toBe(await closing);
  });

  test("C17: what is no code or reason is refused, and nothing goes out", async () => {
    const { ws, caller } = await open();
    for (const reason of [new Uint8Array(20), { length: 20 }, 20, null, Buffer.alloc(20)]) {
      expect(() => ws.close(1000, reason as never)).toThrow(TypeError);
    }
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1.5, Number.NaN]) {
      expect(() => ws.close(code)).toThrow(RangeError);
    }
    expect(() => ws.close(1000, "x".repeat(124))).toThrow(RangeError);
    ws.send("first");
    expect((await caller.frame())?.payload.toString()).toBe("first");
  });

  test("C18: a Close while the inbox is full is sent at once, and the server's is found behind what is held", async () => {
    const { ws, caller } = await open({ limits: { inbox: 100 } });
    caller.write(...Array.from({ length: 5000 }, (_, index) => plain.text(`message ${index}`)));
    expect(await ws.receive()).toBe("message 0");
    const closing = ws.close(4000);
    expect((await caller.frame())?.payload.readUInt16BE(0)).toBe(4000);
    caller.write(plain.close(4000));
    caller.end();
    expect(await closing).toMatchObject({ code: 4000, clean: true, initiator: "local" });
  });

  describe("K13, R1: a server that never reads", () => {
    test("send says so, bufferedAmount counts, drain waits for room", async () => {
      const { ws, caller, chunk, sent } = await blocked();
      expect(ws.send("over the mark")).toBe(false);
      expect(ws.bufferedAmount).toBeGreaterThan(64 * 1024);
      let drained: boolean | undefined;
      void ws.drain().then((room) => {
        drained = room;
      });
      for (let turns = 0; turns < 20; turns += 1) await nextTurn();
      expect(drained).toBeUndefined();
      caller.socket.resume();
      for (let count = sent(); count > 0; count -= 1) {
        const frame = await caller.frame();
        expect(frame?.payload.equals(chunk)).toBe(true);
      }
      expect((await caller.frame())?.payload.toString()).toBe("over the mark");
      await eventually(() => drained === true, "room");
      expect(ws.bufferedAmount).toBe(0);
    });

    test("beyond limits.sendBuffer it ends with 1008 at a message boundary", async () => {
      const { ws, caller, chunk } = await blocked();
      let most = 0;
      while (ws.phase === "open") {
        ws.send(chunk);
        most = Math.max(most, ws.bufferedAmount);
      }
      // The limit, the message that went past it, and the Close.
      expect(most).toBeLessThanOrEqual(1024 * 1024 + 2 * (chunk.length + 14));
      expect(ws.send("too late")).toBe(false);
      caller.socket.resume();
      const frames = await caller.framesToClose();
      expect(frames.slice(0, -1).every(({ opcode, payload }) => opcode === 2 && payload.equals(chunk))).toBe(
        true,
      );
      expect(frames.at(-1)?.payload.readUInt16BE(0)).toBe(1008);
      expect(await ws.closed).toMatchObject({
        code: 1008,
        cause: "limit",
        limit: "limits.sendBuffer",
        clean: false,
      });
    });

    test("and does not read then either: it is dropped after timeouts.close", async () => {
      const clock = new ManualClock();
      const { ws, chunk } = await blocked({ clock });
      while (ws.phase === "open") ws.send(chunk);
      clock.advance(5000);
      expect(await ws.closed).toMatchObject({ code: 1008, limit: "limits.sendBuffer" });
    });

    test("makes no progress for timeouts.stalled: 1008", async () => {
      const clock = new ManualClock();
      const { ws } = await blocked({ clock, timeouts: { ...quiet, stalled: 10_000 } });
      expect(ws.send("waits")).toBe(false);
      const draining = ws.drain();
      for (let second = 0; second < 25 && ws.phase === "open"; second += 1) {
        clock.advance(1000);
        await nextTurn();
      }
      expect(await ws.closed).toMatchObject({ code: 1008, cause: "timeout", limit: "timeouts.stalled" });
      expect(await draining).toBe(false);
    });

    test("a Close waits behind what was sent, and no longer than timeouts.close", async () => {
      const clock = new ManualClock();
      const { ws } = await blocked({ clock });
      const closing = ws.close();
      clock.advance(4999);
      await nextTurn();
      expect(ws.phase).toBe("closing");
      clock.advance(1);
      expect(await closing).toMatchObject({ code: 1006, clean: false, cause: "close-timeout" });
      expect((await closing).unsent.bytes).toBeGreaterThan(0);
    });
  });

  test("R3: a byte a second within a frame ends with 1008 after timeouts.message", async () => {
    const clock = new ManualClock();
    const { ws, caller } = await open({ clock, timeouts: { message: 5000, ...quiet } });
    const frame = plain.text("slowly, slowly");
    caller.write(frame.subarray(0, 1));
    await eventually(() => clock.next === 5000, "the first byte was read");
    for (let second = 1; second <= 5; second += 1) {
      expect(caller.ended).toBe(false);
      caller.write(frame.subarray(second, second + 1));
      await nextTurn();
      clock.advance(1000);
    }
    expect((await caller.framesToClose()).map(({ payload }) => payload.readUInt16BE(0))).toEqual([1008]);
    expect(await ws.closed).toMatchObject({ code: 1008, cause: "timeout", limit: "timeouts.message" });
  });

  test("R3: a server that sends no message ends with 1008 after timeouts.idle, though it pings", async () => {
    const clock = new ManualClock();
    const { ws, caller } = await open({ clock, timeouts: { idle: 5000, ...quiet } });
    for (let second = 0; second < 5; second += 1) {
      caller.write(plain.ping("I am here"));
      expect((await caller.frame())?.opcode).toBe(10);
      clock.advance(1000);
    }
    expect((await caller.framesToClose()).map(({ payload }) => payload.readUInt16BE(0))).toEqual([1008]);
    expect(await ws.closed).toMatchObject({ cause: "timeout", limit: "timeouts.idle" });
  });

  describe("R7, R8: a handler that runs on a client and fails", () => {
    const boom = () => {
      throw new Error("boom");
    };
    const bust = async () => {
      await nextTurn();
      throw new Error("boom");
    };
    const handlers: readonly (readonly [what: string, handler: Handler])[] = [
      ["a session that throws", { session: boom }],
      ["a session that rejects", { session: bust }],
      ["open that throws", { open: boom, message: () => undefined }],
      ["message that throws", { message: boom }],
      ["message that rejects", { message: bust }],
    ];

    test.each(handlers)("%s: 1011 for its server, and nobody else", async (_what, handler) => {
      const faults: unknown[] = [];
      const { ws, caller } = await open();
      const running = run(ws, handler, { onError: (error) => faults.push(error) });
      caller.write(plain.text("go"), plain.text("on"));
      expect((await caller.framesToClose()).map(({ payload }) => payload.readUInt16BE(0))).toEqual([1011]);
      expect(await running).toMatchObject({ code: 1011, cause: "fault", clean: false });
      expect(faults).toEqual([new Error("boom")]);
    });
  });

  test("R10: what a hook sends from within, thousands of messages deep, arrives in order", async () => {
    const { ws, caller } = await open({ limits: { sendBuffer: 64 * 1024 * 1024 } });
    void run(ws, {
      message(_ws, message) {
        for (let index = 0; index < 3000; index += 1) ws.send(`${String(message)} ${index}`);
      },
    });
    caller.write(plain.text("a"), plain.text("b"));
    const frames = await caller.frames(6000);
    const expected = ["a", "b"].flatMap((word) =>
      Array.from({ length: 3000 }, (_, index) => `${word} ${index}`),
    );
    expect(frames.map(({ payload }) => payload.toString())).toEqual(expected);
  });

  test("R10: after the close, and in the close hook, send is false and counted", async () => {
    const sent: boolean[] = [];
    const { ws, caller } = await open();
    const running = run(ws, {
      message() {
        void ws.close(4000, "enough");
        sent.push(ws.send("too late"));
      },
      close() {
        sent.push(ws.send("much too late"));
        void ws.close();
        void ws.terminate();
      },
    });
    caller.write(plain.text("end it"), plain.text("not delivered"));
    expect((await caller.frame())?.payload.toString("latin1", 2)).toBe("enough");
    caller.write(plain.close(4000, "enough"));
    caller.end();
    const report = await running;
    expect(report).toMatchObject({ code: 4000, clean: true, initiator: "local" });
    expect(report.unsent.messages).toBeGreaterThanOrEqual(1);
    expect(sent).toEqual([false, false]);
  });

  test("R11: messages wait for a consumer that is late, those beyond the inbox in the socket", async () => {
    const { ws, caller } = await open({ limits: { inbox: 4096 } });
    const texts = Array.from({ length: 2000 }, (_, index) => `message ${index}`);
    for (const text of texts) caller.write(plain.text(text));
    const gate = new Gate();
    const got: unknown[] = [];
    const running = run(ws, async () => {
      await gate.wait();
      for await (const message of ws) got.push(message);
    });
    for (let turns = 0; turns < 50; turns += 1) await nextTurn();
    expect(got).toEqual([]);
    gate.open();
    await eventually(() => got.length === texts.length, "all of them");
    expect(got).toEqual(texts);
    caller.write(plain.close(1000));
    await caller.framesToClose();
    await running;
  });

  test("R11: a server that sends without end to a client that does not read is held up", async () => {
    const { ws, caller } = await open({ limits: { inbox: 4096 } });
    const chunk = plain.binary(Buffer.alloc(32 * 1024, "x"));
    let waiting = false;
    let sent = 0;
    while (!waiting && sent < 4000) {
      waiting = !caller.socket.write(chunk);
      sent += 1;
      for (let turns = 0; waiting && turns < 30; turns += 1) {
        await nextTurn();
        waiting = caller.socket.writableNeedDrain;
      }
    }
    expect(waiting).toBe(true);
    for (let count = 0; count < sent; count += 1) expect((await ws.receive())?.length).toBe(32 * 1024);
  });

  test(`the witness reads on while ${name} floods`, async () => {
    const { ws, caller } = await open();
    ws.discard();
    for (let round = 0; round < 50; round += 1) {
      caller.write(plain.binary(Buffer.alloc(100_000)));
      await nextTurn();
    }
    caller.write(plain.close(1000));
    await caller.framesToClose();
    expect(await ws.closed).toMatchObject({ messages: { received: 50 } });
  });
});
