// Hostile framing, rows F1 to F38: what a peer may send to hurt, and the one close code it earns, however it is cut.

import type { Role } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { bytes, filler } from "../support/bytes.ts";
import { expectFailed, expectFrames, expectGivenUp, expectMessages } from "../support/expectations.ts";
import { type FrameMaker, framesFor, masked, plain } from "../support/frames.ts";
import { Random } from "../support/random.ts";
import { Session, type SessionOptions } from "../support/session.ts";
import { inChunks, underEverySplit } from "../support/splits.ts";

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
  messages: (string | Uint8Array)[],
  answers: Buffer[] = [],
): void {
  underEverySplit(input, (chunks) => new Session(options).receive(...chunks).sink.events);
  const session = new Session(options).receive(input);
  expectMessages(session, ...messages);
  expectFrames(session, ...answers);
  expect(session.wire.phase).toBe("open");
}

/** The other role's way to mask, which neither may accept. */
const wrong = (role: Role): FrameMaker => (role === "server" ? plain : masked);

describe.each(["server", "client"] as const)("as a %s", (role) => {
  const peer = framesFor(role);
  /** A byte behind a frame that is refused changes nothing. */
  const refuse = (input: Buffer, code: number, options: SessionOptions = {}) => {
    refused(input, code, { role, ...options });
    refused(bytes`${input} ${peer.text("late")}`, code, { role, ...options });
  };

  test.each([
    [1, 0x40],
    [2, 0x20],
    [3, 0x10],
  ])("F%i: a reserved bit without an extension is 1002", (_row, rsv) => {
    refuse(peer.text("Hi", { rsv }), 1002);
    refuse(peer.ping("", { rsv }), 1002);
    refuse(peer.close(1000, "", { rsv }), 1002);
  });

  test.each([
    [4, 3],
    [5, 4],
    [6, 5],
    [7, 6],
    [8, 7],
    [9, 11],
    [10, 12],
    [11, 13],
    [12, 14],
    [13, 15],
  ])("F%i: the reserved opcode %i is 1002", (_row, opcode) => {
    refuse(peer.frame({ opcode }), 1002);
    refuse(peer.frame({ opcode, payload: "abc" }), 1002);
  });

  test(`F14: a frame that is ${role === "server" ? "not masked" : "masked"} is 1002`, () => {
    refuse(wrong(role).text("Hello"), 1002);
    refuse(wrong(role).ping(), 1002);
    refuse(wrong(role).close(1000), 1002);
  });

  test.each(["ping", "pong"] as const)("F15: a fragmented %s is 1002", (kind) => {
    refuse(peer[kind]("", { fin: false }), 1002);
    refuse(peer[kind]("p", { fin: false }), 1002);
  });

  test("F15: a fragmented close is 1002", () => {
    refuse(peer.close(1000, "", { fin: false }), 1002);
  });

  test.each([126, 127, 65_536])("F16: a control frame of %i bytes is 1002, before its payload", (length) => {
    for (const opcode of [8, 9, 10]) {
      refuse(peer.frame({ opcode, length }), 1002);
      // The first two bytes say enough.
      refused(peer.frame({ opcode, length }).subarray(0, 2), 1002, { role });
    }
  });

  test("F16: 125 bytes are lawful", () => {
    taken({ role }, peer.ping(filler(125)), [], [plain.pong(filler(125))]);
  });

  test("F17: a 16-bit length for 5 bytes is 1002", () => {
    refuse(peer.text("Hello", { form: 16 }), 1002);
    refuse(peer.text(filler(125), { form: 16 }), 1002);
  });

  test("F18: a 64-bit length for 5 bytes, or for any that fit 16 bits, is 1002", () => {
    refuse(peer.text("Hello", { form: 64 }), 1002);
    refuse(peer.binary(filler(126), { form: 64 }), 1002);
    refuse(peer.frame({ opcode: 2, length: 65_535, form: 64 }), 1002);
  });

  test.each([2n ** 63n, 2n ** 63n + 5n, 2n ** 64n - 1n])(
    "F19: the 64-bit length %i with the top bit is 1002",
    (length) => {
      refuse(peer.frame({ opcode: 2, length }), 1002);
      refuse(peer.frame({ opcode: 2, length }), 1002, { limits: { message: Number.POSITIVE_INFINITY } });
    },
  );

  test.each([2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n])(
    "F20: the length %i is 1009",
    (length) => {
      refuse(peer.frame({ opcode: 2, length }), 1009);
      refuse(peer.frame({ opcode: 1, length, fin: false }), 1009);
    },
  );

  test("F20: no length is taken for a smaller one, and an announcement gets no memory", () => {
    for (const length of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n]) {
      refuse(peer.frame({ opcode: 2, length }), 1009, { limits: { message: Number.POSITIVE_INFINITY } });
    }
    const limits = { message: Number.POSITIVE_INFINITY };
    const session = new Session({ role, limits }).receive(
      peer.frame({ opcode: 2, length: 2n ** 31n + 1n, payload: "a" }),
    );
    expect(session.wire.phase).toBe("open");
  });

  test("F21: a message announced above the limit is 1009 by its header alone", () => {
    const limits = { message: 1000 };
    refuse(peer.frame({ opcode: 2, length: 1001 }), 1009, { limits });
    // The header up to its length will do: the key need not have come.
    refused(peer.frame({ opcode: 2, length: 1001 }).subarray(0, 4), 1009, { role, limits });
    taken({ role, limits }, peer.binary(filler(1000)), [filler(1000)]);
  });

  test("F22: fragments that pass the limit together are 1009, at the frame that passes it", () => {
    const limits = { message: 250 };
    const parts = [peer.binary(filler(100), { fin: false }), peer.more(filler(100)), peer.last(filler(50))];
    taken({ role, limits }, Buffer.concat(parts), [bytes`${filler(100)} ${filler(100)} ${filler(50)}`]);
    refuse(Buffer.concat([...parts.slice(0, 2), peer.frame({ opcode: 0, length: 51 })]), 1009, { limits });
  });

  test("F23: a continuation of nothing is 1002", () => {
    refuse(peer.last("a"), 1002);
    refuse(peer.more(""), 1002);
    refuse(Buffer.concat([peer.ping("", {}), peer.more("a")]).subarray(peer.ping().length), 1002);
  });

  test("F24: a new message inside a fragmented one is 1002", () => {
    refuse(Buffer.concat([peer.text("a", { fin: false }), peer.text("b")]), 1002);
    refuse(Buffer.concat([peer.text("a", { fin: false }), peer.binary(bytes`01`, { fin: false })]), 1002);
  });

  test("F25: a ping between fragments is answered at once, and the message is whole", () => {
    const fragments = [peer.text("a", { fin: false }), peer.ping("p"), peer.last("b")];
    taken({ role }, Buffer.concat(fragments), ["ab"], [plain.pong("p")]);
    const session = new Session({ role }).receive(fragments[0]!, fragments[1]!);
    expectFrames(session, plain.pong("p"));
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

  test("F29: every split gives the same result", () => {
    const input = [
      peer.text("a", { fin: false }),
      peer.ping("p"),
      peer.last("水"),
      peer.binary(filler(130)),
      peer.text(""),
      peer.pong("unsolicited"),
    ];
    taken({ role }, Buffer.concat(input), ["a水", filler(130), ""], [plain.pong("p")]);
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

  test("F31: pongs that answer nothing are ignored, and do not keep the connection alive", () => {
    taken({ role }, Buffer.concat([peer.pong(), peer.pong("x"), peer.text("a")]), ["a"]);
    const session = new Session({ role, jitter: 1, timeouts: { keepalive: 1000, pong: 300 } }).advance(1000);
    for (let count = 0; count < 2; count += 1)
      session.advance(149).receive(peer.pong(), peer.pong(filler(8)));
    expect(session.sink.of("pong").map(({ sentAt }) => sentAt)).toEqual(Array(4).fill(undefined));
    session.advance(2);
    expectGivenUp(session);
  });

  test.each([
    ["a lone FF", bytes`61 ff`],
    ["overlong", bytes`c0 80`],
    ["overlong in three bytes", bytes`e0 80 80`],
    ["a surrogate", bytes`ed a0 80`],
    ["above U+10FFFF", bytes`f4 90 80 80`],
    ["a lone continuation", bytes`80`],
  ])("F32: text that is not UTF-8 is 1007: %s", (_what, payload) => {
    refuse(peer.text(payload), 1007);
    refuse(Buffer.concat([peer.text("ok", { fin: false }), peer.last(payload)]), 1007);
  });

  test("F33: a character cut by fragments and chunks is whole", () => {
    const [first, second] = [bytes`f0 9f`, bytes`98 80`];
    taken({ role }, Buffer.concat([peer.text(first, { fin: false }), peer.last(second)]), ["😀"]);
    taken({ role }, Buffer.concat([peer.text("水😀é")]), ["水😀é"]);
  });

  test("F34: bad text in a fragment that is not the last fails at once", () => {
    refuse(peer.text(bytes`61 c3 28`, { fin: false }), 1007);
    const frame = peer.text(bytes`${"ab"} ed a0 ${"never sent"}`);
    const upTo = frame.length - "never sent".length;
    expect(new Session({ role }).receive(frame.subarray(0, upTo - 1)).wire.phase).toBe("open");
    refused(frame.subarray(0, upTo), 1007, { role });
  });

  test("F35: text that ends inside a character is 1007", () => {
    refuse(peer.text(bytes`61 e6 b0`), 1007);
    refuse(Buffer.concat([peer.text(bytes`f0 9f 98`, { fin: false }), peer.last("")]), 1007);
  });

  test("F36: NUL, byte order mark and noncharacters are kept as they are", () => {
    taken({ role }, peer.text("\ufeff\0\ufffe\uffff\0"), ["\ufeff\0\ufffe\uffff\0"]);
    taken({ role }, peer.text("\ufeff"), ["\ufeff"]);
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
