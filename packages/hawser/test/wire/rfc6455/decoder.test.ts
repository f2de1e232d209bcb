// Chunks to frames: what the decoder tells of a stream, and what it refuses (RFC 6455 §5).
import { describe, expect, test } from "vitest";
import { ProtocolError, type Violation } from "../../../src/wire/errors.ts";
import { Decoder, type FrameHandler } from "../../../src/wire/rfc6455/decoder.ts";
import type { Role } from "../../../src/wire/wire.ts";
import { bytes, filler } from "../../support/bytes.ts";
import { framesFor, masked, plain } from "../../support/frames.ts";
import { inChunks, underEverySplit } from "../../support/splits.ts";

/** Notes headers and payload pieces; `answer` is what payload() returns. */
class Notes {
  readonly headers: string[] = [];
  readonly pieces: { text: string; ascii: boolean; last: boolean }[] = [];
  answer: (last: boolean) => boolean = () => true;
  readonly decoder: Decoder;

  constructor(role: Role) {
    this.decoder = new Decoder(role, {
      header: ({ fin, opcode, length }) => void this.headers.push(`${fin ? "fin " : ""}${opcode} ${length}`),
      payload: (chunk, start, end, ascii, last) => {
        this.pieces.push({ text: chunk.toString("latin1", start, end), ascii, last });
        return this.answer(last);
      },
    });
  }

  /** The payloads of the frames that are complete. */
  get payloads(): string[] {
    const payloads = [""];
    for (const { text, last } of this.pieces) {
      payloads.push(payloads.pop() + text);
      if (last) payloads.push("");
    }
    return payloads.slice(0, -1);
  }
}

describe.each(["server", "client"] as const)("as a %s", (role) => {
  const peer = framesFor(role);

  test.each([
    ["Hello", [peer.text("Hello")], [["fin 1 5"], ["Hello"]]],
    [
      "Hel and lo",
      [peer.text("Hel", { fin: false }), peer.last("lo")],
      [
        ["1 3", "fin 0 2"],
        ["Hel", "lo"],
      ],
    ],
    ["an empty frame", [peer.binary(bytes``)], [["fin 2 0"], [""]]],
    [
      "an empty frame between others",
      [peer.ping("a"), peer.pong(), peer.ping("b")],
      [
        ["fin 9 1", "fin 10 0", "fin 9 1"],
        ["a", "", "b"],
      ],
    ],
    [
      "a frame with a 16-bit length",
      [peer.binary(filler(130))],
      [["fin 2 130"], [filler(130).toString("latin1")]],
    ],
  ])("%s comes out the same however it is cut", (_what, frames, expected) => {
    const result = underEverySplit(Buffer.concat(frames), (chunks) => {
      const notes = new Notes(role);
      for (const chunk of chunks) expect(notes.decoder.decode(chunk, 0)).toBe(chunk.length);
      expect(notes.decoder.inFrame).toBe(false);
      return [notes.headers, notes.payloads];
    });
    expect(result).toEqual(expected);
  });

  test("a frame with a 64-bit length, in chunks of many sizes", () => {
    const payload = filler(70_000);
    for (const size of [1, 2, 3, 5, 7, 1000, 65_536]) {
      const notes = new Notes(role);
      for (const chunk of inChunks(peer.binary(payload), size)) notes.decoder.decode(chunk, 0);
      expect(notes.headers).toEqual(["fin 2 70000"]);
      expect(notes.payloads[0] === payload.toString("latin1")).toBe(true);
    }
  });

  test("decodes from where it is told to", () => {
    const notes = new Notes(role);
    const input = bytes`ff ff ${peer.text("Hi")}`;
    expect(notes.decoder.decode(input, 2)).toBe(input.length);
    expect(notes.payloads).toEqual(["Hi"]);
  });

  test("stops where its handler says stop, and goes on there", () => {
    const notes = new Notes(role);
    notes.answer = () => false;
    const input = Buffer.concat([peer.text("one"), peer.text(""), peer.text("three")]);
    const stops: number[] = [];
    for (let at = 0; at < input.length; ) {
      at = notes.decoder.decode(input, at);
      stops.push(at);
    }
    const size = peer.text("").length;
    expect(stops).toEqual([size + 3, 2 * size + 3, 3 * size + 8]);
    expect(notes.payloads).toEqual(["one", "", "three"]);
  });

  test("stops in the middle of a frame too, and goes on with another chunk", () => {
    const notes = new Notes(role);
    notes.answer = () => false;
    const input = peer.text("abcdefghij");
    const cut = input.length - 4;
    expect(notes.decoder.decode(Buffer.from(input.subarray(0, cut)), 0)).toBe(cut);
    expect(notes.decoder.inFrame).toBe(true);
    expect(notes.decoder.decode(Buffer.from(input.subarray(cut)), 0)).toBe(4);
    expect(notes.payloads).toEqual(["abcdefghij"]);
  });

  test("knows whether it is inside a frame, after every byte", () => {
    const notes = new Notes(role);
    const frame = peer.text("ab");
    const inside = [...frame, ...frame].map((byte) => {
      notes.decoder.decode(bytes`${byte}`, 0);
      return notes.decoder.inFrame;
    });
    const once = [...frame].map((_, index) => index < frame.length - 1);
    expect(inside).toEqual([...once, ...once]);
  });

  test("a frame of no bytes is over with its header", () => {
    const notes = new Notes(role);
    expect(notes.decoder.inFrame).toBe(false);
    notes.decoder.decode(peer.pong(), 0);
    expect(notes.decoder.inFrame).toBe(false);
    expect(notes.pieces).toHaveLength(1);
  });

  test("a chunk of no bytes changes nothing", () => {
    const notes = new Notes(role);
    const frame = peer.text("ab");
    for (const byte of frame) {
      expect(notes.decoder.decode(bytes``, 0)).toBe(0);
      notes.decoder.decode(bytes`${byte}`, 0);
    }
    expect(notes.payloads).toEqual(["ab"]);
  });

  test.each<[Violation, Buffer, number]>([
    ["reserved-bits", peer.text("", { rsv: 0x40 }), 2],
    ["reserved-opcode", peer.frame({ opcode: 3 }), 2],
    [role === "server" ? "not-masked" : "masked", (role === "server" ? plain : masked).text(""), 2],
    ["control-fragmented", peer.ping("", { fin: false }), 2],
    ["control-too-long", peer.ping(filler(126)), 2],
    ["length-not-minimal", peer.text(filler(125), { form: 16 }), 4],
    ["length-not-minimal", peer.text(filler(125), { form: 64 }), 10],
    ["length-not-minimal", peer.text(filler(65_535), { form: 64 }), 10],
    ["length-top-bit", peer.frame({ opcode: 2, length: 2n ** 63n }), 10],
  ])("refuses %s before the payload, at the byte that shows it", (violation, input, at) => {
    const whole = new Notes(role);
    expect(() => whole.decoder.decode(Buffer.from(input), 0)).toThrow(ProtocolError);
    expect(whole.headers).toEqual([]);
    const slow = new Notes(role);
    for (const byte of input.subarray(0, at - 1)) slow.decoder.decode(bytes`${byte}`, 0);
    expect(() => slow.decoder.decode(bytes`${input[at - 1]!}`, 0)).toThrow(
      expect.objectContaining({ violation }),
    );
    expect(slow.headers).toEqual([]);
  });

  test("tells of a header once its length is known, whatever else is missing", () => {
    const notes = new Notes(role);
    const head = peer.binary(filler(300)).subarray(0, 4);
    for (const byte of head.subarray(0, 3)) notes.decoder.decode(bytes`${byte}`, 0);
    expect(notes.headers).toEqual([]);
    notes.decoder.decode(bytes`${head[3]!}`, 0);
    expect(notes.headers).toEqual(["fin 2 300"]);
    for (const byte of peer.binary(filler(300)).subarray(4)) notes.decoder.decode(bytes`${byte}`, 0);
    expect(notes.headers).toEqual(["fin 2 300"]);
    expect(notes.payloads).toEqual([filler(300).toString("latin1")]);
  });

  test("what its handler throws goes through", () => {
    const decoder = new Decoder(role, {
      header: () => {
        throw new Error("no");
      },
      payload: () => true,
    });
    expect(() => decoder.decode(peer.text("a"), 0)).toThrow("no");
  });
});

