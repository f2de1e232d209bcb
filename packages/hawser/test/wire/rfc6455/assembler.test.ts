// Frames to messages: fragments, sizes, text (RFC 6455 §5.4, §5.6, §8.1). Fed through a decoder, as in life.
import { constants } from "node:buffer";
import { describe, expect, test } from "vitest";
import { LimitError } from "../../../src/wire/errors.ts";
import { Assembler, type MessageHandler } from "../../../src/wire/rfc6455/assembler.ts";
import { Decoder } from "../../../src/wire/rfc6455/decoder.ts";
import type { Kind } from "../../../src/wire/wire.ts";
import { bytes, filler } from "../../support/bytes.ts";
import { comparable } from "../../support/expectations.ts";
import { masked, plain } from "../../support/frames.ts";
import { byteByByte, inChunks, underEverySplit } from "../../support/splits.ts";

/** Notes in words what an assembler delivers. */
class Notes implements MessageHandler {
  streaming = false;
  goOn = true;
  readonly all: string[] = [];
  readonly data: (string | Uint8Array)[] = [];

  message(data: string | Uint8Array): boolean {
    this.data.push(data);
    return this.note(comparable(data));
  }

  fragment(kind: Kind, piece: Uint8Array, final: boolean): boolean {
    this.data.push(piece);
    return this.note(`${kind} piece ${Buffer.from(piece).toString("hex")}${final ? "." : ""}`);
  }

  compressed(kind: Kind, whole: Uint8Array, streamed: boolean): boolean {
    const form = streamed ? " streamed" : "";
    return this.note(`compressed ${kind}${form} ${Buffer.from(whole).toString("hex")}`);
  }

  control(opcode: number, payload: Buffer): boolean {
    return this.note(`control ${opcode} ${payload.toString("hex")}`);
  }

  private note(words: string): boolean {
    this.all.push(words);
    return this.goOn;
  }
}

interface Setting {
  readonly role?: "server" | "client";
  readonly max?: number;
  readonly accepts?: Kind;
  readonly streaming?: boolean;
  readonly deflate?: boolean;
}

function make({
  role = "server",
  max = 1_000_000,
  accepts,
  streaming = false,
  deflate = false,
}: Setting = {}) {
  const notes = new Notes();
  notes.streaming = streaming;
  const assembler = new Assembler(notes, max, accepts);
  const decoder = new Decoder(role, assembler, { deflate, short: assembler });
  const feed = (...chunks: readonly Uint8Array[]) => {
    for (const chunk of chunks) decoder.decode(Buffer.from(chunk), 0);
  };
  return { notes, assembler, feed };
}

/** What comes out of frames, whole or however they are cut. */
function assemble(frames: readonly Uint8Array[], setting?: Setting): string[] {
  return underEverySplit(Buffer.concat(frames), (chunks) => {
    const { notes, assembler, feed } = make(setting);
    feed(...chunks);
    expect(assembler.inMessage).toBe(false);
    return notes.all;
  });
}

