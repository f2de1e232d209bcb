// An echo on the pure machine, put to the questions that conformance suites ask: framing, pings, reserved bits, opcodes,
// fragmentation, UTF-8, closing, sizes. The numbers are the categories that such suites have become used to.
import { describe, expect, test } from "vitest";
import { bytes, filler } from "../support/bytes.ts";
import { expectEnd, expectFailed, expectFrames } from "../support/expectations.ts";
import { framesFor, plain } from "../support/frames.ts";
import { Session, type SessionOptions } from "../support/session.ts";
import { inChunks } from "../support/splits.ts";

/** A session that sends back each message as it came. */
function echo(options: SessionOptions = {}): Session {
  const session = new Session(options);
  session.sink.onMessage = (data) => {
    if (typeof data === "string") session.wire.sendText(data);
    else session.wire.sendBinary(data);
    return true;
  };
  return session;
}

const SIZES = [0, 1, 125, 126, 127, 128, 65_535, 65_536];
/** Chunk sizes; large input is not taken byte by byte each time (category 9 does it once). */
const chopsFor = (frames: readonly Buffer[]) =>
  frames.some((frame) => frame.length > 2000)
    ? [Number.POSITIVE_INFINITY, 997]
    : [Number.POSITIVE_INFINITY, 997, 1];

/** Text of so many bytes that begins with characters of each size. */
const textOf = (size: number) => ("é水😀".repeat(3) + "*".repeat(size)).slice(0, size);

