// Clients share the memory that they read into: whatever is held, cut, streamed or late, no byte of another may be in it.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type AnyConnection, type Message, run } from "hawser";
import { describe, expect, test } from "vitest";
import { eventually } from "../serve/support/guard.ts";
import { plain } from "../support/frames.ts";
import { Random } from "../support/random.ts";
import { answerTo, type Caller } from "../support/scripted-server.ts";
import { type AnyOptions, ClientGuard } from "./client-guard.ts";

const guard = new ClientGuard();

/** What one server sends: messages of all kinds and sizes, whose content says whose they are. */
function letters(owner: number, count = 40): Message[] {
  const random = new Random(owner + 1);
  return Array.from({ length: count }, (_, index) => {
    const size = random.pick([0, 1, 10, 125, 126, 4000, 30_000, 65_535, 65_536, 150_000]);
    const mark = `${owner}:${index}水;`;
    const content = mark.repeat(Math.ceil(size / mark.length)).slice(0, size);
    return random.oneIn(2) ? content : Uint8Array.from(Buffer.from(content));
  });
}

/** Frames of a message, in fragments at random, pings between them. */
function framesOf(message: Message, random: Random): Buffer[] {
  const payload = Buffer.from(message as Uint8Array);
  const opcode = typeof message === "string" ? 1 : 2;
  if (random.oneIn(2)) return [plain.frame({ opcode, payload })];
  const frames: Buffer[] = [];
  const size = 1 + random.below(Math.max(payload.length, 1));
  for (let at = 0; at === 0 || at < payload.length; at += size) {
    const fin = at + size >= payload.length;
    frames.push(
      plain.frame({ opcode: at === 0 ? opcode : 0, fin, payload: payload.subarray(at, at + size) }),
    );
    if (random.oneIn(4)) frames.push(plain.ping(`ping at ${at}`));
  }
  return frames;
}

/** Sends everything in writes that end anywhere, and waits where the client reads slowly. */
async function post(caller: Caller, key: string, owner: number): Promise<void> {
  const random = new Random(owner + 1000);
  const frames = letters(owner).flatMap((message) => framesOf(message, random));
  // The first frames come with the answer.
  const all = Buffer.concat([answerTo(key), ...frames, plain.close(1000, "that was all")]);
  for (let at = 0; at < all.length; ) {
    const size = random.oneIn(5) ? 100_000 : 1 + random.below(20_000);
    const taken = caller.socket.write(all.subarray(at, at + size));
    at += size;
    if (!taken) await caller.drained();
    else if (random.oneIn(3)) await nextTurn();
  }
}

/** Takes all messages, in some way. */
type Reader = (ws: AnyConnection, random: Random) => Promise<Message[]>;

const readers: Readonly<Record<string, Reader>> = {
  async "as they come"(ws) {
    const got: Message[] = [];
    for await (const message of ws) got.push(message);
    return got;
  },
  async slowly(ws, random) {
    const got: Message[] = [];
    for (let message = await ws.receive(); message !== undefined; message = await ws.receive()) {
      got.push(message);
      for (let turns = random.below(4); turns > 0; turns -= 1) await nextTurn();
    }
    return got;
  },
  async "long after"(ws) {
    for (let turns = 0; turns < 300; turns += 1) await nextTurn();
    const got: Message[] = [];
    for await (const message of ws) got.push(message);
    return got;
  },
  async "by a hook"(ws) {
    const got: Message[] = [];
    await run(ws, {
      message(_ws, message) {
        got.push(message);
      },
    });
    return got;
  },
  async "by a hook that takes its time"(ws, random) {
    const got: Message[] = [];
    await run(ws, {
      async message(_ws, message) {
        for (let turns = random.below(3); turns > 0; turns -= 1) await nextTurn();
        got.push(message);
      },
    });
    return got;
  },
  async "in streams"(ws, random) {
    const got: Message[] = [];
    for await (const stream of ws.messages()) {
      const pieces: Uint8Array[] = [];
      const text: string[] = [];
      for await (const piece of stream) {
        if (typeof piece === "string") text.push(piece);
        else pieces.push(piece);
        if (random.oneIn(3)) await nextTurn();
      }
      got.push(stream.kind === "text" ? text.join("") : Uint8Array.from(Buffer.concat(pieces)));
    }
    return got;
  },
  async "and sends them back"(ws) {
    const got: Message[] = [];
    for await (const message of ws) {
      got.push(message);
      if (!ws.send(message)) await ws.drain();
    }
    return got;
  },
};

const limits = { inbox: 4096, message: 1024 * 1024, sendBuffer: 64 * 1024 * 1024 };

test.each([
  ["small", limits],
  ["usual", { ...limits, inbox: 64 * 1024 }],
  ["large", { ...limits, inbox: 64 * 1024 * 1024 }],
])("35 clients at once, inboxes %s: every byte is theirs", async (_what, given) => {
  const kinds = Object.entries(readers);
  const total = 5 * kinds.length;
  const server = await guard.server(async (caller, owner) => {
    const { key } = await caller.asked();
    await post(caller, key, owner);
    // What comes back is read all the same, so that nobody waits for room.
    caller.end();
  });
  // Who got which letters is seen by their content: clients may not come in order.
  const clients = await Promise.all(
    Array.from({ length: total }, () => guard.open(server, { limits: given })),
  );
  const outcomes = await Promise.all(
    clients.map(async (ws, index) => {
      const [what, reader] = kinds[index % kinds.length]!;
      const got = await reader(ws, new Random(index + 7));
      return { what, got, report: await ws.closed };
    }),
  );
  const expected = new Map(Array.from({ length: total }, (_, owner) => [fingerprint(letters(owner)), owner]));
  const found = outcomes.map(({ what, got }) => [what, expected.has(fingerprint(got))]);
  expect(found.filter(([, whole]) => !whole)).toEqual([]);
  expect(new Set(outcomes.map(({ got }) => fingerprint(got))).size).toBe(total);
  expect(outcomes.every(({ report }) => report.clean && report.reason === "that was all")).toBe(true);
});