describe.each(["server", "client"] as const)("messages for a %s", (role) => {
  const peer = role === "server" ? masked : plain;
  const parts = (...payloads: (string | Uint8Array)[]) => [
    peer.text(payloads[0]!, { fin: false }),
    ...payloads.slice(1, -1).map((payload) => peer.more(payload)),
    peer.last(payloads.at(-1)!),
  ];

  test.each<[string, readonly Buffer[], string[]]>([
    ["text in one frame", [peer.text("Hello")], ["text Hello"]],
    ["text beyond ASCII in one frame", [peer.text("水é😀")], ["text 水é😀"]],
    ["empty text", [peer.text("")], ["text "]],
    ["binary in one frame", [peer.binary(bytes`00 ff 80`)], ["binary 00ff80"]],
    ["empty binary", [peer.binary(bytes``)], ["binary "]],
    ["ASCII in fragments", parts("Hel", "", "lo"), ["text Hello"]],
    ["an ASCII fragment behind another", parts("é", "a"), ["text éa"]],
    ["empty fragments", parts("", "", ""), ["text "]],
    ["an empty fragment before the text", parts("", "é"), ["text é"]],
    ["a character cut by fragments", parts(bytes`e6`, bytes`b0`, bytes`b4`), ["text 水"]],
    ["empty fragments inside a character", parts(bytes`e6`, "", bytes`b0 b4`, ""), ["text 水"]],
    [
      "binary in fragments",
      [peer.binary(bytes`01 ff`, { fin: false }), peer.more(bytes``), peer.last(bytes`80`)],
      ["binary 01ff80"],
    ],
    ["empty binary in fragments", [peer.binary(bytes``, { fin: false }), peer.last(bytes``)], ["binary "]],
    [
      "binary of an empty fragment and a full one",
      [peer.binary(bytes``, { fin: false }), peer.last(bytes`01 02`)],
      ["binary 0102"],
    ],
    [
      "control frames between fragments (§5.4)",
      [peer.text("a", { fin: false }), peer.ping("p"), peer.more("b"), peer.pong(""), peer.last("c")],
      ["control 9 70", "control 10 ", "text abc"],
    ],
    [
      "two messages",
      [...parts("é", "1"), peer.text("2"), ...parts("3", "4")],
      ["text é1", "text 2", "text 34"],
    ],
    [
      "NUL, byte order mark and noncharacters (F36)",
      [peer.text("\0\ufeff\ufffe\0")],
      ["text \0\ufeff\ufffe\0"],
    ],
  ])("%s", (_what, frames, expected) => {
    expect(assemble(frames, { role })).toEqual(expected);
  });

  test.each<[string, readonly Buffer[]]>([
    ["in one frame", [peer.text(bytes`61 c3 28`)]],
    ["in a fragment that is not the last (F34)", [peer.text(bytes`c3 28`, { fin: false })]],
    ["over two fragments", [peer.text(bytes`c3`, { fin: false }), peer.last(bytes`28`)]],
    ["with ASCII inside a character", [peer.text(bytes`e6 b0`, { fin: false }), peer.more("a")]],
    ["that ends inside a character (F35)", [peer.text(bytes`e6 b0`)]],
    [
      "that ends inside a character, in fragments",
      [peer.text(bytes`e6`, { fin: false }), peer.last(bytes`b0`)],
    ],
    [
      "that ends inside a character, with an empty fragment",
      [peer.text(bytes`e6`, { fin: false }), peer.last("")],
    ],
  ])("refuses text that is not UTF-8, %s", (_what, frames) => {
    const failure = underEverySplit(Buffer.concat(frames), (chunks) => {
      const { notes, feed } = make({ role });
      expect(() => feed(...chunks)).toThrow(expect.objectContaining({ violation: "invalid-utf8" }));
      return notes.all;
    });
    expect(failure).toEqual([]);
  });

  test("refuses text in the middle of its only frame, at the byte that spoils it (§8.1)", () => {
    const { feed } = make({ role });
    const frame = peer.text(bytes`${"ab"} f4 90 ${"more to come"}`);
    const spoils = frame.length - 13;
    feed(...byteByByte(frame.subarray(0, spoils)));
    expect(() => feed(frame.subarray(spoils, spoils + 1))).toThrow(
      expect.objectContaining({ violation: "invalid-utf8" }),
    );
  });

  test.each([2, 125, 126, 5000, 65_536, 300_000])("%i bytes in chunks of any size", (size) => {
    const payload = filler(size);
    const text = "é水".repeat(size).slice(0, size);
    for (const chunk of [13, 4096, 65_536]) {
      const { notes, feed } = make({ role });
      feed(...inChunks(Buffer.concat([peer.binary(payload), peer.text(text)]), chunk));
      expect(Buffer.from(notes.data[0] as Uint8Array).equals(payload)).toBe(true);
      expect(notes.data[1] === text).toBe(true);
    }
  });

  test("many small fragments", () => {
    const { notes, feed } = make({ role });
    feed(peer.binary(bytes`00`, { fin: false }));
    for (let count = 1; count < 2000; count += 1) feed(peer.more(bytes`${count & 0xff}`));
    feed(peer.last(bytes``));
    const expected = Uint8Array.from({ length: 2000 }, (_, index) => index);
    expect(notes.all).toEqual([comparable(expected)]);
  });
});

