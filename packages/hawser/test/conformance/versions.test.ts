// Every capability of every wire version, in both roles, over a pair in memory that cuts the bytes in every way it can.
import { Buffer } from "node:buffer";
import {
  type AnyConnection,
  allVersions,
  broadcast,
  ConnectionClosedError,
  type TestPairOptions,
  UnsupportedError,
} from "hawser";
import { firstByte, Opcode, OutputBuffer, type Role, type WireVersion } from "hawser/wire";
import { describe, expect, test } from "vitest";
import type { Split } from "../../src/transport/fault-script.ts";
import { collect, pairOf, stateOf, turns } from "../connection/support.ts";
import { filler } from "../support/bytes.ts";
import { framingFor, roles } from "../wire/legacy/support.ts";
import { versionEndpoint } from "./version-endpoint.ts";

const off = Number.POSITIVE_INFINITY;
const hour = 60 * 60 * 1000;

/** The ways of cutting. Each test runs under all of them. */
const splits: readonly (readonly [name: string, split: () => Split | undefined])[] = [
  ["as sent", () => undefined],
  ["byte by byte", () => 1],
  ["in twos", () => 2],
  ["in threes", () => 3],
  ["header by header", () => [1, 1, 1, 2, 4, 1, 9, 2, 1, 5, 3, 1, 1, 1, 1]],
  ["all but the last byte", () => (available) => available - 1],
  [
    "in growing pieces",
    () => {
      let size = 0;
      return () => {
        size = (size % 11) + 1;
        return size;
      };
    },
  ],
];
/** For what is long. */
const coarse = splits.filter(([name]) =>
  ["as sent", "header by header", "all but the last byte"].includes(name),
);

const versions = allVersions.map((version) => ({ version, can: framingFor(version).can }));
const cases = versions.flatMap((each) => roles.map((role) => ({ ...each, role })));

/** The name by which a connection of this version goes. */
const nameOf = (version: WireVersion) => framingFor(version).version;
/** Only text that is valid ends these. */
const checksUtf8 = ["rfc6455", "hybi-08", "hybi-07"];

/** A pair, with the end under test and its peer. */
function endsOf(role: Role, options: TestPairOptions & { readonly split?: Split | undefined }) {
  const { split, ...rest } = options;
  const pair = pairOf({ ...rest, toServer: { split }, toClient: { split } });
  const [ws, peer] = role === "server" ? [pair.server, pair.client] : [pair.client, pair.server];
  const [out, back] = role === "server" ? [pair.toClient, pair.toServer] : [pair.toServer, pair.toClient];
  return { ws, peer, out, back, clock: pair.clock };
}

/** What iterating comes to. */
async function iterated(ws: AnyConnection): Promise<"done" | "thrown"> {
  try {
    await collect(ws);
    return "done";
  } catch (error) {
    expect(error).toBeInstanceOf(ConnectionClosedError);
    return "thrown";
  }
}

function expectUnsupported(version: WireVersion, attempt: () => unknown): void {
  expect(attempt).toThrow(UnsupportedError);
  expect(attempt).toThrow(nameOf(version));
}

async function expectRejected(version: WireVersion, attempt: Promise<unknown>): Promise<void> {
  await expect(attempt).rejects.toThrow(UnsupportedError);
  await expect(attempt).rejects.toThrow(nameOf(version));
}

const CLOSE: unique symbol = Symbol("a Close");

/** Frames as the peer of an endpoint sends them: text, or a Close. */
function peerFrame(version: WireVersion, role: Role, content: string | typeof CLOSE): Buffer {
  const framing = framingFor(version);
  const maskKey = role === "server" ? () => 0x3d21fa37 : undefined;
  if (content !== CLOSE) return framing.encodeMessage(content, maskKey);
  const output = new OutputBuffer();
  framing.encodeFrame(output, maskKey, firstByte(Opcode.close, true), Buffer.alloc(0));
  return output.take();
}

