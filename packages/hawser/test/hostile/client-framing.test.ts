// Hostile framing and closing at clients on sockets: the rows of the machine (F1 to F36, K12, C1 to C11), over TCP and TLS, cut
// everywhere.
import { Buffer } from "node:buffer";
import { type AnyConnection, type CloseReport, connect, type Limits } from "hawser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { eventually } from "../serve/support/guard.ts";
import { bytes, filler } from "../support/bytes.ts";
import { comparable } from "../support/expectations.ts";
import { plain, type ReadFrame, readFrames } from "../support/frames.ts";
import { Random } from "../support/random.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { byteByByte, cutAt, everySplit, inChunks } from "../support/splits.ts";
import { ClientGuard } from "./client-guard.ts";
import { closingRows } from "./closing-rows.ts";
import { framingRows } from "./framing-rows.ts";

const guard = new ClientGuard();
const pair = certificateFor("localhost");

/** What came of one stream of bytes. */
interface Outcome {
  readonly messages: string[];
  readonly heard: ReadFrame[];
  readonly report: CloseReport;
}

/** Cut in two everywhere, or near both ends, and byte by byte. */
function manyCuts(input: Buffer): Buffer[][] {
  if (input.length <= 30) return [[input], ...everySplit(input), byteByByte(input)];
  const places = [1, 2, 4, 6, 9, 10, 11, input.length - 7, input.length - 1];
  return [[input], ...places.map((place) => cutAt(input, [place])), inChunks(input, 7)];
}

/** Whole, cut within the first header, and byte by byte: each of them costs a handshake under TLS. */
function fewCuts(input: Buffer): Buffer[][] {
  return [[input], cutAt(input, [1]), input.length <= 30 ? byteByByte(input) : inChunks(input, 7)];
}

