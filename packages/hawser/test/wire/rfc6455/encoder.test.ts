// Messages to frames: exact bytes of both roles, at every border (RFC 6455 §5.2, §5.3, §5.7).
import { describe, expect, test } from "vitest";
import { OutputBuffer } from "../../../src/wire/output-buffer.ts";
import { Encoder, encodeMessage, firstByte } from "../../../src/wire/rfc6455/encoder.ts";
import { Opcode } from "../../../src/wire/rfc6455/opcode.ts";
import { bytes, filler } from "../../support/bytes.ts";
import { buildFrame, KEY } from "../../support/frames.ts";

const roles = [
  { role: "server", mask: undefined, maskKey: undefined },
  { role: "client", mask: KEY, maskKey: () => KEY.readInt32LE() },
] as const;

/** One character of each size in UTF-8, and those that need care. */
const alphabets: [string, string][] = [
  ["ASCII", "a"],
  ["two bytes, the first of them", "\u0080"],
  ["two bytes", "é"],
  ["three bytes", "水"],
  ["four bytes", "😀"],
  ["lone high surrogates", "\ud83d"],
  ["lone low surrogates", "\ude00"],
];

function sameBytes(got: Buffer, expected: Buffer, what: string): void {
  if (!got.equals(expected)) expect(got, what).toEqual(expected);
}

describe("the examples of RFC 6455 §5.7", () => {
  const server = () => {
    const output = new OutputBuffer();
    return { output, encoder: new Encoder(output, undefined) };
  };

  test("a single-frame unmasked text message", () => {
    const { output, encoder } = server();
    encoder.text("Hello");
    expect(output.take()).toEqual(bytes`81 05 48 65 6c 6c 6f`);
  });

  test("a single-frame masked text message", () => {
    const output = new OutputBuffer();
    new Encoder(output, () => 0x3d21fa37).text("Hello");
    expect(output.take()).toEqual(bytes`81 85 37 fa 21 3d 7f 9f 4d 51 58`);
  });

  test("a fragmented unmasked text message", () => {
    const { output, encoder } = server();
    encoder.frame(firstByte(Opcode.text, false), bytes`${"Hel"}`);
    encoder.frame(firstByte(Opcode.continuation, true), bytes`${"lo"}`);
    expect(output.take()).toEqual(bytes`01 03 48 65 6c 80 02 6c 6f`);
  });

  test("unmasked Ping request and masked Pong response", () => {
    const { output, encoder } = server();
    encoder.frame(firstByte(Opcode.ping, true), bytes`${"Hello"}`);
    expect(output.take()).toEqual(bytes`89 05 48 65 6c 6c 6f`);
    new Encoder(output, () => 0x3d21fa37).frame(firstByte(Opcode.pong, true), bytes`${"Hello"}`);
    expect(output.take()).toEqual(bytes`8a 85 37 fa 21 3d 7f 9f 4d 51 58`);
  });

  test("256 bytes and 64 KiB of binary in a single unmasked frame", () => {
    const { output, encoder } = server();
    encoder.frame(firstByte(Opcode.binary, true), filler(256));
    expect(output.take()).toEqual(bytes`82 7e 01 00 ${filler(256)}`);
    encoder.frame(firstByte(Opcode.binary, true), filler(65_536));
    expect(output.take()).toEqual(bytes`82 7f 00 00 00 00 00 01 00 00 ${filler(65_536)}`);
  });
});

