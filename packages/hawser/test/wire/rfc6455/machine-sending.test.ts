// The machine's commands that send: frames of both roles, fragments and what waits behind them, encode once for many.
import type { Encoded } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { createWire } from "../../../src/wire/rfc6455/machine.ts";
import { bytes, filler } from "../../support/bytes.ts";
import { expectFrames, expectUndisturbed } from "../../support/expectations.ts";
import { plain } from "../../support/frames.ts";
import { RecordingSink } from "../../support/recording-sink.ts";
import { Session } from "../../support/session.ts";

const roles = ["server", "client"] as const;

/** What was encoded, as bytes. */
function contents(encoded: Encoded): Uint8Array {
  if (!("memory" in encoded)) throw new Error("it is not a plain frame");
  return encoded.memory.subarray(encoded.start, encoded.end);
}

describe("createWire", () => {
  test("wants a mask key of a client (RFC 6455 §5.3)", () => {
    const options = { role: "client", sink: new RecordingSink(), now: 0 } as const;
    expect(() => createWire(options)).toThrow(TypeError);
    expect(() => createWire(options)).toThrow("a client needs maskKey");
  });

  test("takes defaults for all else", () => {
    const sink = new RecordingSink();
    const wire = createWire({ role: "server", sink, now: 1000 });
    expect(wire).toMatchObject({
      version: "rfc6455",
      phase: "open",
      held: false,
      queued: 0,
      moving: 0,
      streaming: false,
      // Jitter 0.5: after three quarters of 25 s.
      deadline: 1000 + 18_750,
      can: { binary: true, fragments: true, ping: true, closeCode: true, compression: false },
    });
    expect(sink.events).toEqual([]);
  });

  test("never asks a server for a key", () => {
    const sink = new RecordingSink();
    const maskKey = () => {
      throw new Error("asked");
    };
    const wire = createWire({ role: "server", sink, now: 0, maskKey });
    wire.sendText("a");
    wire.sendBinary(bytes`01`);
    expect(contents(wire.encode("a"))).toEqual(plain.text("a"));
  });
});

