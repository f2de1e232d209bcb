// Hostile framing, rows F1 to F38: what a peer may send to hurt, and the one close code it earns, however it is cut.
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { bytes, filler } from "../support/bytes.ts";
import { expectFailed, expectFrames, expectGivenUp, expectMessages } from "../support/expectations.ts";
import { framesFor, masked, plain } from "../support/frames.ts";
import { Random } from "../support/random.ts";
import { Session, type SessionOptions } from "../support/session.ts";
import { inChunks, underEverySplit } from "../support/splits.ts";
import { framingRows } from "./framing-rows.ts";

/** The input fails the connection with this code under every split, and delivers nothing. */
function refused(input: Buffer, code: number, options: SessionOptions = {}): void {
  underEverySplit(input, (chunks) => new Session(options).receive(...chunks).end().sink.events);
  const session = new Session(options).receive(input);
  expectMessages(session);
  expectFailed(session, code);
}

/** The input is taken: these messages, these answers, and the connection stays open. */
function taken(
  options: SessionOptions,
  input: Buffer,
  messages: readonly (string | Uint8Array)[],
  answers: readonly Buffer[] = [],
): void {
  underEverySplit(input, (chunks) => new Session(options).receive(...chunks).sink.events);
  const session = new Session(options).receive(input);
  expectMessages(session, ...messages);
  expectFrames(session, ...answers);
  expect(session.wire.phase).toBe("open");
}

describe.each(["server", "client"] as const)("as a %s", (role) => {
  const peer = framesFor(role);

  test.each(framingRows(role))("$title", (row) => {
    for (const { input, code, limits } of row.refused)
      refused(input, code, { role, ...(limits && { limits }) });
    for (const { input, messages, answers, limits } of row.taken)
      taken({ role, ...(limits && { limits }) }, input, messages, answers);
  });

  test.each([
    [26, 1],
    [27, 0],
  ])("F%i: endless fragments of %i bytes are 1009 once the message's budget is spent", (_row, size) => {
    const limits = { message: 16_000 };
    const session = new Session({ role, limits }).receive(peer.binary(filler(size), { fin: false }));
    const fragment = peer.more(filler(size));
    let sent = 1;
    while (session.wire.phase === "open" && sent < 5000) {
      session.receive(fragment);
      sent += 1;
    }
    // 1000 of them are 16,000 bytes, and 256 more are free.
    expect(sent).toBe(1257);
    expectFailed(session, 1009);
  });

  test("F26, F27: the same in chunks of many fragments", () => {
    const flood = Buffer.concat(Array.from({ length: 2000 }, () => peer.more("")));
    const input = Buffer.concat([peer.text("", { fin: false }), flood]);
    for (const size of [1, 3, 997, input.length]) {
      const session = new Session({ role, limits: { message: 4096 } }).receive(...inChunks(input, size));
      expectFailed(session, 1009);
    }
  });

  test("F28: a flood of empty messages is delivered, and can be stopped after any", () => {
    const input = Buffer.concat(Array.from({ length: 10_000 }, () => peer.text("")));
    const session = new Session({ role });
    let delivered = 0;
    session.sink.onMessage = () => {
      delivered += 1;
      return delivered % 1000 !== 0;
    };
    session.receive(input);
    for (let round = 1; round < 10; round += 1) {
      expect([delivered, session.wire.held]).toEqual([round * 1000, true]);
      session.resume();
    }
    expect(session.messages).toEqual(Array(10_000).fill(""));
  });

  test("F30: every ping is told of; which to answer while output is blocked is the driver's choice", () => {
    const session = new Session({ role });
    session.sink.onPing = () => {};
    for (let count = 0; count < 100; count += 1) session.receive(peer.ping(bytes`${count}`));
    expect(session.sink.of("ping").map(({ payload }) => payload[0])).toEqual([...Array(100).keys()]);
    expectFrames(session);
    session.wire.pong(session.sink.of("ping").at(-1)!.payload);
    expectFrames(session, plain.pong(bytes`63`));
  });

  test("F31: pongs that answer nothing do not keep the connection alive", () => {
    const session = new Session({ role, jitter: 1, timeouts: { keepalive: 1000, pong: 300 } }).advance(1000);
    for (let count = 0; count < 2; count += 1)
      session.advance(149).receive(peer.pong(), peer.pong(filler(8)));
    expect(session.sink.of("pong").map(({ sentAt }) => sentAt)).toEqual(Array(4).fill(undefined));
    session.advance(2);
    expectGivenUp(session);
  });

  test("F37: random bytes are valid, or end with 1002, 1003, 1007 or 1009; nothing else happens", () => {
    const random = new Random(37);
    const seen = new Set<number>();
    for (let round = 0; round < 4000; round += 1) {
      const input = Buffer.from(random.bytes(1 + random.below(60)));
      // Most first bytes would be refused at once: half of the inputs begin like a frame.
      if (random.oneIn(2)) input[0] = (input[0]! & 0x8f) % 0x83;
      if (random.oneIn(2)) input[1] = (input[1]! & 0x0f) | (role === "server" ? 0x80 : 0);
      const limits = { message: 30 };
      const session = new Session({
        role,
        limits,
        accepts: random.pick([undefined, "text", "binary"] as const),
      });
      session.receive(...inChunks(input, 1 + random.below(20))).end();
      const [closed] = session.sink.of("closed");
      seen.add(closed!.end.error?.closeCode ?? 0);
      if (closed!.end.error === undefined) expect(["lost", "close"]).toContain(closed!.end.cause);
    }
    expect([...seen].sort((one, other) => one - other)).toEqual([0, 1002, 1003, 1007, 1009]);
  });
});

describe("F38: keys that a peer should not choose", () => {
  test.each([bytes`00 00 00 00`, bytes`ff ff ff ff`, bytes`00 00 00 80`])(
    "the key %o is taken by a server",
    (mask) => {
      const input = [masked.text("Hello", { mask }), masked.binary(filler(100), { mask })];
      taken({}, Buffer.concat(input), ["Hello", filler(100)]);
    },
  );

  test("the same key again and again is taken too", () => {
    taken({}, Buffer.concat(["a", "b", "c"].map((text) => masked.text(text))), ["a", "b", "c"]);
  });
});
