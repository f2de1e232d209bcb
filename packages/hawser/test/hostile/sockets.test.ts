// Hostile peers on real sockets after the handshake: lost, flooding, not reading, slow; and handlers that are late or eager.
import { connect as connectPlain } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { type AnyConnection, ManualClock } from "hawser";
import { describe, expect, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { Gate } from "../serve/support/gate.ts";
import { eventually, Guard, reportOf } from "../serve/support/guard.ts";
import { Peer } from "../serve/support/peer.ts";
import { request } from "../serve/support/requests.ts";
import { type HostOptions, ways } from "../serve/support/ways-in.ts";
import { masked, plain } from "../support/frames.ts";

const guard = new Guard();
const never = Number.POSITIVE_INFINITY;

describe.each(["serve", "acceptStream", "upgrade"] as const)("by %s", (name) => {
  async function open(options: HostOptions = {}, watch = {}) {
    const host = await guard.host(ways[name], options, watch);
    const peer = await guard.peer(host.target, request());
    await peer.opened();
    return { host, peer };
  }

  /** Cut short, and lost to nobody else. */
  const cuts = [
    ["between frames", Buffer.alloc(0)],
    ["in the head of a frame", masked.text("hello").subarray(0, 3)],
    ["in a frame", masked.text("hello").subarray(0, 8)],
    ["in a message", masked.text("hel", { fin: false })],
  ] as const;

  test.each(cuts)("C13: a FIN %s, without a Close, is 1006", async (_where, bytes) => {
    const { host, peer } = await open();
    await peer.echo("hello");
    peer.write(bytes).socket.end();
    expect(await reportOf(host)).toMatchObject({
      code: 1006,
      clean: false,
      cause: "lost",
      initiator: "peer",
    });
    expect(await peer.over()).toBe("fin");
    await eventually(() => host.busy() === 1, "only the witness");
  });

  test.each(cuts)("C14: a reset %s is 1006", async (_where, bytes) => {
    const { host, peer } = await open();
    await peer.echo("hello");
    peer.write(bytes);
    await nextTurn();
    peer.reset();
    const report = await reportOf(host);
    expect(report).toMatchObject({ code: 1006, clean: false, cause: "lost", initiator: "peer" });
    await eventually(() => host.busy() === 1, "only the witness");
  });

  test("C14: a reset while we write is 1006", async () => {
    const { host, peer } = await open({
      handler: async (ws) => {
        while (ws.send(Buffer.alloc(100_000))) await nextTurn();
        while (await ws.drain()) ws.send(Buffer.alloc(100_000));
      },
    });
    await peer.until(() => peer.bytes.length > 1_000_000);
    peer.reset();
    expect(await reportOf(host)).toMatchObject({ code: 1006, cause: "lost" });
  });

  test.each(["reset", "fin"] as const)(
    "C14, T6: the end (%s) of TCP in a TLS record is 1006",
    async (how) => {
      const host = await guard.host(ways[name], { tls: certificateFor("localhost") });
      const tcp = connectPlain({ port: host.target.port!, host: "127.0.0.1" });
      const secure = connectTls({ socket: tcp, rejectUnauthorized: false });
      const peer = new Peer(secure, "secureConnect");
      peer.write(request());
      await peer.opened();
      await peer.echo("hello");
      // The first bytes of a record of application data.
      tcp.write(Buffer.from("1703030040deadbeef", "hex"));
      await nextTurn();
      if (how === "reset") tcp.resetAndDestroy();
      else tcp.destroy();
      expect(await reportOf(host)).toMatchObject({ code: 1006, clean: false, cause: "lost" });
      secure.destroy();
      await eventually(() => host.busy() === 1, "only the witness");
    },
  );

  test("C15: a peer that has vanished is found within timeouts.keepalive and timeouts.pong", async () => {
    const clock = new ManualClock();
    const timeouts = { keepalive: 20_000, pong: 10_000 };
    const { host, peer: gone } = await open({ clock, timeouts }, { witness: false });
    const good = await guard.peer(host.target, request());
    await good.opened();
    let pings = 0;
    for (let second = 0; second < 60; second += 1) {
      clock.advance(1000);
      if (second === 29)
        expect(await reportOf(host)).toMatchObject({ cause: "keepalive", limit: "timeouts.pong" });
      good.write(masked.text("tick"));
      for (let [frame] = await good.frames(); frame?.opcode !== 1; [frame] = await good.frames()) {
        expect(frame?.opcode).toBe(9);
        pings += 1;
        good.write(masked.pong(frame!.payload));
      }
      await good.echo("the pong was read before this");
    }
    expect(pings).toBeGreaterThanOrEqual(2);
    expect(host.reports).toHaveLength(1);
    expect((await gone.framesToEnd()).map(({ opcode }) => opcode)).toEqual([9, 8]);
  });

  test("F28: a flood of empty messages is delivered, and leaves the loop to others", async () => {
    const total = 300_000;
    let count = 0;
    let widest = 0;
    const { host, peer } = await open({
      handler: {
        message() {
          count += 1;
        },
      },
    });
    const other = await guard.peer({ ...host.target }, request({ line: "GET /witness HTTP/1.1" }));
    await other.opened();
    peer.write(Buffer.alloc(total * 6, masked.text("")));
    await eventually(() => count > 0, "the first of the flood");
    await other.echo("among the flood");
    expect(count).toBeLessThan(total);
    for (let before = count; count < total; before = count) {
      await nextTurn();
      widest = Math.max(widest, count - before);
    }
    expect(count).toBe(total);
    // What one turn of the loop delivers.
    expect(widest).toBeLessThanOrEqual(4096);
  });

  test("F30: of pings that a peer sends without reading, only the newest is owed", async () => {
    const total = 150_000;
    let server: AnyConnection | undefined;
    const { peer } = await open({
      coupled: false,
      // A ping of ours would be in the output as well.
      timeouts: { stalled: never, keepalive: never },
      handler: (ws) => {
        server = ws;
        return ws.closed;
      },
    });
    peer.socket.pause();
    for (let sent = 0; sent < total; sent += 1000) {
      const pings = Array.from({ length: 1000 }, (_, index) =>
        masked.ping(`${sent + index}`.padStart(125, ".")),
      );
      peer.write(...pings);
      await nextTurn();
      expect(server!.bufferedAmount).toBeLessThanOrEqual(64 * 1024 + 127);
    }
    peer.write(masked.text("done"));
    expect(await server!.receive()).toBe("done");
    expect(server!.bufferedAmount).toBeGreaterThan(64 * 1024);
    let pongs = 0;
    let tail = Buffer.alloc(0);
    const newest = plain.pong(`${total - 1}`.padStart(125, "."));
    const done = new Promise<void>((resolve) => {
      peer.socket.removeAllListeners("data").on("data", (chunk: Buffer) => {
        pongs += chunk.length / newest.length;
        tail = Buffer.concat([tail, chunk]).subarray(-newest.length);
        if (tail.equals(newest)) resolve();
      });
    });
    peer.socket.resume();
    await done;
    expect(pongs).toBeLessThan(total);
    server!.send("alive");
    await new Promise<void>((resolve) => {
      peer.socket.once("data", (chunk: Buffer) => {
        expect(chunk).toEqual(plain.text("alive"));
        resolve();
      });
    });
  });

  describe("R1: a peer that does not read, and a handler that sends without end", () => {
    const chunk = Buffer.alloc(64 * 1024, "x");

    async function overflow(clock?: ManualClock) {
      const marks: boolean[] = [];
      let most = 0;
      const { host, peer } = await open({
        timeouts: { keepalive: never },
        ...(clock && { clock }),
        handler: async (ws) => {
          await ws.receive();
          while (ws.phase === "open") {
            marks.push(ws.send(chunk));
            most = Math.max(most, ws.bufferedAmount);
            if (marks.length % 16 === 0) await nextTurn();
          }
          await ws.closed;
        },
      });
      peer.socket.pause();
      peer.write(masked.text("go"));
      return { host, peer, marks, most: () => most };
    }

    test("ends with 1008 at a message boundary, and what was sent before arrives whole", async () => {
      const { host, peer, marks, most } = await overflow();
      await eventually(
        () => marks.length > 0 && !host.reports.length && marks.at(-1) === false,
        "a full buffer",
      );
      await eventually(() => marks.filter((room) => !room).length > 16, "the limit");
      peer.socket.resume();
      const frames = await peer.framesToEnd();
      expect(frames.slice(0, -1).every(({ opcode, payload }) => opcode === 2 && payload.equals(chunk))).toBe(
        true,
      );
      expect(frames.at(-1)).toMatchObject({ opcode: 8 });
      expect(frames.at(-1)?.payload.readUInt16BE(0)).toBe(1008);
      await peer.hangUp();
      expect(await reportOf(host)).toMatchObject({
        code: 1008,
        cause: "limit",
        limit: "limits.sendBuffer",
        clean: false,
      });
      // The limit, and the message that went past it.
      expect(most()).toBeLessThanOrEqual(1024 * 1024 + 2 * chunk.length);
    });

    test("and drops the peer that does not read even then", async () => {
      const clock = new ManualClock();
      const { host, marks } = await overflow(clock);
      await eventually(() => marks.filter((room) => !room).length > 16, "the limit");
      clock.advance(5000);
      expect(await reportOf(host)).toMatchObject({ code: 1008, limit: "limits.sendBuffer" });
      await eventually(() => host.busy() === 1, "only the witness");
    });
  });

  test("R3: a byte a second within a frame ends with 1008 after timeouts.message", async () => {
    const clock = new ManualClock();
    const { host, peer } = await open({ clock, timeouts: { message: 5000, keepalive: never } });
    const frame = masked.text("slowly, slowly");
    peer.write(frame.subarray(0, 1));
    await eventually(() => clock.next === 5000, "the first byte was read");
    for (let second = 1; second <= 5; second += 1) {
      expect(peer.end).toBeUndefined();
      peer.write(frame.subarray(second, second + 1));
      await nextTurn();
      clock.advance(1000);
    }
    expect(await peer.closeCode()).toBe(1008);
    await peer.hangUp();
    expect(await reportOf(host)).toMatchObject({ code: 1008, cause: "timeout", limit: "timeouts.message" });
  });

  test("R3: a fragment a second ends with 1008 after timeouts.message, pongs or not", async () => {
    const clock = new ManualClock();
    const { host, peer } = await open({ clock, timeouts: { message: 5000, keepalive: never } });
    peer.write(masked.text("s", { fin: false }));
    for (let second = 0; second < 5; second += 1) {
      peer.write(masked.more("l"), masked.ping("was it read?"));
      expect(await peer.frames()).toMatchObject([{ opcode: 10 }]);
      clock.advance(1000);
    }
    expect(await peer.closeCode()).toBe(1008);
    await peer.hangUp();
    expect(await reportOf(host)).toMatchObject({ limit: "timeouts.message" });
  });

  test("R3: a peer that sends no message ends with 1008 after timeouts.idle, though it answers pings", async () => {
    const clock = new ManualClock();
    const { host, peer } = await open(
      { clock, timeouts: { idle: 5000, keepalive: never } },
      { witness: false },
    );
    for (let second = 0; second < 5; second += 1) {
      peer.write(masked.ping("I am here"));
      expect(await peer.frames()).toMatchObject([{ opcode: 10 }]);
      clock.advance(1000);
    }
    expect(await peer.closeCode()).toBe(1008);
    await peer.hangUp();
    expect(await reportOf(host)).toMatchObject({ cause: "timeout", limit: "timeouts.idle" });
  });

  test("R10: what hooks send from within, thousands of messages deep, arrives in order", async () => {
    const { peer } = await open({
      coupled: false,
      limits: { sendBuffer: 64 * 1024 * 1024 },
      handler: {
        message(ws, message) {
          for (let index = 0; index < 5000; index += 1) ws.send(`${String(message)} ${index}`);
        },
      },
    });
    peer.write(masked.text("a"), masked.text("b"));
    const frames = await peer.frames(10_000);
    const expected = ["a", "b"].flatMap((word) =>
      Array.from({ length: 5000 }, (_, index) => `${word} ${index}`),
    );
    expect(frames.map(({ payload }) => payload.toString())).toEqual(expected);
  });

  test("R10: after the close, and in the close hook, send is false and counted", async () => {
    const sent: boolean[] = [];
    const { host, peer } = await open({
      handler: {
        message(ws) {
          void ws.close(4000, "enough");
          sent.push(ws.send("too late"));
        },
        close(ws) {
          sent.push(ws.send("much too late"));
          void ws.close();
          void ws.terminate();
        },
      },
    });
    peer.write(masked.text("end it"), masked.text("not delivered"));
    expect(await peer.frames()).toMatchObject([
      { opcode: 8, payload: Buffer.from([0x0f, 0xa0, ..."enough".split("").map((c) => c.charCodeAt(0))]) },
    ]);
    peer.write(masked.close(4000, "enough"));
    expect(await peer.over()).toBe("fin");
    await peer.hangUp();
    const report = await reportOf(host);
    expect(report).toMatchObject({ code: 4000, clean: true, initiator: "local" });
    expect(report.unsent.messages).toBeGreaterThanOrEqual(1);
    expect(sent).toEqual([false, false]);
    expect(host.faults).toEqual([]);
  });

  test("R11: messages wait for a consumer that is late, those beyond the inbox in the socket", async () => {
    const gate = new Gate();
    const got: unknown[] = [];
    const { peer } = await open({
      limits: { inbox: 4096 },
      handler: async (ws) => {
        await gate.wait();
        for await (const message of ws) {
          got.push(message);
          if (message === "last") ws.send("all");
        }
      },
    });
    const texts = [...Array.from({ length: 2000 }, (_, index) => `message ${index}`), "last"];
    for (const text of texts) peer.write(masked.text(text));
    await eventually(() => gate.waiting === 1, "the session");
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    expect(got).toEqual([]);
    gate.open();
    expect(await peer.message()).toBe("all");
    expect(got).toEqual(texts);
  });

  test("R11: messages that came before a peer's Close are delivered after it", async () => {
    const gate = new Gate();
    const got: unknown[] = [];
    const { host, peer } = await open({
      handler: async (ws) => {
        await gate.wait();
        for await (const message of ws) got.push(message);
        got.push("end");
      },
    });
    peer.write(masked.text("one"), masked.text("two"), masked.close(1000));
    expect(await peer.closeCode()).toBe(1000);
    await peer.hangUp();
    expect(await reportOf(host)).toMatchObject({ code: 1000, clean: true, initiator: "peer" });
    gate.open();
    await eventually(() => got.length === 3, "the end of the session");
    expect(got).toEqual(["one", "two", "end"]);
  });
});