describe.each(roles)("as a %s", (role) => {
  test("text, binary, ping and pong", () => {
    const session = new Session({ role });
    session.wire.sendText("Hello");
    session.wire.sendText("水".repeat(10_000));
    session.wire.sendBinary(filler(300));
    session.wire.ping(bytes`${"p"}`, session.now);
    session.wire.pong(bytes``);
    expectFrames(
      session,
      plain.text("Hello"),
      plain.text("水".repeat(10_000)),
      plain.binary(filler(300)),
      plain.ping("p"),
      plain.pong(),
    );
  });

  test("fragments, with control frames between them (§5.4)", () => {
    const session = new Session({ role });
    session.wire.sendFragment("text", bytes`${"a"}`, false);
    session.wire.ping(bytes``, session.now);
    session.wire.sendFragment("text", bytes``, false);
    session.receive(session.peer.ping("p"));
    session.wire.sendFragment("text", bytes`${"b"}`, true);
    session.wire.sendFragment("binary", bytes`ff`, true);
    expectFrames(
      session,
      plain.text("a", { fin: false }),
      plain.ping(),
      plain.more(""),
      plain.pong("p"),
      plain.last("b"),
      plain.binary(bytes`ff`),
    );
  });

  test("other messages wait behind fragments, in order, and are counted", () => {
    const session = new Session({ role });
    const { wire } = session;
    wire.sendFragment("binary", bytes`01`, false);
    wire.sendText("é");
    wire.sendBinary(bytes`02 03 04`);
    expect(wire.queued).toBe(9);
    wire.sendEncoded(wire.encode("e"));
    wire.sendText("last");
    expect(wire.queued).toBe(role === "server" ? 18 : 22);
    expectFrames(session, plain.binary(bytes`01`, { fin: false }));
    wire.sendFragment("binary", bytes`05`, true);
    expect(wire.queued).toBe(0);
    expectFrames(
      session,
      plain.binary(bytes`01`, { fin: false }),
      plain.last(bytes`05`),
      plain.text("é"),
      plain.binary(bytes`02 03 04`),
      plain.text("e"),
      plain.text("last"),
    );
  });

  test("a Close in the middle of a fragmented message ends it, and what waited behind it", () => {
    const session = new Session({ role });
    session.wire.sendFragment("text", bytes`${"a"}`, false);
    session.wire.sendText("never");
    session.close(1000);
    session.wire.sendFragment("text", bytes`${"b"}`, true);
    // What was never sent stays on the books, for the close report.
    expect(session.wire.queued).toBe(7);
    expectFrames(session, plain.text("a", { fin: false }), plain.close(1000));
  });

  test.each([126, 65_536])("a ping or pong of %i bytes is a mistake of the caller's (§5.5)", (size) => {
    const session = new Session({ role });
    for (const attempt of [
      () => session.wire.ping(filler(size), session.now),
      () => session.wire.pong(filler(size)),
    ]) {
      expect(attempt).toThrow(RangeError);
      expect(attempt).toThrow(`a ping or pong holds at most 125 bytes, not ${size} (RFC 6455 §5.5)`);
    }
    expectUndisturbed(session);
    session.wire.pong(filler(125));
    expectFrames(session, plain.pong(filler(125)));
  });

  test("what is encoded once is one frame as this role sends it (§5.1)", () => {
    const session = new Session({ role });
    const { wire } = session;
    for (const data of ["水", filler(200)]) wire.sendEncoded(wire.encode(data));
    expectFrames(session, plain.text("水"), plain.binary(filler(200)));
  });

  test.each(["closing", "closed"] as const)("sends nothing once it is %s", (phase) => {
    const session = new Session({ role });
    const { wire } = session;
    const encoded = wire.encode("a");
    session.close(1000);
    if (phase === "closed") session.end();
    session.sink.clear();
    expect(wire.phase).toBe(phase);
    wire.sendText("a");
    wire.sendBinary(bytes`01`);
    wire.sendEncoded(encoded);
    wire.sendFragment("text", bytes`61`, false);
    wire.sendFragment("text", bytes`61`, true);
    wire.ping(bytes``, session.now);
    wire.pong(bytes``);
    expect(session.sink.events).toEqual([]);
    expect(wire.queued).toBe(0);
  });
});

test("servers share what they encode, clients do not", () => {
  const [one, other] = [new Session(), new Session()];
  expect(one.wire.sharing).toBe("rfc6455");
  other.wire.sendEncoded(one.wire.encode("to all"));
  expectFrames(other, plain.text("to all"));
  expect(new Session({ role: "client" }).wire.sharing).toBeUndefined();
});

test("what waits behind a fragmented message keeps no memory that others' frames lie in", () => {
  const { wire, sink } = new Session();
  const sizes: number[] = [];
  sink.writeShared = ({ memory, start, end }) => {
    sizes.push(memory.length);
    expect(memory.subarray(start, end)).toEqual(plain.text(sizes.length === 1 ? "small" : "x".repeat(2000)));
  };
  const large = wire.encode("x".repeat(2000));
  wire.sendFragment("text", bytes`${"a"}`, false);
  wire.sendEncoded(wire.encode("small"));
  wire.sendEncoded(large);
  wire.sendFragment("text", bytes`${"b"}`, true);
  expect(sizes).toEqual([7, 2004]);
});

test("a client takes a fresh key for every frame, and for every message it encodes", () => {
  let next = 1;
  const session = new Session({ role: "client", maskKey: () => next++ });
  session.wire.sendText("");
  session.wire.ping(bytes``, session.now);
  const encoded = session.wire.encode("");
  session.close();
  const sent = session.sink.take();
  expect(contents(encoded)).toEqual(Buffer.from(bytes`81 80 03 00 00 00`));
  expect(sent).toEqual(bytes`81 80 01 00 00 00 89 80 02 00 00 00 88 80 04 00 00 00`);
});