describe("binary messages", () => {
  const own = (data: string | Uint8Array | undefined) => {
    const view = data as Uint8Array;
    return [view.byteOffset, view.buffer.byteLength, view.constructor.name];
  };

  test.each([0, 1, 3000, 70_000])("of %i bytes lie in memory of their own, from offset 0", (size) => {
    const { notes, feed } = make();
    const half = filler(size).subarray(0, size >> 1);
    feed(masked.binary(filler(size)), ...inChunks(masked.binary(filler(size)), 1000));
    feed(masked.binary(half, { fin: false }), masked.more(bytes`01`), masked.last(half));
    expect(notes.data.map(own)).toEqual([
      [0, size, "Uint8Array"],
      [0, size, "Uint8Array"],
      [0, 2 * half.length + 1, "Uint8Array"],
    ]);
  });

  test("stay as they are when the chunk is used again", () => {
    const { notes, assembler } = make();
    const chunk = Buffer.concat([masked.binary(bytes`01 02`), masked.ping("pp")]);
    new Decoder("server", assembler).decode(chunk, 0);
    chunk.fill(0xff);
    expect(notes.data).toEqual([new Uint8Array([1, 2])]);
    expect(notes.all).toEqual(["binary 0102", "control 9 7070"]);
  });
});

describe("stopping", () => {
  test("is asked for by what the handler returns, after messages and control frames", () => {
    const { notes, assembler } = make();
    notes.goOn = false;
    const input = Buffer.concat([
      masked.text("a"),
      masked.ping(),
      masked.text("b", { fin: false }),
      masked.last("c"),
    ]);
    const decoder = new Decoder("server", assembler);
    const first = decoder.decode(input, 0);
    expect(notes.all).toEqual(["text a"]);
    const second = decoder.decode(input, first);
    expect(notes.all).toEqual(["text a", "control 9 "]);
    // The first of two fragments is no reason to stop.
    expect(decoder.decode(input, second)).toBe(input.length);
    expect(notes.all).toEqual(["text a", "control 9 ", "text bc"]);
  });
});

describe("fragmentation rules (§5.4)", () => {
  test.each([
    ["unexpected-continuation", [masked.last("a")]],
    ["unexpected-continuation", [masked.more("a")]],
    ["unexpected-continuation", [masked.text("a"), masked.last("b")]],
    ["unexpected-continuation", [masked.text("a", { fin: false }), masked.last("b"), masked.last("c")]],
    ["expected-continuation", [masked.text("a", { fin: false }), masked.text("b")]],
    ["expected-continuation", [masked.binary(bytes`01`, { fin: false }), masked.ping(), masked.text("b")]],
  ])("%s (case %#)", (violation, frames) => {
    const { feed } = make();
    expect(() => feed(...frames)).toThrow(expect.objectContaining({ violation }));
  });
});

describe("the only kind that is welcome (1003)", () => {
  test.each([
    ["text", masked.binary(bytes``), "binary, where only text is welcome"],
    ["binary", masked.text("", { fin: false }), "text, where only binary is welcome"],
  ] as const)("%s", (accepts, frame, words) => {
    const { feed } = make({ accepts });
    feed(accepts === "text" ? masked.text("a") : masked.binary(bytes`01`), masked.ping());
    expect(() => feed(frame)).toThrow(
      expect.objectContaining({ violation: "unaccepted-kind", message: expect.stringContaining(words) }),
    );
  });
});

