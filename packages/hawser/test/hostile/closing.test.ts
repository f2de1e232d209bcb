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

  test("C1: an empty close is echoed empty, and is 1005 here", () => {
    echoed(peer.close(), undefined);
  });

  test("C2: a close of one byte is 1002", () => {
    refused(peer.frame({ opcode: 8, payload: bytes`03` }), 1002);
  });

  test.each([
    ["C3", [0, 999]],
    ["C4", [1004, 1005, 1006, 1015]],
    ["C5", [1016, 1100, 2000, 2999]],
    ["C6", [5000, 65_535]],
  ])("%s: the codes %j are 1002", (_row, codes) => {
    for (const code of codes) {
      refused(peer.close(code), 1002);
      refused(peer.close(code, "why"), 1002);
    }
  });

  test("C7: codes that may travel are echoed", () => {
    for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]) {
      echoed(peer.close(code), code);
      echoed(peer.close(code, "水"), code, "水");
    }
  });

  test.each([bytes`ff`, bytes`c0 80`, bytes`ed a0 80`, bytes`61 e6 b0`])(
    "C8: the reason %o is 1007",
    (reason) => {
      refused(peer.close(1000, reason), 1007);
    },
  );

  test("C9: a reason of 124 bytes is 1002, one of 123 is lawful", () => {
    refused(peer.close(1000, "x".repeat(124)), 1002);
    echoed(peer.close(1000, "x".repeat(123)), 1000, "x".repeat(123));
  });

  test("C10: data and pings after a close are ignored, and one close goes out", () => {
    echoed(Buffer.concat([peer.close(1000), peer.text("late"), peer.ping("late")]), 1000);
  });

  test("C10: bytes after a close that are no frames are ignored too", () => {
    echoed(bytes`${peer.close(1000)} ff ff ff ff ff`, 1000);
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

  test("C11: a second close is ignored", () => {
    echoed(Buffer.concat([peer.close(1000), peer.close(1001, "no")]), 1000);
    echoed(Buffer.concat([peer.close(1000), peer.close(5)]), 1000);
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
