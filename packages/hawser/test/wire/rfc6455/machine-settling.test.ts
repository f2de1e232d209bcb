// A Close or a violation behind messages: the answers to those may go out first, when the sink asks for it (RFC 6455 §5.5.1).
import { expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { expectEnd, expectFailed } from "../../support/expectations.ts";
import { masked } from "../../support/frames.ts";
import { Session } from "../../support/session.ts";

/** A session whose sink is not settled: its messages are answered later. */
function unsettled(): Session {
  const session = new Session({ role: "server" });
  Object.assign(session.sink, { settled: () => false });
  return session;
}

test("a Close waits until resume, and the answer goes out before ours", () => {
  const session = unsettled().receive(
    Buffer.concat([masked.text("a"), masked.frame({ opcode: 8, payload: bytes`03 e8` })]),
  );
  expect(session.wire.phase).toBe("open");
  expect(session.wire.held).toBe(true);
  session.wire.sendText("answer");
  session.resume();
  expect(session.sent.map((frame) => frame.opcode)).toEqual([1, 8]);
  session.end();
  expectEnd(session, { code: 1000, clean: true, cause: "close", initiator: "peer" });
});

test("a violation waits too, and nothing behind it is read", () => {
  const session = unsettled().receive(masked.text("a"), masked.frame({ opcode: 3 }), masked.text("b"));
  session.wire.sendText("answer");
  session.resume();
  expect(session.messages).toEqual(["a"]);
  expect(session.sent.map((frame) => frame.opcode)).toEqual([1, 8]);
  expectFailed(session, 1002);
});

test("so does a limit", () => {
  const session = new Session({ role: "server", limits: { message: 10 } });
  Object.assign(session.sink, { settled: () => false });
  session.receive(masked.text("a"), masked.text("12345678901"));
  expect(session.wire.phase).toBe("open");
  session.resume();
  expectFailed(session, 1009);
});

test("the end of the transport does not wait", () => {
  const session = unsettled().receive(masked.frame({ opcode: 8, payload: bytes`03 e9` }));
  session.end();
  expectEnd(session, { code: 1001, clean: true });
});

test("closing meanwhile lets the peer's Close count as the answer", () => {
  const session = unsettled().receive(masked.text("a"), masked.frame({ opcode: 8, payload: bytes`03 e8` }));
  session.close(4000, "bye");
  session.end();
  expectEnd(session, {
    initiator: "local",
    clean: true,
    received: { code: 1000, reason: "" },
    sent: { code: 4000, reason: "bye" },
  });
});

test("failing meanwhile makes it void", () => {
  const session = unsettled().receive(masked.text("a"), masked.frame({ opcode: 8, payload: bytes`03 e8` }));
  session.wire.fail(1011, "broken", session.now);
  session.resume();
  expectFailed(session, 1011);
});

test("a sink that is settled is asked once, and nothing waits", () => {
  const session = new Session({ role: "server" });
  let asked = 0;
  Object.assign(session.sink, {
    settled: () => {
      asked += 1;
      return true;
    },
  });
  session.receive(masked.frame({ opcode: 8, payload: bytes`03 e8` }));
  expect(asked).toBe(1);
  expect(session.wire.phase).toBe("closing");
});
