// The frames of hixie-75 and hixie-76: text between 00 and FF, what is to be skipped, and the end of hixie-75, which has no Close.
import { Buffer } from "node:buffer";
import { firstByte, Opcode, OutputBuffer, UnsupportedError } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { expectMessages } from "../../support/expectations.ts";
import { inChunks } from "../../support/splits.ts";
import { endOf, framingFor, outcome, refused, roles, sentBy, sessionOf, taken } from "./support.ts";

const versions = ["hixie-75", "hixie-76"] as const;
const cases = versions.flatMap((version) => roles.map((role) => ({ version, role })));

const frames = [
  { wire: bytes`00 48 65 6c 6c 6f ff`, text: "Hello" },
  { wire: bytes`00 ff`, text: "" },
  { wire: bytes`00 e6 97 a5 ff`, text: "日" },
  { wire: bytes`00 0a 00 ff`, text: "\n\0" },
  { wire: bytes`00 f0 9f 98 80 ff`, text: "😀" },
];

/** What an endpoint says when it fails a connection: nothing, where there is no Close. */
const lastWord = { "hixie-75": bytes``, "hixie-76": bytes`ff 00` };

describe.each(cases)("$version as a $role", ({ version, role }) => {
  test.each(frames)("reads $text", ({ wire, text }) => {
    taken(version, role, wire, [text]);
    taken(version, role, bytes`${wire}${wire}`, [text, text]);
  });

  test.each(frames)("sends $text, alone and for many", ({ wire, text }) => {
    const framing = framingFor(version);
    const output = new OutputBuffer();
    framing.encodeText(output, undefined, text);
    expect(output.take()).toEqual(wire);
    expect(framing.encodeMessage(text, undefined)).toEqual(wire);
    const { memory, start, end } = framing.sharedMessage(text);
    expect(memory.subarray(start, end)).toEqual(wire);
  });

  test("a lone surrogate goes out as U+FFFD: no FF can come of it", () => {
    expect(framingFor(version).encodeMessage("a\ud800b", undefined)).toEqual(bytes`00 61 ef bf bd 62 ff`);
  });

  test("bytes that no UTF-8 has are U+FFFD each, a mark of byte order stays", () => {
    taken(version, role, bytes`00 80 81 ff`, ["\ufffd\ufffd"]);
    taken(version, role, bytes`00 ef bb bf 61 e2 82 ff 00 c0 80 ff`, ["\ufeffa\ufffd", "\ufffd\ufffd"]);
  });

  describe("what is skipped", () => {
    test.each([
      { what: "a frame of six bytes", wire: bytes`80 06 ${"IGNORE"}` },
      { what: "a frame that holds FF 00 FF", wire: bytes`80 03 ff 00 ff` },
      { what: "a frame of 300 bytes", wire: bytes`81 82 2c ${Buffer.alloc(300, "A")}` },
      { what: "text of another type", wire: bytes`01 ${"DISREGARD"} ff` },
      { what: "text of the last type that ends with FF", wire: bytes`7f 00 00 ff` },
      { what: "a frame of no bytes", wire: bytes`80 00` },
      { what: "the same with a length of eight zeros", wire: bytes`fe 80 80 80 80 80 80 80 00` },
      { what: "a frame of the type of a Close that is not empty", wire: bytes`ff 02 00 ff` },
    ])("$what", ({ wire }) => {
      taken(version, role, wire, []);
      taken(version, role, bytes`${wire} 00 6f 6b ff ${wire} 00 ff`, ["ok", ""]);
    });
  });

  describe("what is too much", () => {
    const limits = { message: 1000 };
    const why = "the message is over 1000 bytes";
    const end = { cause: "limit", code: 1009, reason: why } as const;
    test.each([
      { what: "a text", wire: bytes`00 ${"x".repeat(1001)}` },
      { what: "a text of another type", wire: bytes`05 ${"x".repeat(1001)}` },
      { what: "a length of 1001", wire: bytes`80 87 69` },
      { what: "a length of ten digits", wire: bytes`ff ff ff ff ff ff ff ff ff ff 00` },
      { what: "a length of 2^32", wire: bytes`80 90 80 80 80 00` },
      { what: "a length of 2^53", wire: bytes`80 90 80 80 80 80 80 80 00` },
    ])("$what", ({ wire }) => {
      refused(version, role, wire, end, lastWord[version], { limits });
    });

    test("not what is just as long as allowed", () => {
      const most = "x".repeat(1000);
      const input = bytes`00 ${most} ff 07 ${most} ff 80 87 68 ${most}`;
      taken(version, role, input, [most], bytes``, { limits });
    });
  });

  test.each([bytes`80 80 80 80 80 80 80 80 80 80`, bytes`80 81 ff ff ff ff ff ff ff ff`])(
    "a length that does not end is none, limits or not: %o",
    (wire) => {
      const why = "a length has more digits than a number can hold";
      const error = expect.objectContaining({ violation: "length-endless" });
      const options = { limits: { message: Number.POSITIVE_INFINITY } };
      refused(
        version,
        role,
        wire,
        { cause: "protocol", code: 1002, reason: why, error },
        lastWord[version],
        options,
      );
    },
  );

  test("what is skipped may be longer than any string, where no limit is set", () => {
    const options = { limits: { message: Number.POSITIVE_INFINITY } };
    taken(version, role, bytes`80 90 80 80 80 00 ${"skipped"}`, [], bytes``, options);
  });

  test("text is refused where it is not accepted, at its first byte", () => {
    const session = outcome(version, role, bytes`00`, { accepts: "binary" });
    expect(endOf(session.end())).toMatchObject({ code: 1003, error: { violation: "unaccepted-kind" } });
  });

  test("stops wherever the sink has enough, and reads on from there", () => {
    const input = bytes`00 61 ff 80 02 ff ff 00 62 ff 00 ff 01 63 ff 00 64 ff`;
    for (let size = 1; size <= input.length; size += 1) {
      const session = sessionOf(version, role);
      session.sink.onMessage = () => false;
      session.receive(...inChunks(input, size));
      for (const [index] of ["a", "b", "", "d"].entries()) {
        expect(session.messages).toHaveLength(index + 1);
        expect(session.wire.held).toBe(true);
        session.resume();
      }
      expectMessages(session, "a", "b", "", "d");
      expect(session.wire.held).toBe(false);
    }
  });

  test("time for a message counts from its first byte, in a skipped one too", () => {
    for (const begun of [bytes`00 61`, bytes`01 61`, bytes`80`, bytes`80 05 61`]) {
      const session = sessionOf(version, role, { timeouts: { message: 100 } }).receive(begun);
      session.advance(99);
      expect(session.wire.phase).toBe("open");
      session.advance(1);
      expect(endOf(session.end())).toMatchObject({ cause: "timeout", code: 1008 });
    }
  });

  test("carries nothing but text", () => {
    const session = sessionOf(version, role);
    for (const attempt of [
      () => session.wire.sendBinary(bytes`01`),
      () => session.wire.encode(bytes`01`),
      () => session.wire.sendFragment("text", bytes`61`, true),
      () => session.wire.ping(bytes``, session.now),
      () => session.wire.pong(bytes``),
      () => session.close(1001),
      () => session.close(1000, "why"),
      () => framingFor(version).encodeMessage(bytes`01`, undefined),
      () => framingFor(version).sharedMessage(bytes`01`),
      () =>
        framingFor(version).encodeFrame(new OutputBuffer(), undefined, firstByte(Opcode.ping, true), bytes``),
    ]) {
      expect(attempt).toThrow(UnsupportedError);
      expect(attempt).toThrow(version);
    }
    expect(session.sink.events).toEqual([]);
  });
});

