// The closing handshake as the machine does it (RFC 6455 §5.5.1, §7.1).
import { describe, expect, test } from "vitest";
import { bytes, filler } from "../../support/bytes.ts";
import {
  expectEnd,
  expectFailed,
  expectFrames,
  expectMessages,
  expectUndisturbed,
} from "../../support/expectations.ts";
import { plain } from "../../support/frames.ts";
import { Session } from "../../support/session.ts";

const ended = (session: Session) => session.sink.of("end").length;

describe.each(["server", "client"] as const)("as a %s", (role) => {
  test.each([
    [undefined, "", 1005],
    [1000, "", 1000],
    [4000, "bye 水", 4000],
  ])("the peer closes with %s: the same comes back (§5.5.1)", (code, reason, reported) => {
    const session = new Session({ role });
    session.receive(session.peer.close(code, reason));
    expectFrames(session, plain.close(code, reason));
    expect(session.wire.phase).toBe("closing");
    expectEnd(session.end(), {
      code: reported,
      reason,
      clean: true,
      initiator: "peer",
      cause: "close",
      sent: { code: reported, reason },
      received: { code: reported, reason },
      error: undefined,
    });
  });

  test.each([
    [undefined, ""],
    [1001, "going"],
  ])("we close with %s and are answered", (code, reason) => {
    const session = new Session({ role }).close(code, reason);
    expectFrames(session, plain.close(code, reason));
    expect([session.wire.phase, ended(session)]).toEqual(["closing", 0]);
    session.receive(session.peer.close(3000, "answer"));
    expectEnd(session.end(), {
      code: 3000,
      reason: "answer",
      clean: true,
      initiator: "local",
      cause: "close",
      sent: { code: code ?? 1005, reason },
    });
    expectFrames(session, plain.close(code, reason));
  });

  test("both close at once: each has sent one and got one (C16)", () => {
    const session = new Session({ role }).close(1000);
    session.receive(session.peer.close(1001));
    expectFrames(session, plain.close(1000));
    expectEnd(session.end(), { clean: true, initiator: "local", code: 1001 });
  });

  test(`the ${role === "server" ? "server ends the transport" : "client leaves it to the server to end the transport"} (§7.1.1)`, () => {
    for (const first of ["we", "peer"]) {
      const session = new Session({ role });
      if (first === "we") session.close(1000);
      expect(ended(session)).toBe(0);
      session.receive(session.peer.close(1000));
      expect(ended(session)).toBe(role === "server" ? 1 : 0);
      expect(session.sink.of("closed")).toEqual([]);
    }
  });

  test("nothing after the peer's Close is read or answered (C10, C11)", () => {
    const session = new Session({ role });
    const late = [session.peer.text("late"), session.peer.ping("late"), session.peer.close(1001)];
    session.receive(
      Buffer.concat([session.peer.close(1000), ...late]),
      ...late,
      session.peer.frame({ opcode: 3 }),
    );
    expectMessages(session);
    expectFrames(session, plain.close(1000));
    expectEnd(session.end(), { code: 1000, clean: true, error: undefined });
  });

  test("after our Close, messages and pings are dropped, pongs still told of", () => {
    const session = new Session({ role });
    session.wire.ping(bytes`01`, session.now);
    session.close(1000);
    session.sink.clear();
    session.wire.streaming = true;
    session.receive(session.peer.text("a", { fin: false }), session.peer.last("b"));
    session.wire.streaming = false;
    session.receive(session.peer.text("late"), session.peer.ping(), session.peer.pong(bytes`01`));
    expect(session.sink.events).toEqual([{ type: "pong", payload: bytes`01`, sentAt: session.now }]);
    session.receive(session.peer.close(1000));
    expectEnd(session.end(), { clean: true });
  });

  test("after our Close a violation ends the wait for the peer's", () => {
    const session = new Session({ role }).close(1000);
    session.receive(session.peer.frame({ opcode: 3 }), session.peer.close(1000));
    expectFrames(session, plain.close(1000));
    expect(ended(session)).toBe(1);
    expectEnd(session.end(), {
      code: 1002,
      clean: false,
      cause: "protocol",
      sent: { code: 1000, reason: "" },
    });
  });

  test("close() a second time does nothing, and keeps its deadline", () => {
    const session = new Session({ role }).close(1000);
    const { deadline } = session.wire;
    session.advance(100).close(1001);
    expectFrames(session, plain.close(1000));
    expect(session.wire.deadline).toBe(deadline);
  });

  test("a wrong code or reason is a mistake of the caller's, in any phase, and says nothing to the peer", () => {
    const session = new Session({ role });
    for (const attempt of [
      () => session.close(1005),
      () => session.close(1006),
      () => session.close(undefined, "why"),
      () => session.close(1000, "x".repeat(124)),
      () => session.wire.fail(1005, "", session.now),
      () => session.wire.fail(999, "", session.now),
    ]) {
      expect(attempt).toThrow(RangeError);
    }
    expect(() => session.wire.close(1000, filler(4) as never, 0)).toThrow(TypeError);
    expectUndisturbed(session);
    session.close(1000);
    expect(() => session.close(5)).toThrow(RangeError);
  });
});