describe.each(["server", "client"] as const)("as a %s", (role) => {
  const peer = framesFor(role);
  const ask = (frames: readonly Buffer[], chop = Number.POSITIVE_INFINITY) => {
    const input = Buffer.concat(frames);
    return echo({ role }).receive(...inChunks(input, Math.min(chop, input.length)));
  };
  /** However it is chopped, these frames come back, and the connection stays open. */
  const answers = (frames: readonly Buffer[], ...answer: Buffer[]) => {
    for (const chop of chopsFor(frames)) {
      const session = ask(frames, chop);
      expectFrames(session, ...answer);
      expect(session.wire.phase).toBe("open");
    }
  };
  /** However it is chopped, these frames come back, and then the connection is failed. */
  const fails = (code: number, frames: readonly Buffer[], ...answer: Buffer[]) => {
    for (const chop of chopsFor(frames)) {
      const session = ask(frames, chop);
      expect(session.sent.slice(0, -1).map(({ payload }) => payload)).toEqual(
        answer.map((frame) => frame.subarray(2)),
      );
      expectFailed(session, code);
    }
  };

  describe("1: framing", () => {
    test.each(SIZES)("text of %i characters", (size) => {
      answers([peer.text(textOf(size))], plain.text(textOf(size)));
    });

    test.each(SIZES)("binary of %i bytes", (size) => {
      answers([peer.binary(filler(size))], plain.binary(filler(size)));
    });
  });

  describe("2: pings and pongs", () => {
    test.each([0, 1, 5, 125])("a ping of %i bytes comes back as a pong", (size) => {
      answers([peer.ping(filler(size))], plain.pong(filler(size)));
    });

    test("a ping of 126 bytes fails", () => {
      fails(1002, [peer.ping(filler(126))]);
    });

    test("unsolicited pongs are let be", () => {
      answers([peer.pong(), peer.pong("hello"), peer.ping("p")], plain.pong("p"));
    });

    test("ten pings have ten pongs, in order", () => {
      const texts = Array.from({ length: 10 }, (_, index) => `payload-${index}`);
      answers(
        texts.map((text) => peer.ping(text)),
        ...texts.map((text) => plain.pong(text)),
      );
    });
  });

  describe("3: reserved bits", () => {
    test.each([0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70])("bits %i fail on every kind of frame", (rsv) => {
      fails(1002, [peer.text("a", { rsv })]);
      fails(1002, [peer.binary(bytes`01`, { rsv })]);
      fails(1002, [peer.text("ok"), peer.text("a", { rsv }), peer.ping()], plain.text("ok"));
      fails(1002, [peer.ping("p", { rsv })]);
      fails(1002, [peer.pong("", { rsv })]);
      fails(1002, [peer.close(1000, "", { rsv })]);
    });
  });

  describe("4: opcodes", () => {
    test.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])("the reserved opcode %i fails", (opcode) => {
      fails(1002, [peer.frame({ opcode })]);
      fails(1002, [peer.frame({ opcode, payload: "payload" })]);
      fails(1002, [peer.text("ok"), peer.frame({ opcode }), peer.ping()], plain.text("ok"));
    });
  });

  describe("5: fragmentation", () => {
    const start = (text: string) => peer.text(text, { fin: false });

    test("a ping or pong in two fragments fails (5.1, 5.2)", () => {
      fails(1002, [peer.ping("a", { fin: false }), peer.last("b")]);
      fails(1002, [peer.pong("a", { fin: false }), peer.last("b")]);
    });

    test("text in two fragments, at once and octet by octet (5.3 to 5.5)", () => {
      answers([start("fragment1"), peer.last("fragment2")], plain.text("fragment1fragment2"));
    });

    test("text in two fragments with a ping between (5.6 to 5.8)", () => {
      answers([start("one"), peer.ping("p"), peer.last("two")], plain.pong("p"), plain.text("onetwo"));
    });

    test("a continuation of nothing fails, final or not (5.9 to 5.14)", () => {
      fails(1002, [peer.last("a"), peer.text("b")]);
      fails(1002, [peer.more("a"), peer.text("b")]);
    });

    test("a continuation behind a message that has ended fails (5.15)", () => {
      fails(1002, [start("a"), peer.last("b"), peer.more("c"), peer.text("d")], plain.text("ab"));
    });

    test("a continuation before any start fails, even if a message follows (5.16, 5.17)", () => {
      fails(1002, [peer.more("a"), peer.text("b"), peer.more("a"), peer.text("b")]);
      fails(1002, [peer.last("a"), start("b"), peer.last("c")]);
    });

    test("a new message inside a message fails (5.18)", () => {
      fails(1002, [start("a"), peer.text("b")]);
    });

    test("five fragments with pings between: pongs at once, the message at the end (5.19, 5.20)", () => {
      const frames = [
        start("1"),
        peer.more("2"),
        peer.ping("p"),
        peer.more("3"),
        peer.more("4"),
        peer.ping("q"),
        peer.last("5"),
      ];
      answers(frames, plain.pong("p"), plain.pong("q"), plain.text("12345"));
      expectFrames(ask(frames.slice(0, 3)), plain.pong("p"));
    });
  });

  describe("6: UTF-8", () => {
    /** The same payload whole, in two fragments everywhere, and in fragments of one byte. */
    const inAllFragments = (payload: Buffer): Buffer[][] => {
      const twos = [...payload].map((_, at) => [
        peer.text(payload.subarray(0, at), { fin: false }),
        peer.last(payload.subarray(at)),
      ]);
      const ones = [...payload].map((byte) => peer.more(bytes`${byte}`));
      return [[peer.text(payload)], ...twos, [peer.text("", { fin: false }), ...ones, peer.last("")]];
    };

    test("empty text, in one frame and in three (6.1)", () => {
      answers([peer.text("")], plain.text(""));
      answers([peer.text("", { fin: false }), peer.more(""), peer.last("")], plain.text(""));
      answers([peer.text("", { fin: false }), peer.more("middle"), peer.last("")], plain.text("middle"));
    });

    test("text beyond ASCII, cut inside its characters (6.2)", () => {
      const text = "Grüße aus 水, κόσμε 😀!";
      for (const frames of inAllFragments(Buffer.from(text))) answers(frames, plain.text(text));
    });

    test("text with a surrogate in the middle, cut everywhere (6.3)", () => {
      const payload = bytes`${"κόσμε"} ed a0 80 ${"edited"}`;
      for (const frames of inAllFragments(payload)) fails(1007, frames);
    });

    test.each([
      ["a code point that is too high", bytes`f4 90`, bytes`80 80`],
      ["a surrogate", bytes`ed a0`, bytes`80`],
      ["an overlong form", bytes`f0 80`, bytes`80 80`],
    ])("fails at the byte that spoils the text, frame unfinished or not: %s (6.4)", (_what, spoilt, end) => {
      const good = bytes`${"κόσμε"} ${spoilt.subarray(0, 1)}`;
      // In fragments: the second one is bad before the last has come.
      const session = ask([peer.text(good, { fin: false })]);
      expectFrames(session);
      session.receive(peer.more(bytes`${spoilt[1]!} ${end}`));
      expectFailed(session, 1007);
      // In one frame, in chunks.
      const frame = peer.text(bytes`${good} ${spoilt[1]!} ${end} ${"edited"}`);
      const place = frame.length - 6 - end.length - 1;
      const slow = echo({ role }).receive(frame.subarray(0, place));
      expectFrames(slow);
      slow.receive(frame.subarray(place, place + 1));
      expectFailed(slow, 1007);
    });

    test.each([
      ["the first and last of each length", "\0\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}"],
      ["around the surrogates and U+FFFD", "\ud7ff\ue000\ufffd"],
      ["noncharacters", "\ufffe\uffff\u{1fffe}\u{1ffff}\u{10fffe}\u{10ffff}\ufdd0"],
      ["a byte order mark", "\ufeffa\ufeff"],
      ["combining marks and right to left", "é\u0301 עברית"],
    ])("is taken: %s (6.5 to 6.9, 6.22, 6.23)", (_what, text) => {
      for (const frames of inAllFragments(Buffer.from(text))) answers(frames, plain.text(text));
    });

    test.each([
      ["continuations alone", [bytes`80`, bytes`bf`, bytes`80 bf`, bytes`80 bf 80 bf 80`]],
      ["starts alone", [bytes`c2 20`, bytes`e1 20`, bytes`f1 20`, bytes`f8 20`, bytes`fc 20`]],
      ["characters whose end is missing", [bytes`c2`, bytes`e1 80`, bytes`f1 80 80`, bytes`df e1`]],
      ["forms of five and six bytes", [bytes`f8 88 80 80 80`, bytes`fc 84 80 80 80 80`]],
      ["bytes that never occur", [bytes`fe`, bytes`ff`, bytes`fe fe ff ff`]],
      [
        "overlong forms",
        [bytes`c0 af`, bytes`e0 80 af`, bytes`f0 80 80 af`, bytes`c1 bf`, bytes`f0 8f bf bf`],
      ],
      ["surrogates", [bytes`ed a0 80`, bytes`ed ad bf`, bytes`ed be 80`, bytes`ed a0 80 ed b0 80`]],
      ["too high", [bytes`f4 90 80 80`, bytes`f7 bf bf bf`, bytes`f5 80 80 80`]],
    ])("is refused: %s (6.10 to 6.21)", (_what, payloads) => {
      for (const payload of payloads) {
        for (const before of ["", "ok é"]) {
          const whole = bytes`${before} ${payload}`;
          for (const frames of inAllFragments(whole)) expectFailed(ask(frames), 1007);
          expectFailed(ask([peer.text(whole)], 1), 1007);
        }
      }
    });
  });

  describe("7: closing", () => {
    const closes = (frames: readonly Buffer[], answer: readonly Buffer[], code: number) => {
      for (const chop of chopsFor(frames)) {
        const session = ask(frames, chop);
        expectFrames(session, ...answer);
        expectEnd(session.end(), { code, clean: true, initiator: "peer" });
      }
    };

    test("a message, then a Close (7.1.1)", () => {
      closes([peer.text("a"), peer.close(1000)], [plain.text("a"), plain.close(1000)], 1000);
    });

    test("what follows a Close is not answered: a Close, a ping, text (7.1.2 to 7.1.4)", () => {
      for (const late of [peer.close(1000), peer.ping(), peer.text("late")]) {
        closes([peer.close(1000), late], [plain.close(1000)], 1000);
      }
    });

    test("a Close inside a fragmented message (7.1.5)", () => {
      closes([peer.text("a", { fin: false }), peer.close(1000), peer.last("b")], [plain.close(1000)], 1000);
    });

    test("a large message, a Close and a ping (7.1.6)", () => {
      const session = ask([peer.binary(filler(262_144)), peer.close(1000), peer.ping()], 4096);
      expectFrames(session, plain.binary(filler(262_144)), plain.close(1000));
    });

    test("bodies of a Close (7.3.1 to 7.3.6, 7.5.1)", () => {
      closes([peer.close()], [plain.close()], 1005);
      fails(1002, [peer.frame({ opcode: 8, payload: "a" })]);
      closes([peer.close(1000)], [plain.close(1000)], 1000);
      closes([peer.close(1000, "Hello")], [plain.close(1000, "Hello")], 1000);
      closes([peer.close(1000, "*".repeat(123))], [plain.close(1000, "*".repeat(123))], 1000);
      fails(1002, [peer.close(1000, "*".repeat(124))]);
      fails(1007, [peer.close(1000, bytes`${"κόσμε"} ed a0 80`)]);
    });

    test("codes that may be sent come back (7.7)", () => {
      for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]) {
        closes([peer.close(code)], [plain.close(code)], code);
      }
    });

    test("codes that may not fail (7.9, 7.13)", () => {
      for (const code of [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535]) {
        fails(1002, [peer.close(code)]);
      }
    });
  });
});