describe("limits.message", () => {
  const tooBig = (attempt: () => void) => {
    expect(attempt).toThrow(LimitError);
    expect(attempt).not.toThrow("never");
  };
  const refusal = { limit: "limits.message", closeCode: 1009 };

  test("lets pass exactly so much, in one frame or many", () => {
    const { notes, feed } = make({ max: 5000 });
    const half = filler(2500);
    feed(masked.binary(filler(5000)), masked.binary(half, { fin: false }), masked.last(half));
    expect(notes.data.map((data) => data.length)).toEqual([5000, 5000]);
  });

  test("refuses a frame by its header (F21)", () => {
    const { feed } = make({ max: 5000 });
    const header = masked.frame({ opcode: 2, length: 5001 }).subarray(0, 4);
    expect(() => feed(header)).toThrow(expect.objectContaining(refusal));
  });

  test("refuses the frame that takes the sum past it (F22)", () => {
    const { feed } = make({ max: 5000 });
    feed(masked.binary(filler(2500), { fin: false }), masked.more(filler(2500)));
    const frame = masked.last(bytes`00`);
    expect(() => feed(frame)).toThrow(expect.objectContaining(refusal));
    expect(() => feed(frame)).toThrow("the message is over 5000 bytes");
  });

  test("counts each message by itself", () => {
    const { notes, feed } = make({ max: 10 });
    for (let count = 0; count < 5; count += 1) {
      feed(masked.binary(filler(6), { fin: false }), masked.ping(filler(100)), masked.last(filler(4)));
    }
    expect(notes.data.map((data) => data.length)).toEqual([10, 10, 10, 10, 10]);
  });

  // 16,000 bytes are a thousand fragments, and 256 more are free.
  test.each([0, 1, 12])("counts fragments of %i bytes as 16 (F26, F27)", (size) => {
    const { feed } = make({ max: 16_000 });
    feed(masked.binary(filler(size), { fin: false }));
    for (let count = 1; count < 1256; count += 1) feed(masked.more(filler(size)));
    tooBig(() => feed(masked.last(filler(size))));
    const again = make({ max: 16_000 });
    again.feed(masked.text("", { fin: false }));
    for (let count = 1; count < 1256; count += 1) again.feed(masked.more(""));
    expect(() => again.feed(masked.more(""))).toThrow(
      "the message came in 1257 fragments, too many for its size",
    );
  });

  test("a message of just the limit may come in fragments, and end with an empty one", () => {
    const { notes, feed } = make({ max: 5000 });
    feed(masked.binary(filler(2500), { fin: false }), masked.more(filler(2500)), masked.last(""));
    expect(notes.data.map((data) => data.length)).toEqual([5000]);
  });

  test("leaves room for 256 fragments even where it is small", () => {
    const { notes, feed } = make({ max: 4 });
    const send = (count: number) => {
      feed(masked.text("a", { fin: false }));
      for (let sent = 1; sent < count - 1; sent += 1) feed(masked.more(""));
      feed(masked.last("b"));
    };
    send(256);
    send(256);
    expect(notes.all).toEqual(["text ab", "text ab"]);
    expect(() => send(258)).toThrow(expect.objectContaining(refusal));
  });

  test("Infinity is off, up to what a string and an ArrayBuffer can hold (F20)", () => {
    const max = Number.POSITIVE_INFINITY;
    for (const [opcode, most] of [
      [1, constants.MAX_STRING_LENGTH],
      [2, constants.MAX_LENGTH],
    ] as const) {
      make({ max }).feed(masked.frame({ opcode, length: BigInt(most) }));
      for (const length of [BigInt(most) + 1n, 2n ** 53n + 1n, 2n ** 63n - 1n]) {
        const { feed } = make({ max });
        expect(() => feed(masked.frame({ opcode, length }))).toThrow(expect.objectContaining(refusal));
      }
      const { feed } = make({ max });
      feed(masked.frame({ opcode, payload: bytes`61`, fin: false }));
      expect(() => feed(masked.frame({ opcode: 0, length: BigInt(most) }))).toThrow(
        expect.objectContaining(refusal),
      );
    }
  });

  test("a message that is streamed may be as long as a number is exact (F20)", () => {
    const head = (length: bigint) => masked.frame({ opcode: 2, length });
    make({ max: Number.POSITIVE_INFINITY, streaming: true }).feed(head(2n ** 53n - 1n));
    const { feed } = make({ max: Number.POSITIVE_INFINITY, streaming: true });
    expect(() => feed(head(2n ** 53n))).toThrow(expect.objectContaining(refusal));
  });

  test("an announcement alone gets no memory", () => {
    const { feed } = make({ max: Number.POSITIVE_INFINITY });
    feed(masked.frame({ opcode: 2, length: 2 ** 30, payload: filler(100) }));
  });
});

