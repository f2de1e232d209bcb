// The frames of hybi-01 to hybi-08, both ways and in both roles: what is on the wire, and what is no frame.
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { firstByte, Opcode, OutputBuffer, type Role, type WireVersion } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { bytes, filler } from "../../support/bytes.ts";
import { expectMessages } from "../../support/expectations.ts";
import {
  endOf,
  framingFor,
  fromRole,
  outcome,
  refused,
  roles,
  sentBy,
  sessionOf,
  taken,
  toRole,
} from "./support.ts";
import { type FrameVector, hybiVectors } from "./vectors.ts";

const maskKey = () => 0x3d21fa37;
const maskOf = (role: Role) => (role === "client" ? maskKey : undefined);

const cases = hybiVectors.flatMap(({ versions, frames }) =>
  versions.flatMap((version) => roles.map((role) => ({ version, role, frames }))),
);

/** What `new Uint8Array` of messages is compared with. */
const messageOf = ({ kind, payload }: FrameVector) => (kind === "text" ? String(payload) : payload);

test("the vectors are those that were checked", () => {
  for (const { frames } of hybiVectors) {
    expect(frames).toHaveLength(13);
    for (const { wire, digest } of frames.slice(-2)) expect(hash("sha256", wire)).toBe(digest);
  }
});

describe.each(cases)("$version as a $role", ({ version, role, frames }) => {
  const framing = framingFor(version);
  const find = (label: string) =>
    frames.filter((frame) => frame.label.includes(label)).map(({ wire }) => wire);
  const fragments = find("fragment");
  const whole = frames.filter(({ kind, last }) => last && (kind === "text" || kind === "binary"));

  test.each(frames)("sends $label", (vector) => {
    const expected = fromRole(role, version, vector.wire);
    const output = new OutputBuffer();
    framing.encodeFrame(output, maskOf(role), firstByte(Opcode[vector.kind], vector.last), vector.payload);
    expect(output.take().equals(expected)).toBe(true);
  });

  test.each(whole)("sends $label as a message, alone and for many", (vector) => {
    const expected = fromRole(role, version, vector.wire);
    const message = messageOf(vector);
    expect(framing.encodeMessage(message, maskOf(role)).equals(expected)).toBe(true);
    const { memory, start, end } = framing.sharedMessage(message);
    expect(memory.subarray(start, end).equals(vector.wire)).toBe(true);
    if (typeof message !== "string") return;
    const output = new OutputBuffer();
    framing.encodeText(output, maskOf(role), message);
    expect(output.take().equals(expected)).toBe(true);
  });

  test.each(whole)("reads $label", (vector) => {
    taken(version, role, toRole(role, version, vector.wire), [messageOf(vector)]);
  });

  test("reads a message in fragments, with a ping, its answer and a pong between", () => {
    const [first, last] = fragments;
    const [ping, pong] = ["a ping", "a pong"].flatMap(find);
    const input = [first, ping, pong, last].map((frame) => toRole(role, version, frame ?? bytes``));
    taken(version, role, Buffer.concat(input), ["Hello"], fromRole(role, version, pong ?? bytes``));
  });

  test("reads frame after frame, each with a mask of its own", () => {
    const texts = frames.filter(({ kind, last, wire }) => last && kind === "text" && wire.length < 150);
    const input = texts.map(({ wire }) => toRole(role, version, wire));
    taken(version, role, Buffer.concat([...input, ...input]), [...texts, ...texts].map(messageOf));
  });

  test("a message in pieces of any size is streamed as it comes", () => {
    const session = sessionOf(version, role);
    session.wire.streaming = true;
    const large = frames.find(({ payload }) => payload.length === 65_535);
    const input = toRole(role, version, large?.wire ?? bytes``);
    for (let at = 0; at < input.length; at += 997) session.receive(input.subarray(at, at + 997));
    const pieces = session.sink.of("fragment");
    expect(pieces.length).toBeGreaterThan(60);
    expect(Buffer.concat(pieces.map((piece) => piece.bytes)).equals(large?.payload ?? bytes``)).toBe(true);
    expect(pieces.map(({ final }) => final)).toEqual([...Array(pieces.length - 1).fill(false), true]);
  });
});