describe("9: sizes", () => {
  const KiB = 1024;
  const limits = { message: 17 * KiB * KiB };
  const peer = framesFor("server");
  const same = (session: Session, expected: Buffer) => {
    const sent = Buffer.concat(session.sink.of("sent").map((event) => event.bytes));
    expect([sent.length, sent.equals(expected)]).toEqual([expected.length, true]);
  };

  test.each([
    [64, 1],
    [64, 64],
    [256, 997],
    [1024, 1024],
    [4096, 65_536],
    [16_384, 65_536],
  ])("binary of %i KiB in one frame, in chunks of %i bytes", (size, chop) => {
    const payload = filler(size * KiB);
    const session = echo({ limits });
    for (const chunk of inChunks(peer.binary(payload), chop)) session.receive(chunk);
    same(session, plain.binary(payload));
  });

  test.each([
    [64, 64],
    [1024, 256],
    [4096, 4096],
    [16_384, 262_144],
  ])("text of %i KiB in fragments of %i bytes", (size, part) => {
    const text = "a水".repeat((size * KiB) / 4);
    const parts = inChunks(Buffer.from(text), part);
    const session = echo({ limits }).receive(peer.text("", { fin: false }));
    for (const piece of parts) session.receive(peer.more(piece));
    session.receive(peer.last(""));
    same(session, plain.text(text));
  });

  test("one byte more than the limit", () => {
    const session = echo({ limits }).receive(peer.frame({ opcode: 2, length: limits.message + 1 }));
    expectFailed(session, 1009);
  });

  test("a thousand messages of each of some sizes in one stream", () => {
    for (const size of [0, 16, 64, 256, 1024]) {
      const input = Buffer.concat(Array.from({ length: 1000 }, () => peer.text("x".repeat(size))));
      const session = echo();
      for (const chunk of inChunks(input, 65_536)) session.receive(chunk);
      same(session, Buffer.concat(Array.from({ length: 1000 }, () => plain.text("x".repeat(size)))));
    }
  });
});