describe.each(roles)("as a $role", ({ mask, maskKey }) => {
  const encode = (run: (encoder: Encoder) => void): Buffer => {
    const output = new OutputBuffer();
    run(new Encoder(output, maskKey));
    return output.take();
  };
  const expected = (opcode: number, payload: string | Uint8Array) => buildFrame({ opcode, payload, mask });

  test.each(alphabets)("text of 0 to 200 characters: %s", (_what, character) => {
    for (let count = 0; count <= 200; count += 1) {
      const text = character.repeat(count);
      sameBytes(
        encode((encoder) => encoder.text(text)),
        expected(1, text),
        `${count}`,
      );
    }
  });

  test.each(alphabets)("text of 0 to 200 letters and one at the end: %s", (_what, character) => {
    for (let count = 0; count <= 200; count += 1) {
      const text = "a".repeat(count) + character;
      sameBytes(
        encode((encoder) => encoder.text(text)),
        expected(1, text),
        `${count}`,
      );
    }
  });

  test.each(alphabets)("text around the borders of the copy and of 16 bits: %s", (_what, character) => {
    const unit = Buffer.byteLength(character);
    const counts = [5460, 5461, 5462].map((characters) => Math.ceil(characters / character.length));
    for (const count of [
      ...counts,
      Math.floor(16_384 / unit),
      Math.floor(65_535 / unit),
      Math.ceil(65_536 / unit),
    ]) {
      for (const extra of ["", "a", "ab"]) {
        const text = character.repeat(count) + extra;
        sameBytes(
          encode((encoder) => encoder.text(text)),
          expected(1, text),
          `${count}${extra}`,
        );
      }
    }
  });

  test.each([0, 1, 125, 126, 16_383, 16_384, 16_385, 65_535, 65_536, 100_000])(
    "%i bytes of binary",
    (size) => {
      sameBytes(
        encode((encoder) => encoder.frame(0x82, filler(size))),
        expected(2, filler(size)),
        `${size}`,
      );
    },
  );

  test.each([5, 16_384, 16_385])("leaves the %i bytes that it is given as they are", (size) => {
    const payload = filler(size);
    const output = new OutputBuffer();
    new Encoder(output, maskKey).frame(0x82, payload);
    output.take();
    expect(payload.equals(filler(size))).toBe(true);
  });

  test("takes any Uint8Array", () => {
    const view = new Uint8Array(filler(20)).subarray(3, 9);
    expect(encode((encoder) => encoder.frame(0x82, view))).toEqual(expected(2, filler(20).subarray(3, 9)));
  });

  test("frames stand one behind the other", () => {
    const got = encode((encoder) => {
      encoder.text("one");
      encoder.frame(0x82, filler(20_000));
      encoder.text("é".repeat(6000));
      encoder.frame(0x89, bytes``);
      encoder.text("é");
    });
    sameBytes(
      got,
      Buffer.concat([
        expected(1, "one"),
        expected(2, filler(20_000)),
        expected(1, "é".repeat(6000)),
        expected(9, ""),
        expected(1, "é"),
      ]),
      "five frames",
    );
  });

  test("asks for no more than 32 KiB of slab at once", () => {
    const asked: number[] = [];
    class Watched extends OutputBuffer {
      override reserve(size: number) {
        asked.push(size);
        return super.reserve(size);
      }
    }
    const encoder = new Encoder(new Watched(), maskKey);
    for (const size of [5461, 5462, 16_384, 16_385, 200_000]) {
      encoder.text("水".repeat(size));
      encoder.frame(0x82, filler(size));
    }
    expect(Math.max(...asked)).toBeLessThanOrEqual(32 * 1024);
  });
});

test("a client takes a fresh key for each frame (RFC 6455 §5.3)", () => {
  const keys = [0x04030201, 0xff030201, 0x00000000, -1, 5];
  const output = new OutputBuffer();
  const encoder = new Encoder(output, () => keys.shift() ?? 0);
  encoder.text("");
  encoder.frame(0x82, bytes``);
  encoder.text("ab");
  encoder.frame(0x82, bytes`00 01`);
  expect(output.take()).toEqual(
    bytes`81 80 01 02 03 04 82 80 01 02 03 ff 81 82 00 00 00 00 ${"ab"} 82 82 ff ff ff ff ff fe`,
  );
  encoder.text("x".repeat(6000));
  expect(output.take().subarray(0, 8)).toEqual(bytes`81 fe 17 70 05 00 00 00`);
});

test("a server hands on a large payload without a copy", () => {
  const written: Uint8Array[] = [];
  class Watched extends OutputBuffer {
    override write(piece: Uint8Array) {
      written.push(piece);
      super.write(piece);
    }
  }
  const payload = filler(16_385);
  new Encoder(new Watched(), undefined).frame(0x82, payload);
  expect(written).toHaveLength(1);
  expect(written[0]).toBe(payload);
});

describe("encodeMessage", () => {
  test.each(["", "a", "é".repeat(63), "a".repeat(126), "水".repeat(22_000), "a\ud800", "\udc00".repeat(42)])(
    "text (case %#)",
    (text) => {
      sameBytes(encodeMessage(text), buildFrame({ opcode: 1, payload: text }), text.slice(0, 10));
    },
  );

  test.each([0, 125, 126, 65_535, 65_536])("%i bytes of binary", (size) => {
    sameBytes(encodeMessage(filler(size)), buildFrame({ opcode: 2, payload: filler(size) }), `${size}`);
  });

  test("is memory of its own, and copies", () => {
    const payload = filler(10);
    const frame = encodeMessage(payload);
    payload.fill(0);
    expect(frame).toEqual(buildFrame({ opcode: 2, payload: filler(10) }));
    expect([frame.byteOffset, frame.buffer.byteLength]).toEqual([0, frame.length]);
  });

  test.each([KEY.readInt32LE(), 0xff030201])("masked, where a key is given (%i)", (key) => {
    const mask = Buffer.alloc(4);
    mask.writeInt32LE(key | 0);
    const payload = filler(200);
    sameBytes(encodeMessage("Hello", key), buildFrame({ opcode: 1, payload: "Hello", mask }), "text");
    sameBytes(encodeMessage(payload, key), buildFrame({ opcode: 2, payload, mask }), "binary");
    expect(payload).toEqual(filler(200));
  });
});

test("firstByte", () => {
  expect(firstByte(Opcode.text, true)).toBe(0x81);
  expect(firstByte(Opcode.continuation, false)).toBe(0x00);
  expect(firstByte(Opcode.pong, true)).toBe(0x8a);
});