/** A text message with bytes of any kind in it. */
function rawText(version: WireVersion, role: Role, payload: Buffer): Buffer {
  if (version === "hixie-75" || version === "hixie-76") return Buffer.from([0, ...payload, 0xff]);
  if (version === "whatwg-2010-08")
    return Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, payload.length, ...payload]);
  const output = new OutputBuffer();
  const maskKey = role === "server" ? () => 0x3d21fa37 : undefined;
  framingFor(version).encodeFrame(output, maskKey, firstByte(Opcode.text, true), payload);
  return output.take();
}

describe.each(cases)("$version as a $role", ({ version, role, can }) => {
  const name = nameOf(version);

  test("says what it is", () => {
    const { ws, peer } = endsOf(role, { version });
    for (const end of [ws, peer]) expect([end.version, end.can]).toEqual([name, can]);
  });

  describe.each(splits)("%s", (_split, split) => {
    const options = { version, split: split() };

    test("text comes as it was sent, each way and in order", async () => {
      const { ws, peer } = endsOf(role, options);
      const texts = ["Hello", "", "é水😀", "\n\0", "", "x".repeat(125), "y".repeat(126), "ü".repeat(200)];
      for (const text of texts) {
        expect([ws.send(text), peer.send(text)]).toEqual([true, true]);
      }
      for (const text of texts) {
        expect(await peer.receive()).toBe(text);
        expect(await ws.receive()).toBe(text);
      }
      ws.send("a\ud800b");
      expect(await peer.receive()).toBe("a\ufffdb");
    });

    test(can.binary ? "bytes come as they were sent" : "bytes are not to be had", async () => {
      const { ws, peer } = endsOf(role, options);
      const messages = [filler(0), filler(3), filler(125), filler(126), filler(300)];
      for (const message of messages) {
        if (!can.binary) expectUnsupported(version, () => ws.send(message));
        else expect(ws.send(message)).toBe(true);
      }
      ws.send("after");
      if (can.binary)
        for (const message of messages) expect(await peer.receive()).toEqual(new Uint8Array(message));
      expect(await peer.receive()).toBe("after");
      expect([ws.phase, peer.phase]).toEqual(["open", "open"]);
    });

    test(can.fragments ? "messages in fragments" : "fragments are not to be had", async () => {
      const { ws, peer } = endsOf(role, options);
      if (!can.fragments) {
        await expectRejected(version, ws.sendStream("text", ["a", "b"]));
        await expectRejected(version, ws.sendStream("binary", [filler(3)]));
      } else {
        async function* pieces() {
          yield "Hel";
          ws.send("behind");
          void ws.ping("between");
          yield "";
          yield "lo 水";
        }
        expect(await ws.sendStream("text", pieces())).toBe(true);
        expect(await ws.sendStream("binary", [filler(3), filler(0), filler(200)])).toBe(true);
        for (const expected of ["Hello 水", "behind", Buffer.concat([filler(3), filler(200)])]) {
          const message = await peer.receive();
          expect(typeof message === "string" ? message : Buffer.from(message ?? [])).toEqual(expected);
        }
      }
      ws.send("after");
      expect(await peer.receive()).toBe("after");
    });

    test(can.ping ? "pings are answered" : "pings are not to be had", async () => {
      const { ws, peer, clock } = endsOf(role, options);
      if (!can.ping) {
        expectUnsupported(version, () => ws.ping());
        ws.send("after");
        expect(await peer.receive()).toBe("after");
        expect(ws.latency).toBeUndefined();
        return;
      }
      const answers = [ws.ping(), ws.ping("payload"), ws.ping(filler(125))];
      expect(await Promise.all(answers)).toEqual([0, 0, 0]);
      clock.advance(5);
      expect([ws.latency, await peer.ping()]).toEqual([0, 0]);
    });

    test("messages() streams", async () => {
      const { ws, peer } = endsOf(role, options);
      const streams = ws.messages();
      const texts = ["", "Hello 水", "é".repeat(300)];
      for (const text of texts) peer.send(text);
      if (can.binary) peer.send(filler(300));
      if (can.fragments) await peer.sendStream("text", ["a水", "", "b"]);
      void peer.close();
      const got: (string | Buffer)[] = [];
      for await (const message of streams) {
        if (message.kind === "text") got.push((await collect(message)).join(""));
        else got.push(Buffer.from(await message.bytes()));
      }
      const expected = [...texts, ...(can.binary ? [filler(300)] : []), ...(can.fragments ? ["a水b"] : [])];
      expect(got).toEqual(expected);
    });

    test.each([
      { who: "we close", closers: ["ws"], initiators: ["local", "peer"] },
      { who: "the peer closes", closers: ["peer"], initiators: ["peer", "local"] },
      { who: "both close at once", closers: ["ws", "peer"], initiators: ["local", "local"] },
    ] as const)("$who: a normal end for both, behind what was sent", async ({ closers, initiators }) => {
      const ends = endsOf(role, options);
      const both = [ends.ws, ends.peer];
      for (const end of both) end.send("before");
      await turns(40);
      for (const closer of closers) void ends[closer].close();
      for (const closer of closers) expect(ends[closer].send("late")).toBe(false);
      const reports = await Promise.all(both.map(({ closed }) => closed));
      const code = can.closeCode ? 1000 : 1005;
      for (const report of reports) {
        const frame = { code, reason: "" };
        expect(report).toMatchObject({
          ...frame,
          clean: true,
          cause: "close",
          phase: "open",
          error: undefined,
        });
        expect([report.sent, report.received]).toEqual([frame, frame]);
      }
      expect(reports.map(({ initiator }) => initiator)).toEqual(initiators);
      for (const end of both) expect(await collect(end)).toEqual(["before"]);
    });

    test(
      can.closeCode ? "closes with a code and a reason" : "codes and reasons are not to be had",
      async () => {
        const { ws, peer } = endsOf(role, options);
        const attempt = () => ws.close(4004, "close reason 水");
        if (!can.closeCode) {
          expectUnsupported(version, attempt);
          expectUnsupported(version, () => ws.close(1000, "why"));
          expect(ws.phase).toBe("open");
          return;
        }
        const frame = { code: 4004, reason: "close reason 水" };
        expect(await attempt()).toMatchObject({ ...frame, clean: true, sent: frame, received: frame });
        expect(await peer.closed).toMatchObject({ ...frame, clean: true, initiator: "peer" });
        expect(await iterated(peer)).toBe("thrown");
      },
    );

    test("a message over limits.message ends the connection, and the report says so", async () => {
      const { ws, peer } = endsOf(role, { ...options, [role]: { limits: { message: 1000 } } });
      peer.send("x".repeat(1000));
      peer.send("x".repeat(1001));
      expect(await ws.receive()).toBe("x".repeat(1000));
      expect(await ws.receive()).toBeUndefined();
      expect(await ws.closed).toMatchObject({
        code: 1009,
        cause: "limit",
        limit: "limits.message",
        clean: false,
        initiator: "local",
        phase: "open",
      });
      expect(await iterated(ws)).toBe("thrown");
      const told = can.closeCode ? (version === "rfc6455" ? 1009 : 1004) : 1005;
      expect(await peer.closed).toMatchObject({ code: told, cause: "close", initiator: "peer" });
    });

    test("text that is none: replaced in the old versions, the end of the connection in the later ones", async () => {
      const { ws, peer } = versionEndpoint(version, role, { split: options.split });
      await peer.send(rawText(version, role, Buffer.from([0x61, 0xe2, 0x82, 0x62, 0x80])));
      if (!checksUtf8.includes(version)) {
        expect(await ws.receive()).toBe("a\ufffdb\ufffd");
        return;
      }
      await turns(40);
      peer.transport.end();
      const sent = { code: version === "hybi-07" ? 1002 : 1007 };
      expect(await ws.closed).toMatchObject({ code: 1007, cause: "protocol", clean: false, sent });
      expect(await iterated(ws)).toBe("thrown");
    });

    test("what comes behind a Close is not read", async () => {
      const { ws, peer } = versionEndpoint(version, role, { split: options.split });
      const frames = (["before", CLOSE, "late"] as const).map((content) => peerFrame(version, role, content));
      await peer.send(...frames);
      if (version === "hixie-75") expect(await collectSome(ws, 2)).toEqual(["before", "late"]);
      peer.transport.end();
      expect(await collect(ws)).toEqual(version === "hixie-75" ? [] : ["before"]);
      expect(await ws.closed).toMatchObject({ code: 1005, clean: true, cause: "close", initiator: "peer" });
    });

    test("what comes behind our own Close is dropped", async () => {
      const { ws, peer } = versionEndpoint(version, role, { split: options.split });
      void ws.close();
      await peer.send(peerFrame(version, role, "late"), peerFrame(version, role, CLOSE));
      await turns(40);
      peer.transport.end();
      const report = await ws.closed;
      expect(report).toMatchObject({ clean: true, cause: "close", initiator: "local" });
      expect(report.messages.received).toBe(0);
      expect(await collect(ws)).toEqual([]);
    });
  });

  describe.each(coarse)("%s", (_split, split) => {
    test("70,000 bytes of text, and of anything where there is such", async () => {
      const { ws, peer } = endsOf(role, { version, split: split() });
      const text = "é水😀x".repeat(7000);
      ws.send(text);
      if (can.binary) ws.send(filler(70_000));
      expect((await peer.receive()) === text).toBe(true);
      const binary = can.binary ? await peer.receive() : undefined;
      if (can.binary) expect(binary instanceof Uint8Array && filler(70_000).equals(binary)).toBe(true);
      const streams = ws.messages();
      peer.send(text);
      void peer.close();
      const streamed: (string | Uint8Array)[][] = [];
      for await (const message of streams) streamed.push(await collect(message));
      expect(streamed.map((pieces) => pieces.join("") === text)).toEqual([true]);
      expect(streamed[0]?.length).toBeGreaterThan(1);
    });

    test("a coupled echo stops with its output, and loses nothing", async () => {
      const limits = { sendMark: 1000, inbox: 1000 };
      const { ws, peer, out } = endsOf(role, { version, split: split(), [role]: { limits, coupled: true } });
      const echo = (async () => {
        for await (const message of ws) ws.send(message);
      })();
      out.stall();
      const texts = Array.from({ length: 300 }, (_, index) => `${index} ${"x".repeat(100)}`);
      for (const text of texts) peer.send(text);
      await turns(700);
      expect(ws.bufferedAmount).toBeGreaterThan(1000);
      expect(ws.bufferedAmount).toBeLessThan(1200);
      out.unstall();
      for (const text of texts) expect(await peer.receive()).toBe(text);
      void peer.close();
      await echo;
    });

    test("send() says when limits.sendMark is passed, and drain() when it is so no longer", async () => {
      const { ws, peer, out } = endsOf(role, {
        version,
        split: split(),
        [role]: { limits: { sendMark: 1000 } },
      });
      expect(await ws.drain()).toBe(true);
      out.stall();
      expect([ws.send("x".repeat(900)), ws.send("y".repeat(200))]).toEqual([true, false]);
      const drained = ws.drain();
      await turns();
      expect(await stateOf(drained)).toBe("pending");
      out.unstall();
      expect(await drained).toBe(true);
      expect([(await peer.receive())?.length, (await peer.receive())?.length]).toEqual([900, 200]);
    });
  });

  test("a peer that does not read is dropped over limits.sendBuffer", async () => {
    const { ws, out } = endsOf(role, { version, [role]: { limits: { sendBuffer: 1000, sendMark: 100 } } });
    out.stall();
    ws.send("x".repeat(1100));
    expect([ws.send("too much"), ws.phase]).toEqual([false, "closing"]);
    out.unstall();
    expect(await ws.closed).toMatchObject({ code: 1008, cause: "limit", limit: "limits.sendBuffer" });
  });

  test("terminate(): the peer sees the transport end, which only hixie-75 takes for a normal end", async () => {
    const { ws, peer } = endsOf(role, { version });
    expect(await ws.terminate()).toMatchObject({
      code: 1006,
      cause: "terminated",
      clean: false,
      initiator: "local",
    });
    const seen =
      version === "hixie-75" ? { code: 1005, cause: "close", clean: true } : { code: 1006, cause: "lost" };
    expect(await peer.closed).toMatchObject({ ...seen, initiator: "peer" });
    expect(await iterated(peer)).toBe(version === "hixie-75" ? "done" : "thrown");
    expect(await iterated(ws)).toBe("thrown");
  });

  test("terminate() after close() is what ended it", async () => {
    const { ws, out } = endsOf(role, { version });
    out.freeze();
    void ws.close();
    await turns();
    expect(await ws.terminate()).toMatchObject({
      code: 1006,
      cause: "terminated",
      phase: "closing",
      clean: false,
    });
  });

  test("a Close that is not answered in time", async () => {
    const { ws, out, clock } = endsOf(role, { version });
    out.freeze();
    void ws.close();
    clock.advance(4999);
    expect(ws.phase).toBe("closing");
    clock.advance(1);
    expect(await ws.closed).toMatchObject({
      code: 1006,
      cause: "close-timeout",
      phase: "closing",
      clean: false,
    });
    expect(await iterated(ws)).toBe("thrown");
  });

  test("a violation after our Close happened while we were closing", async () => {
    const { ws, peer } = versionEndpoint(version, role, { limits: { message: 10 } });
    void ws.close();
    await peer.send(peerFrame(version, role, "x".repeat(11)));
    peer.transport.end();
    expect(await ws.closed).toMatchObject({ code: 1009, cause: "limit", phase: "closing", clean: false });
  });

  test("the end of the transport without a Close: 1006, but for hixie-75, where it is the only one", async () => {
    const { ws, peer } = versionEndpoint(version, role);
    await peer.send(peerFrame(version, role, "before"));
    peer.transport.end();
    const normal = version === "hixie-75";
    const seen = normal
      ? { code: 1005, clean: true, cause: "close" }
      : { code: 1006, clean: false, cause: "lost" };
    expect(await ws.closed).toMatchObject({ ...seen, initiator: "peer", phase: "open" });
    expect(await ws.receive()).toBe("before");
    expect(await iterated(ws)).toBe(normal ? "done" : "thrown");
  });

  test("the end of the transport in the middle of a message is 1006 in every version", async () => {
    const whole = peerFrame(version, role, "message");
    for (let cut = 1; cut < whole.length; cut += 1) {
      const { ws, peer } = versionEndpoint(version, role);
      await peer.send(whole, whole.subarray(0, cut));
      peer.transport.end();
      expect(await ws.closed).toMatchObject({ code: 1006, clean: false, cause: "lost", phase: "open" });
      expect(await ws.receive()).toBe("message");
      expect(await iterated(ws)).toBe("thrown");
    }
  });

  test("so it is to messages()", async () => {
    const whole = peerFrame(version, role, "message");
    const { ws, peer } = versionEndpoint(version, role);
    const streams = ws.messages();
    await peer.send(whole.subarray(0, whole.length - 2));
    peer.transport.end();
    await expect(
      (async () => {
        for await (const message of streams) await message.text();
      })(),
    ).rejects.toThrow(ConnectionClosedError);
  });

  test("a transport that breaks between two messages is 1006 in every version", async () => {
    const { ws, peer, back } = versionEndpoint(version, role);
    await peer.send(peerFrame(version, role, "before"));
    back.cut();
    expect(await ws.closed).toMatchObject({
      code: 1006,
      clean: false,
      cause: "lost",
      error: { code: "ECONNRESET" },
    });
    expect(await ws.receive()).toBe("before");
    expect(await iterated(ws)).toBe("thrown");
  });

  test("messages that wait when the peer ends can still be taken", async () => {
    const { ws, peer } = versionEndpoint(version, role, { limits: { inbox: 100 } });
    const texts = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    await peer.send(...texts.map((text) => peerFrame(version, role, text)), peerFrame(version, role, CLOSE));
    peer.transport.end();
    expect(await collect(ws)).toEqual(texts);
    expect(await ws.closed).toMatchObject({ code: 1005, clean: true, messages: { received: 50 } });
  });

  describe("keepalive", () => {
    const quiet = (timeouts = {}) => {
      const peerRole = role === "server" ? "client" : "server";
      const options = { [role]: { timeouts }, [peerRole]: { timeouts: { keepalive: off } } };
      return endsOf(role, { version, ...options });
    };

    test(
      can.ping ? "pings, and gives up on a peer that does not answer" : "none: an hour without a message",
      async () => {
        const { ws, peer, clock, out } = quiet();
        if (can.ping) {
          for (let second = 0; second < 100; second += 1) {
            clock.advance(1000);
            await turns(6);
          }
          expect([ws.phase, typeof ws.latency]).toEqual(["open", "number"]);
          out.freeze();
          clock.advance(25_000 + 10_000);
          expect(await ws.closed).toMatchObject({ cause: "keepalive", code: 1011, limit: "timeouts.pong" });
          return;
        }
        clock.advance(hour / 2);
        peer.send("still here");
        expect(await ws.receive()).toBe("still here");
        clock.advance(hour - 1);
        await turns();
        expect([ws.phase, out.delivered]).toEqual(["open", 0]);
        clock.advance(1);
        await turns();
        expect(await ws.closed).toMatchObject({
          cause: "timeout",
          code: 1008,
          limit: "timeouts.idle",
          clean: false,
        });
        expect(await iterated(ws)).toBe("thrown");
      },
    );

    test("timeouts.idle holds in every version", async () => {
      const { ws, clock } = quiet({ idle: 1000 });
      clock.advance(999);
      expect(ws.phase).toBe("open");
      clock.advance(1);
      await turns();
      expect(await ws.closed).toMatchObject({ cause: "timeout", limit: "timeouts.idle" });
    });

    test("both off: never", async () => {
      const { ws, clock } = quiet({ keepalive: off });
      clock.advance(1000 * hour);
      await turns();
      expect([ws.phase, clock.next]).toEqual(["open", undefined]);
    });
  });
});

test("one broadcast to all versions, both ends of each: text to all, bytes to those that have them", async () => {
  const pairs = versions.map(({ version }) =>
    pairOf({ version, toClient: { split: 1 }, toServer: { split: 3 } }),
  );
  const ends = pairs.flatMap(({ server, client }): AnyConnection[] => [server, client]);
  const able = ends.filter((ws) => ws.can.binary);
  expect([ends.length, able.length]).toEqual([24, 18]);
  expect(broadcast(new Set(ends), "news 水")).toBe(24);
  expect(broadcast(new Set(ends), filler(300))).toBe(18);
  expect(broadcast(new Set(ends), "x".repeat(2000))).toBe(24);
  for (const ws of ends) {
    expect(await ws.receive()).toBe("news 水");
    if (ws.can.binary) expect(await ws.receive()).toEqual(new Uint8Array(filler(300)));
    expect(await ws.receive()).toBe("x".repeat(2000));
  }
});

/** Takes so many messages. */
async function collectSome(ws: AnyConnection, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  while (taken.length < count) taken.push(await ws.receive());
  return taken;
}