const old = ["hybi-01", "hybi-02", "hybi-03", "hybi-04", "hybi-05", "hybi-06"] as const;
const lateFrom4 = ["hybi-04", "hybi-05", "hybi-06"] as const;

const pairsOf = <Version extends WireVersion>(versions: readonly Version[]) =>
  versions.flatMap((version) => roles.map((role) => ({ version, role })));

/** What an endpoint of hybi-01 to hybi-06 says when its peer breaks a rule. */
function complaint(version: WireVersion, role: Role, why: string, code = 1002): Buffer {
  const body = bytes`${code >> 8}${code & 0xff}${why}`;
  if (version < "hybi-04") return bytes`01 00`;
  if (version === "hybi-04") return fromRole(role, version, bytes`81 00`);
  if (version === "hybi-05") return fromRole(role, version, bytes`81 01 ${role === "client" ? "C" : "S"}`);
  return fromRole(role, version, bytes`81 ${body.length} ${body}`);
}

describe.each(pairsOf(old))("what is no frame of $version, to a $role", ({ version, role }) => {
  const more = version < "hybi-04";
  /** The first byte of a frame. */
  const first = (opcode: number, last = true) => (last === more ? opcode : opcode | 0x80);
  const refuse = (frames: Buffer[], violation: string, why: string, messages: string[] = []) => {
    const input = Buffer.concat(frames.map((frame) => toRole(role, version, frame)));
    const error = { violation, closeCode: 1002 };
    refused(
      version,
      role,
      input,
      { cause: "protocol", code: 1002, error: expect.objectContaining(error) },
      complaint(version, role, why),
      { messages },
    );
  };

  test.each([0x40, 0x20, 0x10])("the reserved bit %i", (bit) => {
    refuse([bytes`${first(4) | bit} 05 ${"Hello"}`], "reserved-bits", "a reserved bit is set");
  });

  test("the bit that was to become MASK", () => {
    refuse([bytes`${first(4)} 85 ${"Hello"}`], "reserved-bits", "a reserved bit is set");
  });

  test.each([6, 7, 8, 9, 10, 11, 12, 13, 14, 15])("the opcode %i", (opcode) => {
    refuse([bytes`${first(opcode)} 00`], "reserved-opcode", `the opcode is reserved: ${opcode}`);
  });

  test("a ping in fragments", () => {
    refuse([bytes`${first(2, false)} 05 ${"Hello"}`], "control-fragmented", "a control frame is fragmented");
  });

  test("a ping of 126 bytes", () => {
    const ping = bytes`${first(2)} 7e 00 7e ${Buffer.alloc(126)}`;
    refuse([ping], "control-too-long", "a control frame is over 125 bytes");
  });

  test("a continuation of nothing", () => {
    const why = "a continuation continues nothing";
    refuse([bytes`${first(0)} 05 ${"Hello"}`], "unexpected-continuation", why);
    refuse([bytes`${first(4)} 01 61`, bytes`${first(0)} 00`], "unexpected-continuation", why, ["a"]);
  });

  test("a message within another", () => {
    const why = "a new message starts before the last one has ended";
    const begun = bytes`${first(4, false)} 05 ${"Hello"}`;
    refuse([begun, bytes`${first(4, false)} 05 ${"World"}`], "expected-continuation", why);
    refuse([begun, bytes`${first(5)} 00`], "expected-continuation", why);
  });

  test("a 64-bit length with its top bit set", () => {
    const frame = bytes`${first(4)} 7f 80 00 00 00 00 00 00 00`;
    refuse([frame], "length-top-bit", "the top bit of a 64-bit length is set");
  });

  test.each([
    bytes`7f 00 00 00 01 00 00 00 00`,
    bytes`7f 00 20 00 00 00 00 00 00`,
    bytes`7f 7f ff ff ff ff ff ff ff`,
    bytes`7e 04 01`,
  ])("more than limits.message allows: %o", (length) => {
    const input = toRole(role, version, bytes`${first(5)} ${length}`);
    const limits = { message: 1024 };
    const why = "the message is over 1024 bytes";
    const end = { cause: "limit", code: 1009, reason: why } as const;
    refused(version, role, input, end, complaint(version, role, why, 1004), { limits });
  });

  test("a length in a longer form than it needs is one", () => {
    const frames = [bytes`${first(4)} 7e 00 05 ${"Hello"}`, bytes`${first(5)} 7f 00 00 00 00 00 00 00 01 07`];
    const input = Buffer.concat(frames.map((frame) => toRole(role, version, frame)));
    taken(version, role, input, ["Hello", bytes`07`]);
  });

  test("what is no UTF-8 becomes U+FFFD, wherever it is cut", () => {
    const text = (payload: Buffer) => toRole(role, version, bytes`${first(4)}${payload.length}${payload}`);
    taken(version, role, text(bytes`80 81`), ["\ufffd\ufffd"]);
    taken(version, role, text(bytes`61 e2 82 62`), ["a\ufffdb"]);
    const halves = [bytes`${first(4, false)} 02 61 e2`, bytes`${first(0)} 02 82 ac`];
    const input = Buffer.concat(halves.map((frame) => toRole(role, version, frame)));
    taken(version, role, input, ["a€"]);
  });

  test("as it does where messages are streamed; a mark of byte order stays", () => {
    const halves = [bytes`${first(4, false)} 05 ef bb bf 61 e2`, bytes`${first(0)} 03 82 ac e2`];
    const input = Buffer.concat(halves.map((frame) => toRole(role, version, frame)));
    for (let at = 0; at <= input.length; at += 1) {
      const session = sessionOf(version, role);
      session.wire.streaming = true;
      session.receive(input.subarray(0, at), input.subarray(at));
      const pieces = session.sink.of("fragment");
      expect(String(Buffer.concat(pieces.map((piece) => piece.bytes)))).toBe("\ufeffa€\ufffd");
      expect(pieces.at(-1)?.final).toBe(true);
    }
  });

  test("a binary message in fragments is streamed as it is", () => {
    const frames = [bytes`${first(5, false)} 01 e2`, bytes`${first(0, false)} 00`, bytes`${first(0)} 00`];
    const session = sessionOf(version, role);
    session.wire.streaming = true;
    session.receive(Buffer.concat(frames.map((frame) => toRole(role, version, frame))));
    expect(session.sink.of("fragment")).toEqual([
      { type: "fragment", kind: "binary", bytes: new Uint8Array([0xe2]), final: false },
      { type: "fragment", kind: "binary", bytes: new Uint8Array(0), final: true },
    ]);
  });

  test("the kind that is not accepted is refused at its header", () => {
    const input = toRole(role, version, bytes`${first(5)} 7d`);
    const session = outcome(version, role, input, { accepts: "text" });
    expect(endOf(session.end())).toMatchObject({ code: 1003, error: { violation: "unaccepted-kind" } });
  });
});

