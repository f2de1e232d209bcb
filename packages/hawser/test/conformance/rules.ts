// The questions that conformance suites ask of an echo: framing, pings, reserved bits, opcodes, fragmentation, UTF-8, closing.
// The numbers are the categories that such suites have become used to.
import { Buffer } from "node:buffer";
import type { CloseReport } from "hawser";
import type { Role } from "hawser/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytes, filler } from "../support/bytes.ts";
import { type FrameMaker, framesFor } from "../support/frames.ts";
import type { RawClient } from "../support/raw-client.ts";
import {
  binary,
  CUTS,
  type Cut,
  type EchoEnd,
  expectAnswers,
  expectClosing,
  expectFailure,
  hear,
  hearOut,
  open,
  pong,
  text,
} from "./questions.ts";
import { illFormed, wellFormed } from "./utf8-cases.ts";

const SIZES = [0, 1, 125, 126, 127, 128, 65_535, 65_536];

/** Describes an echo that keeps all rules. */
export function describeRules(name: string, role: Role, start: () => Promise<EchoEnd>): void {
  describe(name, () => rules(role, start));
}

function rules(role: Role, start: () => Promise<EchoEnd>): void {
  const peer = framesFor(role);
  let end: EchoEnd;
  beforeAll(async () => {
    end = await start();
  });
  afterAll(() => end.close());

  const answers = async (frames: readonly Uint8Array[], ...expected: string[]) => {
    for (const cut of CUTS) await expectAnswers(end, frames, expected, cut);
  };
  const fails = async (code: number, frames: readonly Uint8Array[], ...expected: string[]) => {
    for (const cut of CUTS) await expectFailure(end, frames, expected, code, cut);
  };
  const closes = async (
    frames: readonly Uint8Array[],
    expected: readonly string[],
    report: Parameters<typeof expectClosing>[3],
  ) => {
    for (const cut of CUTS) await expectClosing(end, frames, expected, report, cut);
  };

  const expectReport = async (client: RawClient, report: Partial<CloseReport>) => {
    await client.hangUp();
    expect(await end.reports.take()).toMatchObject(report);
  };

  describe("1: framing", () => {
    test.each(SIZES)("text of %i characters", async (size) => {
      const content = "*".repeat(size);
      for (const cut of cutsFor(size)) await expectAnswers(end, [peer.text(content)], [text(content)], cut);
    });

    test.each(SIZES)("binary of %i bytes", async (size) => {
      const content = filler(size);
      for (const cut of cutsFor(size))
        await expectAnswers(end, [peer.binary(content)], [binary(content)], cut);
    });
  });

  describe("2: pings and pongs", () => {
    test.each([
      ["empty", ""],
      ["short", "Hello, world!"],
      ["no text", bytes`00 ff fe fd fc fb 00 ff`],
      ["125 bytes", Buffer.alloc(125, 0xfe)],
    ])("a ping with a payload: %s", async (_what, payload) => {
      await answers([peer.ping(payload)], pong(payload));
    });

    test("a ping of 126 bytes", () => fails(1002, [peer.ping(Buffer.alloc(126, 0xfe))]));

    test.each(["", "unsolicited"])("a pong that nobody asked for: %j", (payload) =>
      answers([peer.pong(payload)]),
    );

    test("a pong that nobody asked for, and a ping", () =>
      answers([peer.pong("unsolicited"), peer.ping("and a ping")], pong("and a ping")));

    test("ten pings, answered in order", () => {
      const payloads = Array.from({ length: 10 }, (_, index) => `payload-${index}`);
      return answers(
        payloads.map((payload) => peer.ping(payload)),
        ...payloads.map((payload) => pong(payload)),
      );
    });
  });

  describe("3: reserved bits", () => {
    const hello = peer.text("Hello, world!");

    test.each([0x40, 0x20, 0x10, 0x70])("0x%x on text", (rsv) => fails(1002, [peer.text("Hello", { rsv })]));
    test("on the second message: the first is answered, the ping behind is not", () =>
      fails(1002, [hello, peer.text("Hello", { rsv: 0x20 }), peer.ping("late")], text("Hello, world!")));
    test("on binary", () => fails(1002, [peer.binary(filler(8), { rsv: 0x50 })]));
    test("on a ping", () => fails(1002, [peer.ping("Hello", { rsv: 0x60 })]));
    test("on a close", () => fails(1002, [peer.close(1000, "", { rsv: 0x70 })]));
  });

  describe("4: reserved opcodes", () => {
    test.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])("%i", async (opcode) => {
      await fails(1002, [peer.frame({ opcode })]);
      await fails(1002, [peer.frame({ opcode, payload: "reserved" })]);
      const odd = peer.frame({ opcode, payload: "reserved" });
      await fails(1002, [peer.text("Hello"), odd, peer.ping("late")], text("Hello"));
      await fails(1002, [peer.text("Hello"), peer.frame({ opcode }), peer.ping()], text("Hello"));
    });
  });

  describe("5: fragmentation", () => {
    const [first, last] = [peer.text("fragment1", { fin: false }), peer.last("fragment2")];

    test("a ping in fragments", () =>
      fails(1002, [peer.ping("fragment1", { fin: false }), peer.last("fragment2")]));
    test("a pong in fragments", () =>
      fails(1002, [peer.pong("fragment1", { fin: false }), peer.last("fragment2")]));
    test("text in two", () => answers([first, last], text("fragment1fragment2")));
    test("text in two, a ping between: the pong comes first", () =>
      answers([first, peer.ping("ping"), last], pong("ping"), text("fragment1fragment2")));

    test.each([true, false])("a continuation of nothing, then text (fin %s)", (fin) =>
      fails(1002, [peer.more("non-continuation", { fin }), peer.text("Hello, world!")]),
    );
    test.each([true, false])("text in two, then a continuation of nothing (fin %s)", (fin) =>
      fails(
        1002,
        [first, last, peer.more("non-continuation", { fin }), peer.text("Hello")],
        text("fragment1fragment2"),
      ),
    );
    test("a continuation of nothing, text in between, twice", () => {
      const turn = [peer.more("fragment1"), peer.text("fragment2", { fin: false }), peer.last("fragment3")];
      return fails(1002, [...turn, ...turn]);
    });
    test("text begins within text", () => fails(1002, [first, peer.text("fragment2")]));
    test("binary begins within text", () => fails(1002, [first, peer.binary(filler(3))]));

    test("five fragments and two pings, each answered at once", async () => {
      const part = (index: number) => `fragment${index}`;
      const client = await open(end);
      await client.send(peer.text(part(1), { fin: false }));
      await client.send(Buffer.concat([peer.more(part(2)), peer.ping("pongme 1!")]));
      expect((await hear(end, client))[0]).toBe(pong("pongme 1!"));
      await client.send(Buffer.concat([peer.more(part(3)), peer.more(part(4)), peer.ping("pongme 2!")]));
      expect((await hear(end, client))[0]).toBe(pong("pongme 2!"));
      await client.send(peer.last(part(5)));
      expect((await hear(end, client))[0]).toBe(text([1, 2, 3, 4, 5].map(part).join("")));
      await client.send(peer.close(1000));
      expect(await hearOut(end, client)).toEqual(["close 1000"]);
      await expectReport(client, { code: 1000, clean: true });
    });

    test("five fragments and two pings, in any chops", () =>
      answers(
        [
          peer.text("a", { fin: false }),
          peer.more("b"),
          peer.ping("1"),
          peer.more("c"),
          peer.more("d"),
          peer.ping("2"),
          peer.last("e"),
        ],
        pong("1"),
        pong("2"),
        text("abcde"),
      ));

    test("empty fragments", async () => {
      await answers([peer.text("", { fin: false }), peer.more(""), peer.last("")], text(""));
      await answers([peer.text("", { fin: false }), peer.more("middle"), peer.last("")], text("middle"));
      await answers([peer.binary(filler(0), { fin: false }), peer.last("")], binary(filler(0)));
    });
  });

  describe("6: UTF-8", () => {
    test.each(wellFormed)("well-formed: %s", async (_what, content) => {
      await answers([peer.text(content)], text(content.toString()));
      await answers(byByte(peer, content), text(content.toString()));
    });

    test.each(illFormed)("ill-formed: %s", async (_what, content) => {
      await fails(1007, [peer.text(content)]);
      await fails(1007, byByte(peer, content));
    });

    const invalid = { code: 1007, cause: "protocol", clean: false } as const;
    const [good, bad, rest] = [bytes`${"κόσμε"}`, bytes`f4 90 80 80`, bytes`${"edited"}`];

    test.each([
      ["a fragmented message", 0],
      ["a fragmented message, at the byte that spoils a character of the fragment before", 1],
    ])("fails fast within %s", async (_what, early) => {
      const client = await open(end);
      await client.send(peer.text(Buffer.concat([good, bad.subarray(0, early)]), { fin: false }));
      await client.send(peer.ping("still there"));
      expect((await hear(end, client))[0]).toBe(pong("still there"));
      await client.send(peer.more(bad.subarray(early, 2)));
      expect(await hearOut(end, client)).toEqual(["close 1007"]);
      await expectReport(client, invalid);
    });

    test.each([
      ["the bad character whole", 0],
      ["its first byte alone", 1],
    ])("fails fast within one unfinished frame: %s", async (_what, early) => {
      const frame = peer.text(Buffer.concat([good, bad, rest]));
      const start = frame.length - rest.length - bad.length + early;
      const client = await open(end);
      await client.send(frame.subarray(0, start), 3);
      // Byte by byte up to the one that no character can have there, the second; the rest of the frame is never sent.
      await client.send(frame.subarray(start, frame.length - rest.length - bad.length + 2), 1);
      expect(await hearOut(end, client)).toEqual(["close 1007"]);
      await expectReport(client, invalid);
    });
  });

  describe("7: closing", () => {
    const normal = { code: 1000, clean: true, initiator: "peer", cause: "close" } as const;
    const [hello, bye] = [peer.text("Hello"), peer.close(1000)];

    test("a message, then a close", () => closes([hello, bye], [text("Hello"), "close 1000"], normal));
    test("two closes", () => closes([bye, bye], ["close 1000"], normal));
    test("a ping after a close", () => closes([bye, peer.ping()], ["close 1000"], normal));
    test("text after a close", () => closes([bye, hello], ["close 1000"], normal));
    test("a close within a fragmented message", () =>
      closes([peer.text("a", { fin: false }), bye, peer.last("b")], ["close 1000"], normal));
    test("a large message, a small one, a close, a ping", async () => {
      const large = "*".repeat(256 * 1024);
      const expected = [text(large), text("Hello"), "close 1000"];
      await expectClosing(end, [peer.text(large), hello, bye, peer.ping()], expected, normal);
      await expectClosing(end, [peer.text(large), hello, bye, peer.ping()], expected, normal, "frames");
    });

    test("no payload", () =>
      closes([peer.close()], ["close"], { code: 1005, clean: true, initiator: "peer" }));
    test("a payload of one byte", () => fails(1002, [peer.frame({ opcode: 8, payload: "a" })]));
    test.each(["", "Hello World!", "*".repeat(123)])("with the reason %j", (reason) =>
      closes([peer.close(1000, reason)], ["close 1000"], { ...normal, reason }),
    );
    test("a reason of 124 bytes", () => fails(1002, [peer.close(1000, "*".repeat(124))]));
    test("a reason that is no UTF-8", () =>
      fails(1007, [peer.close(1000, bytes`${"κόσμε"} ed a0 80 ${"edited"}`)]));

    const lawful = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    test.each([...lawful, 3000, 3999, 4000, 4999])("the code %i is answered in kind", (code) =>
      closes([peer.close(code, "why")], [`close ${code}`], { ...normal, code, reason: "why" }),
    );
    test.each([0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])(
      "the code %i is refused",
      (code) => fails(1002, [peer.close(code)]),
    );
  });
}

/** All cuts for short messages; for long ones, those that cut rarely. */
function cutsFor(size: number): readonly Cut[] {
  return size < 1000 ? CUTS : ["whole", 997, 1024, 65_537];
}

/** Text in fragments of one byte. */
function byByte(peer: FrameMaker, content: Uint8Array): Buffer[] {
  if (content.length === 0) return [peer.text("")];
  return Array.from(content, (byte, index) =>
    peer.frame({ opcode: index === 0 ? 1 : 0, fin: index === content.length - 1, payload: bytes`${byte}` }),
  );
}