describe("the ASCII hint", () => {
  test("is given for what was unmasked, piece by piece", () => {
    const notes = new Notes("server");
    const frame = masked.text("aé");
    notes.decoder.decode(Buffer.from(frame.subarray(0, 7)), 0);
    notes.decoder.decode(Buffer.from(frame.subarray(7)), 0);
    expect(notes.pieces.map(({ ascii }) => ascii)).toEqual([true, false]);
  });

  test("is not given for what a server sent, as nobody looked", () => {
    const notes = new Notes("client");
    notes.decoder.decode(plain.text("a"), 0);
    expect(notes.pieces.map(({ ascii }) => ascii)).toEqual([false]);
  });
});

test("unmasks in the chunk itself, and only there", () => {
  const notes = new Notes("server");
  const chunk = bytes`${masked.text("Hello")} ${masked.text("you").subarray(0, 3)}`;
  notes.decoder.decode(chunk, 0);
  expect(chunk).toEqual(bytes`81 85 37 fa 21 3d ${"Hello"} 81 83 37`);
});

describe("with permessage-deflate (RFC 7692 §6.1)", () => {
  const feed = (...frames: readonly Uint8Array[]) => {
    const seen: number[] = [];
    const handler: FrameHandler = {
      header: ({ reserved }) => void seen.push(reserved),
      payload: () => true,
    };
    const decoder = new Decoder("server", handler, { deflate: true });
    for (const frame of frames) decoder.decode(Buffer.from(frame), 0);
    return seen;
  };

  test("RSV1 may be set on the first frame of a message, and need not be", () => {
    const frames = [masked.text("a", { rsv: 0x40, fin: false }), masked.last("b"), masked.binary(filler(1))];
    expect(feed(...frames)).toEqual([0x40, 0, 0]);
    expect(feed(masked.binary(filler(1), { rsv: 0x40 }))).toEqual([0x40]);
  });

  test.each([
    ["Z7: on a ping", masked.ping("", { rsv: 0x40 })],
    ["Z7: on a pong", masked.pong("", { rsv: 0x40 })],
    ["Z7: on a close", masked.close(1000, "", { rsv: 0x40 })],
    ["RSV2", masked.text("", { rsv: 0x20 })],
    ["RSV3", masked.text("", { rsv: 0x10 })],
    ["RSV1 and RSV2", masked.text("", { rsv: 0x60 })],
    ["on a reserved opcode", masked.frame({ opcode: 3, rsv: 0x40 })],
  ])("%s → 1002", (_what, frame) => {
    expect(() => feed(frame)).toThrow(
      expect.objectContaining({ violation: "reserved-bits", closeCode: 1002 }),
    );
  });

  test("Z8: RSV1 on a continuation → 1002", () => {
    const [first, last] = [masked.text("a", { rsv: 0x40, fin: false }), masked.last("b", { rsv: 0x40 })];
    expect(() => feed(first, last)).toThrow(expect.objectContaining({ violation: "reserved-bits" }));
  });
});
