// The frames of the WHATWG's copy of August 2010: a type byte, a 64-bit length, a payload.
import { Buffer } from "node:buffer";
import { firstByte, Opcode, OutputBuffer, UnsupportedError } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { expectMessages } from "../../support/expectations.ts";
import { inChunks } from "../../support/splits.ts";
import { endOf, framingFor, outcome, refused, roles, sentBy, sessionOf, taken } from "./support.ts";

const version = "whatwg-2010-08";
const framing = framingFor(version);
const close = bytes`00 00 00 00 00 00 00 00 00`;
const normal = { code: 1005, reason: "" };
const whole = { ...normal, clean: true, cause: "close", sent: normal, received: normal, error: undefined };

const frames = [
  { wire: bytes`ff 00 00 00 00 00 00 00 05 48 65 6c 6c 6f`, text: "Hello" },
  { wire: bytes`ff 00 00 00 00 00 00 00 00`, text: "" },
  { wire: bytes`ff 00 00 00 00 00 00 00 03 e6 97 a5`, text: "日" },
  { wire: bytes`ff 00 00 00 00 00 01 11 70 ${Buffer.alloc(70_000, "a")}`, text: "a".repeat(70_000) },
];

describe.each(roles)("as a %s", (role) => {
  test.each(frames)("reads and sends %o", ({ wire, text }) => {
    taken(version, role, wire, [text]);
    const output = new OutputBuffer();
    framing.encodeText(output, undefined, text);
    expect(output.take().equals(wire)).toBe(true);
    expect(framing.encodeMessage(text, undefined).equals(wire)).toBe(true);
    const { memory, start, end } = framing.sharedMessage(text);
    expect(memory.subarray(start, end).equals(wire)).toBe(true);
  });

  test("FF is a byte like any other, and what is no UTF-8 is U+FFFD", () => {
    taken(version, role, bytes`ff 00 00 00 00 00 00 00 03 61 ff 62 ff 00 00 00 00 00 00 00 00`, [
      "a\ufffdb",
      "",
    ]);
  });

  test("other types are skipped, empty or not", () => {
    const skipped = [bytes`80 00 00 00 00 00 00 00 03 ff 00 ff`, bytes`01 00 00 00 00 00 00 00 00`];
    for (const frame of skipped)
      taken(version, role, bytes`${frame} ${frames[0]?.wire ?? ""} ${frame}`, ["Hello"]);
  });

  test.each([
    bytes`00 00 00 00 00 00 00 03 e9`,
    bytes`00 00 00 01 00 00 00 00`,
    bytes`00 20 00 00 00 00 00 00`,
    bytes`80 00 00 00 00 00 00 00`,
    bytes`ff ff ff ff ff ff ff ff`,
  ])("a length over limits.message is too much in any frame: %o", (length) => {
    const wire = length.length === 9 ? length.subarray(1) : length;
    const why = "the message is over 1000 bytes";
    const end = { cause: "limit", code: 1009, reason: why } as const;
    for (const type of [0xff, 0x80, 0x00])
      refused(version, role, bytes`${type}${wire}`, end, close, { limits: { message: 1000 } });
  });

  test.each([bytes`00 00 00 00 1f ff ff e9`, bytes`00 00 00 01 00 00 00 00`, bytes`80 00 00 00 00 00 00 00`])(
    "no string is so long, even where no limit is set: %o",
    (length) => {
      const limits = { message: Number.POSITIVE_INFINITY };
      const session = outcome(version, role, bytes`ff ${length} 61`, { limits });
      expect(sentBy(session)).toEqual(close);
      expect(endOf(session.end())).toMatchObject({ cause: "limit", code: 1009 });
    },
  );

  test("a message that is streamed may be longer than any string", () => {
    const session = sessionOf(version, role, { limits: { message: Number.POSITIVE_INFINITY } });
    session.wire.streaming = true;
    session.receive(bytes`ff 00 00 00 01 00 00 00 00 61 e2`, bytes`82 ac`);
    const pieces = session.sink.of("fragment");
    expect(pieces.map((piece) => [String(Buffer.from(piece.bytes)), piece.final])).toEqual([
      ["a", false],
      ["€", false],
    ]);
    session.receive(bytes`62`).end();
    expect(endOf(session)).toMatchObject({ cause: "lost", code: 1006 });
  });

  test("stops wherever the sink has enough, and reads on from there", () => {
    const texts = ["a", "", "b"].map((text) => framing.encodeMessage(text, undefined));
    const input = Buffer.concat([...texts, close]);
    for (let size = 1; size <= input.length; size += 1) {
      const session = sessionOf(version, role);
      session.sink.onMessage = () => false;
      session.receive(...inChunks(input, size)).resume();
      expectMessages(session, "a", "");
      session.resume();
      expectMessages(session, "a", "", "b");
      expect(session.wire.phase).toBe("open");
      session.resume();
      expect(endOf(session.end())).toEqual({ ...whole, initiator: "peer" });
    }
  });

  test.each([close, bytes`00 00 00 00 00 00 00 00 03 ${"why"}`])(
    "%o is a Close, is answered, and nothing behind it is read",
    (wire) => {
      const session = outcome(version, role, bytes`${wire} ${frames[0]?.wire ?? ""}`);
      expectMessages(session);
      expect(sentBy(session)).toEqual(close);
      expect(endOf(session.end())).toEqual({ ...whole, initiator: "peer" });
    },
  );

  test("ours goes out behind what was sent; Racket ends the transport without an answer", () => {
    const session = sessionOf(version, role);
    session.wire.sendText("Hello");
    session.close();
    expect(sentBy(session)).toEqual(bytes`${frames[0]?.wire ?? ""}${close}`);
    expect(endOf(session.end())).toMatchObject({
      code: 1006,
      clean: false,
      cause: "lost",
      initiator: "local",
    });
    const answered = sessionOf(version, role).close().receive(close).end();
    expect(endOf(answered)).toEqual({ ...whole, initiator: "local" });
  });

  test("time for a message counts from the first byte of its frame", () => {
    for (const begun of [bytes`ff`, bytes`ff 00 00 00 00 00 00 00 05 61`, bytes`00 00`]) {
      const session = sessionOf(version, role, { timeouts: { message: 100 } })
        .receive(begun)
        .advance(100);
      expect(endOf(session.end())).toMatchObject({ cause: "timeout", code: 1008 });
    }
  });

  test("carries nothing but text", () => {
    const session = sessionOf(version, role);
    for (const attempt of [
      () => session.wire.sendBinary(bytes`01`),
      () => session.wire.encode(bytes`01`),
      () => session.wire.sendFragment("binary", bytes`61`, true),
      () => session.wire.ping(bytes``, session.now),
      () => session.close(3000),
      () => framing.sharedMessage(bytes`01`),
      () => framing.encodeFrame(new OutputBuffer(), undefined, firstByte(Opcode.binary, true), bytes``),
    ]) {
      expect(attempt).toThrow(UnsupportedError);
      expect(attempt).toThrow(version);
    }
    expect(session.sink.events).toEqual([]);
  });
});
