// The machine with a codec, receiving (RFC 7692 §6, §7.2.2): messages inflated at once and after a while, in order.
import { describe, expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { expectEnd, expectFailed, expectFrames, expectMessages } from "../../support/expectations.ts";
import { plain } from "../../support/frames.ts";
import { PlainCodec, pack } from "../../support/plain-codec.ts";
import { Session, type SessionOptions } from "../../support/session.ts";
import { underEverySplit } from "../../support/splits.ts";

const deflated = { rsv: 0x40 };

function make(options: SessionOptions = {}, waits = false) {
  const codec = new PlainCodec();
  codec.waits = waits;
  return { codec, session: new Session({ ...options, codec }) };
}

/** A driver that goes on as soon as it hears that it can. */
function resuming(options: SessionOptions = {}) {
  const made = make(options, true);
  const { sink } = made.session;
  const ready = sink.ready.bind(sink);
  sink.ready = () => {
    ready();
    made.session.resume();
  };
  return made;
}

describe.each(["server", "client"] as const)("as a %s", (role) => {
  test("Z9: compressed messages and others, however they are cut", () => {
    const { peer } = new Session({ role });
    const stream = Buffer.concat([
      peer.text(pack("aaaa"), deflated),
      peer.text("plain"),
      peer.binary(pack(bytes`01 01 02`), { ...deflated, fin: false }),
      peer.ping("p"),
      peer.more(""),
      peer.last(pack(bytes`03`)),
      peer.text("", deflated),
      peer.text(pack(""), deflated),
      peer.text(pack("é水"), deflated),
    ]);
    const messages = underEverySplit(stream, (chunks) => {
      const { session } = make({ role });
      return session.receive(...chunks).messages;
    });
    expect(messages).toEqual(["aaaa", "plain", new Uint8Array([1, 1, 2, 3]), "", "", "é水"]);
  });

  test("knows that it can", () => {
    expect(make({ role }).session.wire.can.compression).toBe(true);
  });

  test("without a codec no message may be compressed", () => {
    const session = new Session({ role });
    session.receive(session.peer.text(pack("a"), deflated));
    expectFailed(session, 1002, "reserved-bits");
  });

  test("holds while a message is inflated elsewhere, and keeps the order", () => {
    const { codec, session } = make({ role }, true);
    const { peer, wire } = session;
    session.receive(Buffer.concat([peer.text(pack("aa"), deflated), peer.text("b"), peer.ping("p")]));
    expect(wire.held).toBe(true);
    session.receive(peer.binary(pack(bytes`07`), deflated));
    // Whoever drives it may call this at any time.
    session.resume();
    expect(session.messages).toEqual([]);
    codec.work();
    expect(session.sink.of("ready")).toHaveLength(1);
    expect(session.messages).toEqual([]);
    session.resume();
    expectMessages(session, "aa", "b");
    expect(session.sink.of("ping")).toHaveLength(1);
    expect(wire.held).toBe(true);
    codec.work();
    session.resume();
    expectMessages(session, "aa", "b", bytes`07`);
    expect(wire.held).toBe(false);
  });

  test("binary messages are the application's own, whatever the codec gives", () => {
    const { codec, session } = make({ role });
    const pool = Buffer.alloc(16, 9);
    codec.inflate = () => pool.subarray(2, 5);
    session.receive(session.peer.binary(bytes`01`, deflated));
    codec.inflate = () => Buffer.from(new Uint8Array([1, 2]).buffer);
    session.receive(session.peer.binary(bytes`01`, deflated));
    pool.fill(0);
    expectMessages(session, bytes`09 09 09`, bytes`01 02`);
  });

  test("the sink may have enough of inflated messages too", () => {
    const { codec, session } = resuming({ role });
    session.sink.onMessage = () => false;
    const message = session.peer.text(pack("aa"), deflated);
    session.receive(message, message);
    codec.work();
    expect(session.messages).toEqual(["aa"]);
    expect([codec.waiting, session.wire.held]).toEqual([0, true]);
    session.resume();
    expect(codec.waiting).toBe(1);
    codec.work();
    expect(session.messages).toEqual(["aa", "aa"]);
  });

  test("streamed, a compressed message is one piece", () => {
    const { codec, session } = resuming({ role });
    session.wire.streaming = true;
    const { peer } = session;
    session.receive(peer.text(pack("é"), deflated), peer.text("x", { fin: false }), peer.last("y"));
    codec.work();
    expect(
      session.sink.of("fragment").map(({ kind, bytes: piece, final }) => [kind, String(piece), final]),
    ).toEqual([
      ["text", "195,169", true],
      ["text", "120", false],
      ["text", "121", true],
    ]);
  });

  test("Z1: one that inflates past the limit → 1009, at once or elsewhere", () => {
    for (const waits of [false, true]) {
      const { codec, session } = waits
        ? resuming({ role, limits: { message: 300 } })
        : make({ role, limits: { message: 300 } });
      session.receive(session.peer.text(pack("a".repeat(300)), deflated));
      codec.work();
      expect(session.messages).toHaveLength(1);
      session.receive(session.peer.text(pack("a".repeat(301)), deflated));
      codec.work();
      expect(session.messages).toHaveLength(1);
      expect(expectFailed(session, 1009)).toMatchObject({
        cause: "limit",
        error: { limit: "limits.message" },
      });
    }
  });

  test("Z3: one that cannot be inflated → 1007, at once or elsewhere", () => {
    for (const waits of [false, true]) {
      const { codec, session } = waits ? resuming({ role }) : make({ role });
      session.receive(session.peer.text("odd", deflated), session.peer.text("never"));
      codec.work();
      expect(session.messages).toEqual([]);
      expectFailed(session, 1007, "invalid-deflate");
    }
  });

  test("text has to be UTF-8 once it is inflated, streamed or not", () => {
    for (const streaming of [false, true]) {
      const { session } = make({ role });
      session.wire.streaming = streaming;
      session.receive(session.peer.binary(pack(bytes`ff`), deflated));
      session.receive(session.peer.text(pack(bytes`61 ff`), deflated));
      expectFailed(session, 1007, "invalid-utf8");
    }
  });

  test("an error that is nobody's fault but the codec's is thrown", () => {
    const { codec, session } = resuming({ role });
    const { peer } = session;
    session.receive(peer.text(pack("aa"), deflated));
    codec.finishInflating = () => {
      throw new Error("a bug");
    };
    expect(() => session.end()).toThrow("a bug");
    codec.inflate = () => {
      throw new Error("a bug");
    };
    const other = new Session({ role, codec });
    expect(() => other.receive(peer.text(pack("a"), deflated))).toThrow("a bug");
  });

  test("one too many a second is not even inflated", () => {
    const { codec, session } = make({ role, limits: { rate: 1 } }, true);
    session.receive(session.peer.text(pack("a"), deflated));
    codec.work();
    session.resume();
    session.receive(session.peer.text(pack("b"), deflated));
    expect(codec.waiting).toBe(0);
    expectFailed(session, 1008);
  });

  test("time stands still while a message is inflated", () => {
    const { codec, session } = resuming({ role, timeouts: { message: 1000, idle: 2000 } });
    session.receive(
      Buffer.concat([session.peer.text(pack("a"), deflated), session.peer.text("b", { fin: false })]),
    );
    session.advance(10_000);
    expect(session.wire.phase).toBe("open");
    codec.work();
    expect(session.messages).toEqual(["a"]);
    session.advance(999);
    expect(session.wire.phase).toBe("open");
    session.advance(1);
    expectFailed(session, 1008);
  });

  test("a Close of the peer acts behind the message before it", () => {
    const { codec, session } = resuming({ role });
    session.receive(
      Buffer.concat([session.peer.text(pack("aa"), deflated), session.peer.close(1000, "bye")]),
    );
    expect(session.wire.phase).toBe("open");
    codec.work();
    expect(session.messages).toEqual(["aa"]);
    expectFrames(session, plain.close(1000, "bye"));
  });

  test("Z19: after our Close what is being inflated is dropped, and the peer's Close is read", () => {
    const { codec, session } = make({ role }, true);
    const { peer } = session;
    session.receive(
      Buffer.concat([peer.text(pack("a"), deflated), peer.text(pack("b"), deflated), peer.close(1000)]),
    );
    session.close(1000);
    expect(codec.waiting).toBe(0);
    expect(codec.stopped).toContain("inflating");
    expect(session.messages).toEqual([]);
    expectEnd(session.end(), { code: 1000, clean: true });
  });

  test("Z19: an unwanted end drops what is being inflated, and what waits behind it", () => {
    const { codec, session } = make({ role }, true);
    const { peer } = session;
    session.receive(Buffer.concat([peer.text(pack("a"), deflated), peer.text(pack("b"), deflated)]));
    session.wire.receiveEnd(session.now, "unwanted");
    expect(codec.waiting).toBe(0);
    expect(session.messages).toEqual([]);
    expectEnd(session, { code: 1006, cause: "lost" });
  });

  test("the end of the transport waits for no codec: what came is inflated at once, in order", () => {
    const { codec, session } = make({ role }, true);
    const { peer } = session;
    const messages = [peer.text(pack("aa"), deflated), peer.text("b"), peer.text(pack("c"), deflated)];
    session.receive(Buffer.concat([...messages, peer.text("", deflated), peer.close(1001)]));
    session.end();
    expect(codec.waiting).toBe(0);
    expectMessages(session, "aa", "b", "c", "");
    expectEnd(session, { code: 1001, clean: true });
  });

  test("what was inflated and waits to be taken is delivered at the end too", () => {
    const { codec, session } = make({ role }, true);
    session.receive(session.peer.text(pack("aa"), deflated));
    codec.work();
    session.end();
    expectMessages(session, "aa");
  });

  test("Z2: where there is no time at the end, what is under way is dropped, and what came behind it", () => {
    const { codec, session } = make({ role }, true);
    const { peer } = session;
    session.receive(Buffer.concat([peer.text(pack("a"), deflated), peer.text("never"), peer.close(1000)]));
    codec.hasTime = false;
    session.end();
    expect(codec.waiting).toBe(0);
    expect(session.messages).toEqual([]);
    expectEnd(session, { code: 1006, cause: "lost", clean: false });
  });

  test("Z17: at the end nothing is inflated that is large as it came, nor what is behind it", () => {
    // A byte of these takes two.
    for (const [size, arrived] of [
      [32 * 1024, 1],
      [32 * 1024 + 1, 0],
    ] as const) {
      for (const waits of [true, false]) {
        const { codec, session } = make({ role, limits: { message: 100_000 } }, true);
        const { peer } = session;
        const large = peer.text(pack("ab".repeat(size).slice(0, size)), deflated);
        // It is under way at the end, or has not begun.
        session.receive(Buffer.concat(waits ? [large] : [peer.text(pack("x"), deflated), large]));
        session.receive(peer.text("behind"));
        session.end();
        expect(codec.waiting).toBe(0);
        expect(session.messages).toHaveLength((waits ? 0 : 1) + arrived * 2);
      }
    }
  });

  test("Z2: there is no need of time at the end for what is inflated already, nor for what was not compressed", () => {
    const { codec, session } = make({ role }, true);
    const { peer } = session;
    session.receive(Buffer.concat([peer.text(pack("aa"), deflated), peer.text("b"), peer.close(1000)]));
    codec.work();
    codec.hasTime = false;
    session.end();
    expectMessages(session, "aa", "b");
    expectEnd(session, { code: 1000, clean: true });
  });

  test("the end inflates as much as one message may be, and then no end looks complete", () => {
    const { session } = make({ role, limits: { message: 100 } }, true);
    const { peer } = session;
    const half = peer.text(pack("a".repeat(50)), deflated);
    const more = peer.text(pack("b".repeat(51)), deflated);
    session.receive(Buffer.concat([half, half, peer.text("x"), more, peer.text("never"), peer.close(1000)]));
    session.end();
    expectMessages(session, "a".repeat(50), "a".repeat(50), "x");
    expectEnd(session, { code: 1006, cause: "lost" });
    const other = make({ role, limits: { message: 100 } }, true).session;
    other.receive(Buffer.concat([half, more, peer.close(1000)])).end();
    expectMessages(other, "a".repeat(50));
    expectEnd(other, { code: 1006, cause: "lost" });
  });

  test("a message that is too large, or wrong, is so at the end as well", () => {
    const large = make({ role, limits: { message: 300 } }, true).session;
    large.receive(large.peer.text(pack("a".repeat(301)), deflated)).end();
    expectEnd(large, { code: 1009, cause: "limit" });
    const next = make({ role, limits: { message: 300 } }, true).session;
    const { peer } = next;
    next
      .receive(Buffer.concat([peer.text(pack(""), deflated), peer.text(pack("a".repeat(301)), deflated)]))
      .end();
    expectEnd(next, { code: 1009, cause: "limit" });
    const wrong = make({ role }, true).session;
    wrong.receive(Buffer.concat([peer.text(pack("a"), deflated), peer.text("odd", deflated)])).end();
    expectEnd(wrong, { code: 1007, cause: "protocol" });
  });
});