describe.each([
  ["TCP", undefined, {}, manyCuts],
  ["TLS", pair, { tls: { ca: pair.cert } }, fewCuts],
] as const)("over %s", (_name, tls, options, cutsOf) => {
  let server: ScriptedServer;
  beforeAll(async () => {
    server = await ScriptedServer.listen(undefined, { tls });
  });
  afterAll(() => server.close());

  /**
   * Sends the pieces, each a write of its own, then what `last` is, and hears the client out: it must hang up after a failure by
   * itself, and after a Close or the end when we have.
   */
  async function run(
    pieces: readonly Buffer[],
    limits: Partial<Limits>,
    last: "close" | "nothing",
  ): Promise<Outcome> {
    const opening = connect(server.url("/", "localhost"), { ...options, limits });
    const caller = await server.callers.take();
    await caller.accept();
    const ws: AnyConnection = await opening;
    for (const piece of pieces) await caller.send(piece, Math.max(piece.length, 1));
    if (last === "close") await caller.send(plain.close(1000, "done"));
    const messages: string[] = [];
    const reading = (async () => {
      for (let message = await ws.receive(); message !== undefined; message = await ws.receive())
        messages.push(comparable(message));
    })();
    const heard = await caller.framesToClose();
    caller.socket.destroy();
    const report = await ws.closed;
    await reading;
    return { messages, heard, report };
  }

  async function refused(input: Buffer, code: number, limits: Partial<Limits> = {}) {
    for (const pieces of cutsOf(input)) {
      const { messages, heard, report } = await run(pieces, limits, "nothing");
      const what = pieces.length > 30 ? "byte by byte" : pieces.map(({ length }) => length).join("+");
      expect([what, messages, heard.map(({ opcode }) => opcode)]).toEqual([what, [], [8]]);
      expect([what, heard[0]?.masked, heard[0]?.payload.readUInt16BE(0)]).toEqual([what, true, code]);
      expect(report).toMatchObject({ code, clean: false, initiator: "local" });
      expect(["protocol", "limit"]).toContain(report.cause);
    }
  }

  test.each(framingRows("client"))("$title", async (row) => {
    for (const { input, code, limits } of row.refused) await refused(input, code, limits);
    for (const { input, messages, answers, limits = {} } of row.taken) {
      // A Close in the middle of a frame would be its payload.
      const whole = isWhole(input);
      for (const pieces of whole ? cutsOf(input) : []) {
        const outcome = await run(pieces, limits, "close");
        expect(outcome.messages).toEqual(messages.map(comparable));
        const expected = [
          ...answers.flatMap((frame) => readFrames(frame)),
          ...readFrames(plain.close(1000, "done")),
        ];
        expect(outcome.heard).toEqual(expected.map((frame) => ({ ...frame, masked: true })));
        expect(outcome.report).toMatchObject({ code: 1000, clean: true, initiator: "peer" });
      }
    }
  });

  test.each(closingRows("client"))("$title", async ({ cases }) => {
    for (const { input, code, echoed, reason } of cases) {
      if (!echoed) {
        await refused(input, code ?? 1005);
        continue;
      }
      for (const pieces of cutsOf(input)) {
        const { messages, heard, report } = await run(pieces, {}, "nothing");
        expect([messages, heard]).toEqual([
          [],
          readFrames(plain.close(code, reason)).map((frame) => ({ ...frame, masked: true })),
        ]);
        expect(report).toMatchObject({
          code: code ?? 1005,
          reason,
          clean: true,
          initiator: "peer",
          cause: "close",
        });
      }
    }
  });

  test.each([
    ["F26", 1],
    ["F27", 0],
  ])("%s: endless fragments of %i bytes are 1009 once the message's budget is spent", async (_row, size) => {
    const flood = Buffer.concat([
      plain.binary(filler(size), { fin: false }),
      ...Array.from({ length: 20_000 }, () => plain.more(filler(size))),
    ]);
    for (const piece of [flood.length, 997]) {
      const { heard, messages } = await run(inChunks(flood, piece), { message: 16_000 }, "nothing");
      expect([messages, heard.map(({ payload }) => payload.readUInt16BE(0))]).toEqual([[], [1009]]);
    }
  });

  test("F28: a flood of empty messages is delivered, and leaves the loop to others", async () => {
    const total = 100_000;
    const scripted = await guard.server((caller) => caller.accept(), { tls });
    const ws = await guard.open(scripted.url("/", "localhost"), options);
    const caller = await scripted.callers.take();
    caller.write(Buffer.alloc(total * 2, plain.text("")));
    let count = 0;
    let turns = 0;
    const reading = (async () => {
      while (count < total && (await ws.receive()) === "") count += 1;
    })();
    let widest = 0;
    for (let before = 0; count < total; before = count) {
      await new Promise(setImmediate);
      turns += 1;
      widest = Math.max(widest, count - before);
    }
    await reading;
    expect(turns).toBeGreaterThan(10);
    expect(widest).toBeLessThanOrEqual(4096);
  });

  test("F30: a flood of pings from a server that does not read: only the newest is owed", async () => {
    const scripted = await guard.server((caller) => caller.accept(), { tls });
    const timeouts = { stalled: Number.POSITIVE_INFINITY };
    const ws = await guard.open(scripted.url("/", "localhost"), { ...options, timeouts });
    const caller = await scripted.callers.take();
    caller.socket.pause();
    const total = 100_000;
    for (let sent = 0; sent < total; sent += 1000) {
      const pings = Array.from({ length: 1000 }, (_, index) =>
        plain.ping(`${sent + index}`.padStart(125, ".")),
      );
      caller.write(...pings);
      await new Promise(setImmediate);
      expect(ws.bufferedAmount).toBeLessThanOrEqual(64 * 1024 + 131);
    }
    caller.write(plain.text("done"));
    expect(await ws.receive()).toBe("done");
    expect(ws.bufferedAmount).toBeGreaterThan(64 * 1024);
    caller.socket.resume();
    const newest = `${total - 1}`.padStart(125, ".");
    let pongs = 0;
    for (let frame = await caller.frame(); ; frame = await caller.frame()) {
      pongs += 1;
      expect(frame?.opcode).toBe(10);
      if (frame?.payload.toString() === newest) break;
    }
    expect(pongs).toBeLessThan(total);
  });

  test("F37: random bytes are valid, or end with 1002, 1007 or 1009; nothing else happens", async () => {
    const random = new Random(73);
    const seen = new Set<number>();
    for (let round = 0; round < 300; round += 1) {
      const input = Buffer.from(random.bytes(1 + random.below(60)));
      // Most first bytes would be refused at once: half of the inputs begin like a frame.
      if (random.oneIn(2)) input[0] = (input[0]! & 0x8f) % 0x83;
      if (random.oneIn(2)) input[1] = input[1]! & 0x0f;
      const opening = connect(server.url("/", "localhost"), { ...options, limits: { message: 30 } });
      const caller = await server.callers.take();
      await caller.accept();
      const ws = await opening;
      await caller.send(input, 1 + random.below(20));
      caller.end();
      const { code } = await ws.closed;
      seen.add(code);
      caller.socket.destroy();
    }
    expect([...seen].filter((code) => ![1002, 1007, 1009, 1006].includes(code))).toEqual([]);
    expect(seen).toContain(1002);
    expect(seen).toContain(1006);
  });
});

test("F38: the keys of a client are never the same twice, and not zero", async () => {
  const server = await guard.server((caller) => caller.accept());
  const ws = await guard.open(server);
  const caller = await server.callers.take();
  const keys = new Set<string>();
  for (let count = 0; count < 2000; count += 1) ws.send("");
  for (let count = 0; count < 2000; count += 1) {
    const frame = await caller.bytes(6);
    expect(frame.subarray(0, 2)).toEqual(bytes`81 80`);
    keys.add(frame.toString("hex", 2));
  }
  // Two of 2000 are the same once in two thousand times; three pairs never.
  expect(keys.size).toBeGreaterThan(1997);
  expect(keys).not.toContain("00000000");
  await eventually(() => ws.bufferedAmount === 0, "all taken");
});

/** Whether the bytes end where a frame does. */
function isWhole(input: Buffer): boolean {
  try {
    return readFrames(input).length > 0;
  } catch {
    return false;
  }
}
