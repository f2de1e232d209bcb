// Text to bytes and back, with Buffer's undocumented methods and without them.
import { describe, expect, test } from "vitest";
import * as text from "../../../src/wire/rfc6455/text.ts";
import { bytes } from "../../support/bytes.ts";

/** The prototype without one of the three methods. */
const lacking = (name: string) => Object.create(Buffer.prototype, { [name]: { value: undefined } }) as object;

const codecs: [string, text.TextCodec][] = [
  ["the module's own", text],
  ["with the fast methods", text.textCodec(Buffer.prototype)],
  ["without latin1Slice", text.textCodec(lacking("latin1Slice"))],
  ["without utf8Slice", text.textCodec(lacking("utf8Slice"))],
  ["without utf8Write", text.textCodec(lacking("utf8Write"))],
  ["without any", text.textCodec({})],
  ["without a prototype", text.textCodec(undefined)],
  ["with null for one", text.textCodec(null)],
];

const samples = [
  "",
  "a",
  "Hello",
  "\0\u007f",
  "é",
  "滴水之恩当以涌泉相报",
  "😀",
  "\ufeffx",
  "\ufffe",
  "x".repeat(1000),
];

test("the fast methods are there on this Node, and are used", () => {
  const called: string[] = [];
  const spy = (name: string) => () => {
    called.push(name);
    return 0;
  };
  const codec = text.textCodec({
    latin1Slice: spy("latin1Slice"),
    utf8Slice: spy("utf8Slice"),
    utf8Write: spy("utf8Write"),
  });
  codec.decodeAscii(bytes``, 0, 0);
  codec.decodeUtf8(bytes``, 0, 0);
  codec.encodeUtf8(bytes``, "", 0);
  expect(called).toEqual(["latin1Slice", "utf8Slice", "utf8Write"]);
  for (const name of called) expect(Buffer.prototype).toHaveProperty(name);
});

describe.each(codecs)("%s", (_name, { decodeAscii, decodeUtf8, encodeUtf8 }) => {
  test.each(samples)("%o there and back, inside other bytes", (sample) => {
    const encoded = new TextEncoder().encode(sample);
    for (const make of [
      (size: number) => Buffer.alloc(size, 0x2a),
      (size: number) => new Uint8Array(size).fill(0x2a),
    ]) {
      const memory = make(encoded.length * 3 + 8).subarray(1);
      expect(encodeUtf8(memory, sample, 2)).toBe(encoded.length);
      expect(Buffer.from(memory.subarray(2, 2 + encoded.length))).toEqual(Buffer.from(encoded));
      expect([memory[1], memory[2 + encoded.length]]).toEqual([0x2a, 0x2a]);
      expect(decodeUtf8(memory, 2, 2 + encoded.length)).toBe(sample);
    }
  });

  test("ASCII there and back", () => {
    const all = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join("");
    const memory = bytes`ff ${all} ff`;
    expect(decodeAscii(memory, 1, 129)).toBe(all);
    expect(decodeAscii(new Uint8Array(memory), 1, 129)).toBe(all);
    expect(decodeAscii(memory, 1, 1)).toBe("");
  });

  test.each([
    ["\ud800", "efbfbd"],
    ["\udc00", "efbfbd"],
    ["a\ud83db", "61efbfbd62"],
    ["\ude00\ud83d", "efbfbdefbfbd"],
    ["\ud83d\ud83d\ude00", "efbfbdf09f9880"],
  ])("lone surrogates become U+FFFD: %j", (sample, hex) => {
    const memory = Buffer.alloc(20);
    const size = encodeUtf8(memory, sample, 1);
    expect(memory.toString("hex", 1, 1 + size)).toBe(hex);
  });

  test("just enough room will do, whatever ends there", () => {
    for (const sample of [...samples, "é\ud800", "\ud800\ud800", "a😀\udc00"]) {
      const size = Buffer.byteLength(sample);
      const memory = Buffer.alloc(size + 3);
      expect(encodeUtf8(memory, sample, 3)).toBe(size);
      expect(memory.subarray(3)).toEqual(Buffer.from(sample));
    }
  });
});
