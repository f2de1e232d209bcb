// Hostile closing, rows C1 to C18, as far as the machine has to do with them. Sockets have C14 and C15.
import { describe, expect, test } from "vitest";
import { bytes } from "../support/bytes.ts";
import {
  expectEnd,
  expectFailed,
  expectFrames,
  expectGivenUp,
  expectMessages,
  expectUndisturbed,
} from "../support/expectations.ts";
import { framesFor, plain } from "../support/frames.ts";
import { Session } from "../support/session.ts";
import { underEverySplit } from "../support/splits.ts";
import { closingRows } from "./closing-rows.ts";

describe.each(["server", "client"] as const)("as a %s", (role) => {
  const peer = framesFor(role);

  /** Under every split: nothing delivered, one Close with this code, the end not clean. */
  function refused(input: Buffer, code: number): void {
    underEverySplit(input, (chunks) => new Session({ role }).receive(...chunks).end().sink.events);
    const session = new Session({ role }).receive(input);
    expectMessages(session);
    expectFailed(session, code);
  }

  /** Under every split: the same body comes back, once, and the end is clean. */
  function echoed(input: Buffer, code: number | undefined, reason = ""): void {
    underEverySplit(input, (chunks) => new Session({ role }).receive(...chunks).end().sink.events);
    const session = new Session({ role }).receive(input);
    expectMessages(session);
    expectFrames(session, plain.close(code, reason));
    expectEnd(session.end(), {
      code: code ?? 1005,
      reason,
      clean: true,
      initiator: "peer",
      cause: "close",
    });
  }

  test.each(closingRows(role))("$title", ({ cases }) => {
    for (const { input, code, echoed: comesBack, reason } of cases) {
      if (comesBack) echoed(input, code, reason);
      else refused(input, code ?? 1005);
    }
  });

  test("C10: after our own close the peer's data is dropped until its close comes", () => {
    const input = Buffer.concat([peer.text("late"), peer.ping("late"), peer.close(1000), peer.text("later")]);
    underEverySplit(input, (chunks) => {
      const session = new Session({ role }).close(1001).receive(...chunks);
      expectMessages(session);
      expectFrames(session, plain.close(1001));
      expectEnd(session.end(), { code: 1000, clean: true, initiator: "local" });
      return session.sink.events;
    });
  });

  test("C12: a close that is never answered ends with 1006 after timeouts.close", () => {
    const session = new Session({ role, timeouts: { close: 700 } }).close(1000, "bye");
    session.advance(699);
    expect(session.wire.phase).toBe("closing");
    session.receive(peer.text("still talking"), peer.ping()).advance(1);
    expectEnd(session, { code: 1006, clean: false, initiator: "local", cause: "close-timeout" });
  });

  test("C13: a FIN without a close is 1006, at once, wherever it comes", () => {
    const frame = Buffer.concat([peer.text("whole"), peer.text("cut")]);
    for (let size = 0; size < frame.length; size += 1) {
      const session = new Session({ role }).receive(frame.subarray(0, size)).end();
      expectMessages(session, ...(size < peer.text("whole").length ? [] : ["whole"]));
      expectFrames(session);
      expectEnd(session, { code: 1006, clean: false, initiator: "peer", cause: "lost" });
    }
  });

  test("C15: a peer that vanishes is found within interval and patience", () => {
    const session = new Session({ role, jitter: 1, timeouts: { keepalive: 1000, pong: 300 } });
    session.receive(peer.text("the last word")).advance(1299);
    expect(session.wire.phase).toBe("open");
    session.advance(1);
    expectGivenUp(session);
  });

  test("C17: what is no string cannot be a reason", () => {
    const session = new Session({ role });
    for (const reason of [new Uint8Array(20), { length: 20 }, 20, null, Buffer.alloc(20)]) {
      expect(() => session.wire.close(1000, reason as never, session.now)).toThrow(TypeError);
    }
    expectUndisturbed(session);
  });

  test("C18: a close while we hold back what came is sent at once, and the peer's is found behind it", () => {
    const session = new Session({ role });
    session.sink.onMessage = () => false;
    session.receive(peer.text("a"), peer.text("b"), peer.close(1000)).close(1001);
    expectFrames(session, plain.close(1001));
    expectMessages(session, "a");
    expectEnd(session.end(), { clean: true, initiator: "local" });
  });

  test("C18: what was sent before a close goes out before it", () => {
    const session = new Session({ role });
    session.wire.sendFragment("text", bytes`61`, false);
    session.wire.sendText("waits");
    session.wire.sendFragment("text", bytes`62`, true);
    session.close(1000);
    expectFrames(
      session,
      plain.text("a", { fin: false }),
      plain.last("b"),
      plain.text("waits"),
      plain.close(1000),
    );
  });
});

test("C16: both ends close at once: clean on both, one event each", () => {
  const [server, client] = [new Session({ role: "server" }), new Session({ role: "client" })];
  server.close(1000, "server");
  client.close(1001, "client");
  const [fromServer, fromClient] = [server.sink.take(), client.sink.take()];
  server.receive(fromClient);
  client.receive(fromServer);
  // The server ends the transport, the client sees its FIN, and the server that of the client.
  expect([server.sink.of("end").length, client.sink.of("end").length]).toEqual([1, 0]);
  expectEnd(client.end(), { code: 1000, reason: "server", clean: true, initiator: "local" });
  expectEnd(server.end(), { code: 1001, reason: "client", clean: true, initiator: "local" });
  expect([server.sink.take(), client.sink.take()]).toEqual([bytes``, bytes``]);
});