describe("timeouts.close", () => {
  test("our Close is not answered: 1006 (C12)", () => {
    const session = new Session({ timeouts: { close: 500 } }).close(1000);
    session.advance(499);
    expect(session.sink.of("closed")).toEqual([]);
    session.advance(1);
    expectEnd(session, {
      code: 1006,
      clean: false,
      cause: "close-timeout",
      initiator: "local",
      received: undefined,
    });
  });

  test("nothing happens after that: no second end, no event, whatever comes", () => {
    const session = new Session({ timeouts: { close: 500 } }).close(1000);
    session.receive(session.peer.text("begun", { fin: false })).advance(500);
    const before = session.sink.events.length;
    session.receive(session.peer.pong(), session.peer.ping(), session.peer.close(1000));
    session.receive(session.peer.frame({ opcode: 3 }));
    session.close(1000).resume().end().advance(60_000);
    session.wire.fail(1011, "", session.now);
    expect(session.sink.events).toHaveLength(before);
  });

  test.each(["server", "client"] as const)(
    "after a closing handshake the peer's FIN does not come (%s)",
    (role) => {
      const session = new Session({ role, timeouts: { close: 500 } });
      session.receive(session.peer.close(1000)).advance(499);
      expect(session.sink.of("closed")).toEqual([]);
      session.advance(1);
      expectEnd(session, { code: 1000, clean: true, cause: "close", initiator: "peer" });
    },
  );

  test("counts from our Close, not from the answer", () => {
    const session = new Session({ role: "client", timeouts: { close: 500 } }).close(1000).advance(400);
    session.receive(session.peer.close(1000)).advance(100);
    expectEnd(session, { clean: true });
  });

  test("a failed connection is given so long to drain", () => {
    const session = new Session({ timeouts: { close: 500 } });
    session.receive(session.peer.frame({ opcode: 3 })).advance(500);
    expectEnd(session, { code: 1002, cause: "protocol" });
  });

  test("Infinity is off", () => {
    const session = new Session({ timeouts: { close: Number.POSITIVE_INFINITY } }).close(1000);
    expect(session.wire.deadline).toBeUndefined();
    expect(session.advance(1e9).wire.phase).toBe("closing");
    session.receive(session.peer.close(1000));
    expect(session.wire.deadline).toBeUndefined();
  });
});

describe("fail()", () => {
  test("sends a Close and waits for no answer (§7.1.7)", () => {
    const session = new Session();
    session.wire.fail(1011, "broken", session.now);
    session.receive(session.peer.text("late"), session.peer.close(1000));
    expectMessages(session);
    expectFrames(session, plain.close(1011, "broken"));
    const end = expectFailed(session, 1011);
    expect(end).toMatchObject({ cause: "failed", reason: "broken", error: undefined });
  });

  test("cuts a reason that is too long", () => {
    const session = new Session();
    session.wire.fail(1011, "x".repeat(200), session.now);
    expectFrames(session, plain.close(1011, `${"x".repeat(120)}…`));
  });

  test("after close() sends no second Close, and ends the wait", () => {
    const session = new Session().close(1000);
    session.wire.fail(1011, "broken", session.now);
    expectFrames(session, plain.close(1000));
    expect(ended(session)).toBe(1);
    expectEnd(session.end(), { code: 1011, cause: "failed", sent: { code: 1000, reason: "" } });
  });

  test("after the closing handshake, a first fail() or the end does nothing", () => {
    for (const before of ["handshake", "failed", "ended"]) {
      const session = new Session();
      if (before === "handshake") session.receive(session.peer.close(1000));
      if (before === "failed") session.wire.fail(1002, "first", session.now);
      if (before === "ended") session.end();
      const count = session.sink.events.length;
      session.wire.fail(1011, "second", session.now);
      expect(session.sink.events).toHaveLength(count);
      session.end();
      expectEnd(session, {
        cause: { handshake: "close", failed: "failed", ended: "lost" }[before] as "close",
      });
    }
  });
});