describe("streaming", () => {
  test("gives pieces as they come, and an end", () => {
    const { notes, feed } = make({ streaming: true });
    const frame = masked.binary(bytes`01 02 03 04`);
    feed(frame.subarray(0, 6), frame.subarray(6, 8), frame.subarray(8));
    expect(notes.all).toEqual(["binary piece 0102", "binary piece 0304."]);
  });

  test("gives fragments, leaves out empty ones, and keeps an empty end", () => {
    const { notes, feed } = make({ streaming: true });
    feed(masked.text("é", { fin: false }), masked.ping(), masked.more(""), masked.last(""), masked.text(""));
    expect(notes.all).toEqual(["text piece c3a9", "control 9 ", "text piece .", "text piece ."]);
  });

  test("checks text, which may be cut inside a character", () => {
    const { notes, feed } = make({ streaming: true });
    feed(masked.text(bytes`e6 b0`, { fin: false }), masked.last(bytes`b4`), masked.text("a"));
    expect(notes.all).toEqual(["text piece e6b0", "text piece b4.", "text piece 61."]);
    feed(masked.text(bytes`e6 b0`, { fin: false }));
    expect(() => feed(masked.more("a"))).toThrow(expect.objectContaining({ violation: "invalid-utf8" }));
    expect(notes.all).toHaveLength(4);
  });

  test("refuses text that ends inside a character", () => {
    const { feed } = make({ streaming: true });
    expect(() => feed(masked.text(bytes`e6 b0`))).toThrow(
      expect.objectContaining({ violation: "invalid-utf8" }),
    );
  });

  test("holds a message to its limit too", () => {
    const { feed } = make({ streaming: true, max: 10 });
    feed(masked.binary(filler(6), { fin: false }));
    expect(() => feed(masked.last(filler(5)))).toThrow(LimitError);
  });

  test("begins and ends between messages", () => {
    const { notes, feed } = make();
    feed(masked.text("a", { fin: false }));
    notes.streaming = true;
    feed(masked.last("b"), masked.text("c", { fin: false }));
    notes.streaming = false;
    feed(masked.last("d"), masked.text("é"));
    expect(notes.all).toEqual(["text ab", "text piece 63", "text piece 64.", "text é"]);
  });

  test("pieces are the application's own", () => {
    const { notes, assembler } = make({ streaming: true });
    const chunk = masked.binary(bytes`01 02`);
    new Decoder("server", assembler).decode(chunk, 0);
    chunk.fill(0xff);
    expect(notes.data).toEqual([new Uint8Array([1, 2])]);
  });

  test("stops inside a frame where the handler says so", () => {
    const { notes, assembler } = make({ streaming: true });
    const decoder = new Decoder("server", assembler);
    const frames = [masked.binary(bytes`01`, { fin: false }), masked.last(bytes`02`)];
    notes.goOn = false;
    expect(decoder.decode(Buffer.concat(frames), 0)).toBe(frames[0]!.length);
    expect(assembler.inMessage).toBe(true);
  });
});

describe("a compressed message (RFC 7692 §6)", () => {
  const compressed = { rsv: 0x40 };

  test("is handed on whole, still compressed, however it comes", () => {
    const data = filler(300);
    const hex = data.toString("hex");
    expect(assemble([masked.binary(data, compressed)], { deflate: true })).toEqual([
      `compressed binary ${hex}`,
    ]);
    const frames = [
      masked.text(data.subarray(0, 100), { ...compressed, fin: false }),
      masked.ping("p"),
      masked.more(data.subarray(100, 101)),
      masked.last(data.subarray(101)),
      masked.text("plain"),
    ];
    expect(assemble(frames, { deflate: true })).toEqual([
      "control 9 70",
      `compressed text ${hex}`,
      "text plain",
    ]);
  });

  test("is not delivered in pieces, but says that this was asked for", () => {
    const { notes, feed } = make({ streaming: true, deflate: true });
    feed(masked.text("a", { ...compressed, fin: false }), masked.last("b"), masked.text("", compressed));
    expect(notes.all).toEqual(["compressed text streamed 6162", "compressed text streamed "]);
  });

  test("is no text before it is inflated", () => {
    const { notes, feed } = make({ deflate: true });
    feed(
      masked.text(bytes`ff`, compressed),
      masked.text(bytes`ff`, { ...compressed, fin: false }),
      masked.last(""),
    );
    expect(notes.all).toEqual(["compressed text ff", "compressed text ff"]);
  });

  test("may be larger than the limit by what deflate adds to data that it cannot compress", () => {
    const { feed } = make({ deflate: true, max: 64_000 });
    feed(masked.binary(filler(73_064), compressed));
    expect(() => feed(masked.binary(filler(73_065), compressed))).toThrow(LimitError);
  });

  test("has the engine's limit where ours is off", () => {
    const { feed } = make({ deflate: true, max: Number.POSITIVE_INFINITY });
    const large = { ...compressed, length: constants.MAX_STRING_LENGTH + 1, form: 64 } as const;
    expect(() => feed(masked.text("", large))).not.toThrow();
  });

  test("has to be of a kind that is welcome", () => {
    const { feed } = make({ deflate: true, accepts: "text" });
    expect(() => feed(masked.binary(filler(0), compressed))).toThrow(
      expect.objectContaining({ violation: "unaccepted-kind" }),
    );
  });
});