describe.each(roles)("hixie-75 has no Close, as a %s", (role) => {
  const normal = { code: 1005, reason: "" };

  test("FF 00 is an empty frame like any other", () => {
    taken("hixie-75", role, bytes`ff 00 00 61 ff ff 80 00`, ["a"]);
  });

  test.each([bytes``, bytes`00 61 ff`, bytes`80 00`, bytes`01 61 ff`])(
    "the peer's end between two frames is one (%o)",
    (before) => {
      const session = sessionOf("hixie-75", role).receive(before).end();
      expect(sentBy(session)).toEqual(bytes``);
      expect(endOf(session)).toEqual({
        ...normal,
        clean: true,
        initiator: "peer",
        cause: "close",
        sent: normal,
        received: normal,
        error: undefined,
      });
    },
  );

  test.each([bytes`00`, bytes`00 61`, bytes`01`, bytes`80`, bytes`80 02 61`])(
    "within a frame it is not (%o)",
    (before) => {
      const session = sessionOf("hixie-75", role).receive(before).end();
      expect(endOf(session)).toMatchObject({ code: 1006, clean: false, cause: "lost", received: undefined });
    },
  );

  test.each(["broken", "unwanted"] as const)("a transport that is %s is lost", (how) => {
    const session = sessionOf("hixie-75", role);
    session.wire.receiveEnd(session.now, how);
    expect(endOf(session)).toMatchObject({ code: 1006, clean: false, cause: "lost" });
  });

  test("ours is that of the transport, behind what was sent; the peer's answers it", () => {
    const session = sessionOf("hixie-75", role);
    session.wire.sendText("a");
    session.close(1000);
    session.wire.sendText("late");
    expect(session.sink.events).toEqual([{ type: "sent", bytes: bytes`00 61 ff` }, { type: "end" }]);
    expect(session.wire.phase).toBe("closing");
    session.receive(bytes`00 62 ff`).end();
    expectMessages(session);
    expect(endOf(session)).toEqual({
      ...normal,
      clean: true,
      initiator: "local",
      cause: "close",
      sent: normal,
      received: normal,
      error: undefined,
    });
  });

  test("after ours, what the peer leaves half said was to be dropped anyway", () => {
    const session = sessionOf("hixie-75", role).close(1000).receive(bytes`00 62`).end();
    expect(endOf(session)).toMatchObject({ code: 1005, clean: true, cause: "close", initiator: "local" });
  });

  test("an end that is not answered in time", () => {
    const session = sessionOf("hixie-75", role, { timeouts: { close: 500 } })
      .close(1000)
      .advance(499);
    expect(session.wire.phase).toBe("closing");
    session.advance(1);
    expect(endOf(session)).toMatchObject({ code: 1006, clean: false, cause: "close-timeout" });
  });

  test("a transport that breaks before the peer ended is lost", () => {
    const session = sessionOf("hixie-75", role).close(1000);
    session.wire.receiveEnd(session.now, "broken");
    expect(endOf(session)).toMatchObject({ code: 1006, clean: false, cause: "lost", initiator: "local" });
  });

  test("fail() ends the transport, and is no normal end whatever the peer does", () => {
    for (const how of ["ended", "broken"] as const) {
      const session = sessionOf("hixie-75", role);
      session.wire.fail(1011, "broken", session.now);
      expect(session.sink.events).toEqual([{ type: "end" }]);
      session.receive(bytes`00 62 ff`);
      session.wire.receiveEnd(session.now, how);
      expectMessages(session);
      expect(endOf(session)).toMatchObject({ code: 1011, reason: "broken", clean: false, cause: "failed" });
    }
  });

  test("a violation after our end is one", () => {
    const session = sessionOf("hixie-75", role).close(1000);
    session.receive(bytes`80 80 80 80 80 80 80 80 80 80`);
    expect(endOf(session.end())).toMatchObject({ code: 1002, clean: false, cause: "protocol" });
  });

  test("messages that wait for the sink are delivered at the end", () => {
    const session = sessionOf("hixie-75", role);
    session.sink.onMessage = () => false;
    session.receive(bytes`00 61 ff 00 62 ff`, bytes`00 63 ff`);
    expectMessages(session, "a");
    session.end();
    expectMessages(session, "a", "b", "c");
    expect(endOf(session)).toMatchObject({ code: 1005, clean: true, cause: "close", initiator: "peer" });
  });

  test("and where the last of them is cut, it is no normal end", () => {
    const session = sessionOf("hixie-75", role);
    session.sink.onMessage = () => false;
    session.receive(bytes`00 61 ff 00 62 ff 00 63`).end();
    expectMessages(session, "a", "b");
    expect(endOf(session)).toMatchObject({ code: 1006, clean: false, cause: "lost" });
  });

  test("nor where they break a rule", () => {
    const session = sessionOf("hixie-75", role, { limits: { message: 10 } });
    session.sink.onMessage = () => false;
    session.receive(bytes`00 61 ff 00 62 ff 80 7f`).end();
    expectMessages(session, "a", "b");
    expect(endOf(session)).toMatchObject({ code: 1009, clean: false, cause: "limit" });
  });
});