describe.each(pairsOf(lateFrom4))("masks of $version, to a $role", ({ version, role }) => {
  test("go on over any cut of a payload, in any number of chunks", () => {
    const payload = filler(300);
    const input = toRole(role, version, bytes`85 7e 01 2c ${payload}`);
    for (let size = 1; size < 40; size += 1) {
      const session = sessionOf(version, role);
      for (let at = 0; at < input.length; at += size) session.receive(input.subarray(at, at + size));
      expectMessages(session, payload);
    }
  });

  test("a chunk with several frames is read on where the sink had enough", () => {
    const frame = toRole(role, version, bytes`84 03 ${"abc"}`);
    const session = sessionOf(version, role);
    session.sink.onMessage = () => false;
    session.receive(Buffer.concat([frame, frame, frame.subarray(0, 5)]), frame.subarray(5));
    for (let count = 1; count <= 3; count += 1) {
      expect(session.messages).toEqual(Array(count).fill("abc"));
      session.resume();
    }
    expect(sentBy(session)).toEqual(bytes``);
  });
});

describe("what is written for a server", () => {
  test.each(old)("%s: 16 KiB are copied, more are not", (version) => {
    for (const [size, copied] of [
      [16_384, true],
      [16_385, false],
    ] as const) {
      const output = new OutputBuffer();
      const payload = filler(size);
      framingFor(version).encodeFrame(output, undefined, firstByte(Opcode.binary, true), payload);
      payload[0] = 0x55;
      expect(output.take()[4] === 0x55).toBe(!copied);
    }
  });
});
