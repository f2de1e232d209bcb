// What the machine makes of frames: messages, pings, pongs, streams, violations.
import { describe, expect, test } from "vitest";
import { LimitError } from "../../../src/wire/errors.ts";
import { bytes, filler } from "../../support/bytes.ts";
import {
  expectEnd,
  expectFailed,
  expectFrames,
  expectMessages,
  expectUndisturbed,
} from "../../support/expectations.ts";
import { plain } from "../../support/frames.ts";
import { Session, START } from "../../support/session.ts";
import { underEverySplit } from "../../support/splits.ts";

const roles = ["server", "client"] as const;

describe.each(roles)("as a %s", (role) => {
  test("delivers messages and answers pings, however the bytes are cut", () => {
    const { peer } = new Session({ role });
    const input = Buffer.concat([
      peer.text("one"),
      peer.text("tw", { fin: false }),
      peer.ping("p"),
      peer.last("ö"),
      peer.binary(filler(130)),
    ]);
    underEverySplit(input, (chunks) => {
      const session = new Session({ role }).receive(...chunks);
      expectMessages(session, "one", "twö", filler(130));
      expectFrames(session, plain.pong("p"));
      return session.sink.events;
    });
  });

  test("leaves it to its sink whether a ping is answered", () => {
    const session = new Session({ role });
    session.sink.onPing = () => {};
    session.receive(session.peer.ping("p"));
    expect(session.sink.of("ping").map(({ payload }) => payload)).toEqual([bytes`${"p"}`]);
    expectUndisturbed(session);
  });

  test("tells which ping a pong answers", () => {
    const session = new Session({ role });
    session.wire.ping(bytes`01`, session.now);
    session.advance(50);
    session.wire.ping(bytes`02`, session.now);
    session.wire.ping(bytes`03`, session.now);
    session.receive(session.peer.pong(bytes`02`), session.peer.pong(bytes`01`), session.peer.pong());
    expect(session.sink.of("pong").map(({ sentAt }) => sentAt)).toEqual([START + 50, undefined, undefined]);
  });

  test("remembers a ping's payload as it was sent", () => {
    const session = new Session({ role });
    const payload = filler(8);
    session.wire.ping(payload, session.now);
    payload.fill(0);
    session.receive(session.peer.pong(filler(8)));
    expect(session.sink.of("pong")[0]?.sentAt).toBe(START);
  });

  test("an echo may send from inside message()", () => {
    const session = new Session({ role });
    session.sink.onMessage = (data) => {
      session.wire.sendText(`${String(data)}!`);
      return true;
    };
    session.receive(Buffer.concat([session.peer.text("a"), session.peer.text("b")]));
    expectFrames(session, plain.text("a!"), plain.text("b!"));
  });

  test("streams, where that is asked for", () => {
    const session = new Session({ role });
    session.wire.streaming = true;
    const frame = session.peer.text("水");
    session.receive(session.peer.binary(bytes`01`, { fin: false }), session.peer.last(bytes`02`));
    session.receive(frame.subarray(0, -2), frame.subarray(-2));
    expect(session.sink.events).toEqual([
      { type: "fragment", kind: "binary", bytes: new Uint8Array([1]), final: false },
      { type: "fragment", kind: "binary", bytes: new Uint8Array([2]), final: true },
      { type: "fragment", kind: "text", bytes: new Uint8Array([0xe6]), final: false },
      { type: "fragment", kind: "text", bytes: new Uint8Array([0xb0, 0xb4]), final: true },
    ]);
  });

  test("a violation fails the connection: Close 1002 that says why, and no more reading", () => {
    const session = new Session({ role });
    session.receive(session.peer.text("a"), session.peer.text("b", { rsv: 0x40 }), session.peer.text("c"));
    expectMessages(session, "a");
    const end = expectFailed(session, 1002, "reserved-bits");
    expect(end).toMatchObject({ cause: "protocol", sent: { code: 1002, reason: "a reserved bit is set" } });
  });

  test("what came before a violation in the same chunk is delivered", () => {
    const session = new Session({ role });
    session.receive(
      Buffer.concat([session.peer.text("a"), session.peer.frame({ opcode: 3 }), session.peer.text("b")]),
    );
    expectMessages(session, "a");
    expectFailed(session, 1002, "reserved-opcode");
  });

  test("limits.message fails it with 1009", () => {
    const session = new Session({ role, limits: { message: 5 } });
    session.receive(session.peer.text("12345"), session.peer.text("123456"));
    expectMessages(session, "12345");
    const end = expectFailed(session, 1009);
    expect(end).toMatchObject({ cause: "limit", error: { limit: "limits.message" } });
    expect(end.error).toBeInstanceOf(LimitError);
  });

  test("a kind that is not accepted fails it with 1003", () => {
    const session = new Session({ role, accepts: "text" });
    session.receive(session.peer.text("a"), session.peer.binary(bytes`01`));
    expectMessages(session, "a");
    expect(expectFailed(session, 1003, "unaccepted-kind").cause).toBe("protocol");
  });

  test("an error of the sink's own goes through to the caller", () => {
    const session = new Session({ role });
    session.sink.onMessage = () => {
      throw new Error("mine");
    };
    expect(() => session.receive(session.peer.text("a"))).toThrow("mine");
  });

  test("an end without a Close is 1006 (§7.1.5)", () => {
    const session = new Session({ role }).end();
    expectEnd(session, {
      code: 1006,
      reason: "",
      clean: false,
      initiator: "peer",
      cause: "lost",
      sent: undefined,
      received: undefined,
      error: undefined,
    });
    session
      .end()
      .receive(session.peer.text("a"), session.peer.close(1000), session.peer.frame({ opcode: 3 }));
    session.resume().advance(100_000);
    expect(session.sink.events).toHaveLength(1);
  });
});

describe("limits.rate", () => {
  const flood = (session: Session, count: number) => {
    for (let sent = 0; sent < count; sent += 1) session.receive(session.peer.text("a"));
  };

  test("lets so many messages a second pass", () => {
    const session = new Session({ limits: { rate: 3 } });
    flood(session, 3);
    session.receive(session.peer.ping());
    session.advance(1000);
    flood(session, 3);
    expect(session.messages).toHaveLength(6);
    expect(session.wire.phase).toBe("open");
  });

  test("fails the connection with 1008 at the next, which is not delivered", () => {
    const session = new Session({ limits: { rate: 3 } });
    session.receive(Buffer.concat(Array.from({ length: 6 }, () => session.peer.text("a"))));
    expect(session.messages).toHaveLength(3);
    const end = expectFailed(session, 1008);
    expect(end).toMatchObject({ cause: "limit", error: { limit: "limits.rate", closeCode: 1008 } });
  });

  test("counts streamed messages, not their pieces", () => {
    const session = new Session({ limits: { rate: 2 } });
    session.wire.streaming = true;
    const message = [session.peer.text("a", { fin: false }), session.peer.more("b"), session.peer.last("c")];
    session.receive(...message, ...message);
    expect(session.sink.of("fragment")).toHaveLength(6);
    expect(session.wire.phase).toBe("open");
    session.receive(...message);
    expect(session.sink.of("fragment").filter(({ final }) => final)).toHaveLength(2);
    expectFailed(session, 1008);
  });

  test("Infinity is off", () => {
    const session = new Session();
    flood(session, 5000);
    expect(session.messages).toHaveLength(5000);
  });
});
