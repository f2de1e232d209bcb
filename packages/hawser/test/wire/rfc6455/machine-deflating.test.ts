// The machine with a codec, sending (RFC 7692 §6, §7.2.1): compressed at once and after a while, in order, Close last.
import { describe, expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { expectEnd, expectFrames } from "../../support/expectations.ts";
import { plain } from "../../support/frames.ts";
import { PlainCodec, pack } from "../../support/plain-codec.ts";
import { Session, type SessionOptions } from "../../support/session.ts";

const deflated = { rsv: 0x40 };

function make(options: SessionOptions = {}, waits = false) {
  const codec = new PlainCodec();
  codec.waits = waits;
  return { codec, session: new Session({ ...options, codec }) };
}

describe.each(["server", "client"] as const)("as a %s", (role) => {
  test("compresses what reaches the threshold and becomes shorter", () => {
    const { session } = make({ role });
    const { wire } = session;
    wire.sendText("aaaa");
    wire.sendText("aaa");
    wire.sendText("水");
    wire.sendText("abcd");
    wire.sendBinary(bytes`01 01 01 01 01`);
    wire.sendBinary(bytes`01 01`);
    wire.sendText("bbbbb", false);
    wire.sendBinary(bytes`02 02 02 02`, false);
    expectFrames(
      session,
      plain.text(pack("aaaa"), deflated),
      plain.text("aaa"),
      plain.text("水"),
      plain.text("abcd"),
      plain.binary(pack(bytes`01 01 01 01 01`), deflated),
      plain.binary(bytes`01 01`),
      plain.text("bbbbb"),
      plain.binary(bytes`02 02 02 02`),
    );
    expect(wire.queued).toBe(0);
  });

  test("everything waits behind what is compressed elsewhere, and counts; pings and pongs do not", () => {
    const { codec, session } = make({ role }, true);
    const { wire } = session;
    const own = bytes`03 03 03 03 03`;
    wire.sendText("aaaaaaaa");
    wire.sendText("b");
    wire.sendBinary(own);
    own.fill(0);
    wire.sendEncoded(wire.encode("x"));
    wire.ping(bytes``, session.now);
    wire.pong(bytes`01`);
    wire.sendText("last one");
    const frame = role === "server" ? 3 : 7;
    expect(wire.queued).toBe(10 + 3 + 7 + frame + 10);
    expect(wire.moving).toBe(wire.queued);
    expectFrames(session, plain.ping(), plain.pong(bytes`01`));
    session.sink.clear();
    codec.work();
    expectFrames(session, plain.text(pack("aaaaaaaa"), deflated), plain.text("b"));
    expect(session.sink.of("deflated")).toHaveLength(1);
    expect(wire.queued).toBe(7 + frame + 10);
    session.sink.clear();
    codec.work();
    expectFrames(session, plain.binary(pack(bytes`03 03 03 03 03`), deflated), plain.text("x"));
    session.sink.clear();
    codec.work();
    // Not shorter.
    expectFrames(session, plain.text("last one"));
    expect([wire.queued, wire.moving, codec.waiting]).toEqual([0, 0, 0]);
  });

  test("a message in pieces has RSV1 on its first frame only (§6.1)", () => {
    const { session } = make({ role });
    const { wire } = session;
    wire.sendFragment("text", bytes`${"a"}`, false);
    wire.ping(bytes``, session.now);
    wire.sendFragment("text", bytes`${"b"}`, false);
    wire.sendFragment("text", bytes``, true);
    wire.sendFragment("binary", bytes`01`, false, false);
    wire.sendFragment("binary", bytes`02`, true, false);
    wire.sendFragment("text", bytes`${"cccc"}`, true);
    wire.sendFragment("text", bytes`${"d"}`, true);
    expectFrames(
      session,
      plain.text(pack("a"), { ...deflated, fin: false }),
      plain.ping(),
      plain.more(pack("b")),
      plain.last(pack("")),
      plain.binary(bytes`01`, { fin: false }),
      plain.last(bytes`02`),
      plain.text(pack("cccc"), deflated),
      plain.text("d"),
    );
  });

  test("pieces and messages keep their order, whatever is waited for", () => {
    const { codec, session } = make({ role }, true);
    const { wire } = session;
    wire.sendText("aaaa");
    const piece = bytes`${"p"}`;
    wire.sendFragment("text", piece, false);
    piece.fill(0);
    wire.sendText("b");
    wire.sendFragment("text", bytes`${"q"}`, false);
    expect([wire.queued, wire.moving]).toEqual([6 + 3 + 3 + 3, 12]);
    wire.sendFragment("text", bytes`${"r"}`, true);
    expect(wire.moving).toBe(wire.queued);
    wire.sendText("cccc");
    while (codec.waiting > 0) codec.work();
    expectFrames(
      session,
      plain.text(pack("aaaa"), deflated),
      plain.text(pack("p"), { ...deflated, fin: false }),
      plain.more(pack("q")),
      plain.last(pack("r")),
      plain.text("b"),
      plain.text(pack("cccc"), deflated),
    );
    expect([wire.queued, wire.moving]).toEqual([0, 0]);
  });

  test("while a message in pieces waits for the application, what is behind it does not move", () => {
    const { codec, session } = make({ role }, true);
    const { wire } = session;
    wire.sendFragment("binary", bytes`01`, false);
    wire.sendText("aaaa");
    expect([wire.queued, wire.moving]).toEqual([3 + 6, 3]);
    codec.work();
    expect([wire.queued, wire.moving]).toEqual([6, 0]);
    expectFrames(session, plain.binary(pack(bytes`01`), { ...deflated, fin: false }));
  });

  test("a Close waits behind what was sent before it, and the end behind the Close", () => {
    const { codec, session } = make({ role }, true);
    const { wire } = session;
    wire.sendText("aaaa");
    wire.sendText("b");
    session.receive(session.peer.close(1001, "bye"));
    expect(wire.phase).toBe("closing");
    expect(session.sink.events).toEqual([]);
    wire.sendText("never");
    codec.work();
    expectFrames(session, plain.text(pack("aaaa"), deflated), plain.text("b"), plain.close(1001, "bye"));
    expect(session.sink.of("end")).toHaveLength(role === "server" ? 1 : 0);
    expectEnd(session.end(), { code: 1001, clean: true });
  });

  test("our Close too, and what comes behind it is not sent", () => {
    const { codec, session } = make({ role }, true);
    session.wire.sendBinary(bytes`01 01 01 01`);
    session.close(1000);
    session.wire.sendText("never");
    expect(session.wire.phase).toBe("closing");
    codec.work();
    expectFrames(session, plain.binary(pack(bytes`01 01 01 01`), deflated), plain.close(1000));
  });

  test("a Close cuts a message in pieces behind those that were given", () => {
    const { codec, session } = make({ role }, true);
    const { wire } = session;
    wire.sendText("aaaa");
    wire.sendFragment("text", bytes`${"p"}`, false);
    wire.sendText("never");
    session.close(1000);
    codec.work(2);
    expectFrames(
      session,
      plain.text(pack("aaaa"), deflated),
      plain.text(pack("p"), { ...deflated, fin: false }),
      plain.close(1000),
    );
    // On the books.
    expect([wire.queued, wire.moving]).toEqual([7, 0]);
  });

  test("the closing handshake's deadline does not wait for the codec", () => {
    const { codec, session } = make({ role }, true);
    session.wire.sendText("aaaa");
    session.close(1000);
    session.advance(5000);
    expectEnd(session, { cause: "close-timeout" });
    expect(codec.stopped).toContain("deflating");
    expect(codec.waiting).toBe(0);
    expect([session.wire.queued, session.wire.moving]).toEqual([6, 0]);
  });

  test("a failure does not wait: its Close goes out behind what was framed", () => {
    const { codec, session } = make({ role }, true);
    session.wire.sendText("aaaa");
    session.wire.fail(1011, "fault", session.now);
    expectFrames(session, plain.close(1011, "fault"));
    expect(codec.waiting).toBe(0);
    expectEnd(session.end(), { code: 1011 });
  });

  test("a failure behind our Close sends that, once", () => {
    const { session } = make({ role }, true);
    session.wire.sendText("aaaa");
    session.close(1000, "done");
    session.receive(session.peer.frame({ opcode: 3 }));
    expectFrames(session, plain.close(1000, "done"));
    expectEnd(session.end(), { code: 1002, cause: "protocol" });
  });

  test("Z19: after the end nothing is sent", () => {
    const { codec, session } = make({ role }, true);
    session.wire.sendText("aaaa");
    session.end();
    session.sink.clear();
    codec.work();
    session.wire.sendText("bbbb");
    expect(session.sink.events).toEqual([]);
  });
});

describe("encoded once for many", () => {
  test("servers share with those that compress alike, clients with nobody", () => {
    const sharing = (codec: PlainCodec) => new Session({ codec }).wire.sharing;
    expect(sharing(new PlainCodec(4, "a"))).toBe(sharing(new PlainCodec(4, "a")));
    expect(
      new Set([sharing(new PlainCodec(4, "a")), sharing(new PlainCodec(4, "b")), new Session().wire.sharing])
        .size,
    ).toBe(3);
    expect(make({ role: "client" }).session.wire.sharing).toBeUndefined();
  });

  test("is compressed once, and every codec that sends it hears of it", () => {
    const [one, other] = [make(), make()];
    const encoded = one.session.wire.encode("aaaaaa");
    one.session.wire.sendEncoded(encoded);
    other.session.wire.sendEncoded(encoded);
    for (const { codec, session } of [one, other]) {
      expectFrames(session, plain.text(pack("aaaaaa"), deflated));
      expect(codec.shared).toEqual(["aaaaaa"]);
    }
  });

  test("is a plain frame where it is too short, does not become shorter, or is not to be compressed", () => {
    const { codec, session } = make();
    const { wire } = session;
    wire.sendEncoded(wire.encode("aaa"));
    wire.sendEncoded(wire.encode("a水"));
    wire.sendEncoded(wire.encode(bytes`01 02 03 04`));
    wire.sendEncoded(wire.encode(bytes`01 01 01 01`, false));
    wire.sendEncoded(wire.encode(bytes`01`));
    expectFrames(
      session,
      plain.text("aaa"),
      plain.text("a水"),
      plain.binary(bytes`01 02 03 04`),
      plain.binary(bytes`01 01 01 01`),
      plain.binary(bytes`01`),
    );
    expect(codec.shared).toEqual([]);
  });

  test("keeps its place on every connection while it is being compressed", () => {
    const [one, other, gone, lost] = [make({}, true), make({}, true), make({}, true), make({}, true)];
    const encoded = one.session.wire.encode("aaaaaa");
    lost.session.wire.sendEncoded(encoded);
    lost.session.end();
    lost.session.sink.clear();
    for (const { session } of [one, other, gone]) {
      session.wire.sendText("before");
      session.wire.sendEncoded(encoded);
      session.wire.sendText("b");
    }
    gone.session.end();
    gone.session.sink.clear();
    other.codec.work();
    expectFrames(other.session, plain.text("before"));
    one.codec.work(2);
    const frames = [plain.text(pack("aaaaaa"), deflated), plain.text("b")];
    expectFrames(other.session, plain.text("before"), ...frames);
    expectFrames(one.session, plain.text("before"), ...frames);
    expect([...gone.session.sink.events, ...lost.session.sink.events]).toEqual([]);
    expect(one.session.wire.queued).toBe(0);
  });

  test("survives the connection that began it", () => {
    const [one, other] = [make({}, true), make({}, true)];
    const encoded = one.session.wire.encode("aaaaaa");
    one.session.end();
    other.session.wire.sendEncoded(encoded);
    expect(other.session.wire.queued).toBe(8);
    one.codec.work();
    expectFrames(other.session, plain.text(pack("aaaaaa"), deflated));
  });

  test("can be sent by a machine that knows of no codec", () => {
    const other = new Session();
    other.wire.sendEncoded(make().session.wire.encode("aaaaaa"));
    expectFrames(other, plain.text(pack("aaaaaa"), deflated));
  });
});