/** All of it, kinds and bytes. */
function fingerprint(messages: readonly Message[]): string {
  const hash = createHash("sha1");
  for (const message of messages) hash.update(`${typeof message} ${message.length};`).update(message);
  return hash.digest("hex");
}

test("a message held for long is not touched by what others read", async () => {
  const quiet = await guard.server((caller) => caller.accept());
  const options: AnyOptions = { limits: { ...limits, inbox: 1 } };
  const held = await guard.open(quiet, options);
  const caller = await quiet.callers.take();
  // The first fills the inbox, the rest is held as bytes, the last one cut.
  const texts = Array.from({ length: 200 }, (_, index) => `held ${index}`);
  const cut = plain.text("cut in two");
  caller.write(...texts.map((text) => plain.text(text)), cut.subarray(0, 6));
  await eventually(() => quiet.open === 1, "the server");
  for (let turns = 0; turns < 20; turns += 1) await nextTurn();

  const loud = await guard.server(async (other) => {
    await other.accept();
    for (let round = 0; round < 50; round += 1) {
      other.write(plain.binary(Buffer.alloc(65_000, 0xee)));
      await nextTurn();
    }
    other.write(plain.close(1000));
    await other.framesToClose();
  });
  const noisy = await guard.open(loud);
  let heard = 0;
  for await (const message of noisy) heard += message.length;
  expect(heard).toBe(50 * 65_000);

  caller.write(cut.subarray(6));
  for (const text of [...texts, "cut in two"]) expect(await held.receive()).toBe(text);
});

test("a Close behind messages that are held ends when those are taken, and with what it said", async () => {
  const server = await guard.server(async (caller) => {
    await caller.accept();
    caller.write(
      ...Array.from({ length: 500 }, (_, index) => plain.text(`message ${index}`)),
      plain.close(4001, "end of 滴水"),
    );
    await caller.framesToClose();
  });
  const clients = await Promise.all(
    Array.from({ length: 8 }, () => guard.open(server, { limits: { inbox: 500 } })),
  );
  for (let turns = 0; turns < 50; turns += 1) await nextTurn();
  await Promise.all(
    clients.map(async (ws) => {
      const got: Message[] = [];
      for (let message = await ws.receive(); message !== undefined; message = await ws.receive()) {
        got.push(message);
        if (got.length % 50 === 0) await nextTurn();
      }
      expect(got).toEqual(Array.from({ length: 500 }, (_, index) => `message ${index}`));
      expect(await ws.closed).toMatchObject({ code: 4001, reason: "end of 滴水", clean: true });
    }),
  );
});

describe("control frames", () => {
  /** A client, and another one that fills the shared memory when it is told to. */
  async function scene(options: AnyOptions = {}) {
    const server = await guard.server((caller) => caller.accept());
    const ws = await guard.open(server, options);
    const caller = await server.callers.take();
    const loud = await guard.open(server);
    const other = await server.callers.take();
    const noise = async () => {
      // What was sent before has been read by then.
      for (let turns = 0; turns < 5; turns += 1) await nextTurn();
      other.write(plain.binary(Buffer.alloc(65_000, 0xee)));
      expect((await loud.receive())?.length).toBe(65_000);
    };
    return { ws, caller, noise };
  }

  test("a ping that is cut, and others read in between", async () => {
    const { caller, noise } = await scene();
    const payload = "0123456789".repeat(12);
    const ping = plain.ping(payload);
    for (const at of [1, 2, 3, 60, ping.length - 1]) {
      caller.write(ping.subarray(0, at));
      await noise();
      caller.write(ping.subarray(at));
      expect((await caller.frame())?.payload.toString()).toBe(payload);
    }
  });

  test("a Close that is cut, and others read in between", async () => {
    const { ws, caller, noise } = await scene();
    const close = plain.close(4001, "the reason for it");
    caller.write(close.subarray(0, 9));
    await noise();
    caller.write(close.subarray(9));
    await caller.framesToClose();
    expect(await ws.closed).toMatchObject({ code: 4001, reason: "the reason for it", clean: true });
  });

  test("a pong that is owed while output is blocked, and others read in between", async () => {
    const { ws, caller, noise } = await scene({ timeouts: { stalled: Number.POSITIVE_INFINITY } });
    caller.socket.pause();
    const chunk = Buffer.alloc(64 * 1024, "x");
    let sent = 0;
    for (let full = 0; full < 20; full += 1) {
      if (ws.bufferedAmount <= 64 * 1024) {
        ws.send(chunk);
        sent += 1;
        full = 0;
      }
      await nextTurn();
    }
    caller.write(plain.ping("the owed one"), plain.text("read"));
    expect(await ws.receive()).toBe("read");
    await noise();
    caller.socket.resume();
    await caller.frames(sent);
    const pong = await caller.frame();
    expect([pong?.opcode, pong?.payload.toString()]).toEqual([10, "the owed one"]);
  });
});
