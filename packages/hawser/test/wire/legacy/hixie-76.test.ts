// The closing handshake of hixie-76: FF 00 each way, and then the end of the transport.
import { describe, expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { expectMessages } from "../../support/expectations.ts";
import { endOf, outcome, roles, sentBy, sessionOf } from "./support.ts";

const normal = { code: 1005, reason: "" };
const whole = { ...normal, clean: true, cause: "close", sent: normal, received: normal, error: undefined };

describe.each(roles)("as a %s", (role) => {
  test.each([bytes`ff 00`, bytes`ff 80 00`, bytes`ff 80 80 80 80 80 80 80 00`])(
    "%o is a Close, and is answered",
    (close) => {
      const session = outcome("hixie-76", role, bytes`00 61 ff ${close}`);
      expectMessages(session, "a");
      expect(sentBy(session)).toEqual(bytes`ff 00`);
      expect(session.wire.phase).toBe("closing");
      expect(endOf(session.end())).toEqual({ ...whole, initiator: "peer" });
    },
  );

  test("nothing behind it is read, not even a byte too many as libwebsockets sends one", () => {
    for (const late of [bytes`ff`, bytes`00 62 ff`, bytes`80 80 80 80 80 80 80 80 80 80`]) {
      const session = outcome("hixie-76", role, bytes`ff 00 ${late}`);
      expectMessages(session);
      expect(sentBy(session)).toEqual(bytes`ff 00`);
      expect(endOf(session.end())).toEqual({ ...whole, initiator: "peer" });
    }
  });

  test("ours goes out behind what was sent, and is answered", () => {
    const session = sessionOf("hixie-76", role);
    session.wire.sendText("a");
    session.close(1000);
    expect(sentBy(session)).toEqual(bytes`00 61 ff ff 00`);
    session.receive(bytes`00 62 ff ff 00`);
    expectMessages(session);
    expect(sentBy(session)).toEqual(bytes`00 61 ff ff 00`);
    expect(session.sink.of("end")).toHaveLength(role === "server" ? 1 : 0);
    expect(endOf(session.end())).toEqual({ ...whole, initiator: "local" });
  });

  test("both at once", () => {
    const session = sessionOf("hixie-76", role).close().receive(bytes`ff 00`);
    expect(sentBy(session)).toEqual(bytes`ff 00`);
    expect(endOf(session.end())).toEqual({ ...whole, initiator: "local" });
  });

  test("an answer that does not come", () => {
    const session = sessionOf("hixie-76", role, { timeouts: { close: 500 } })
      .close()
      .advance(500);
    expect(endOf(session)).toMatchObject({ code: 1006, clean: false, cause: "close-timeout" });
  });

  test("the end of the transport without one is a loss", () => {
    for (const before of [bytes``, bytes`00 61`, bytes`ff`, bytes`ff 80`]) {
      const session = sessionOf("hixie-76", role).receive(before).end();
      expect(endOf(session)).toMatchObject({ code: 1006, clean: false, cause: "lost", sent: undefined });
    }
  });

  test("fail() says no more than that it is over", () => {
    const session = sessionOf("hixie-76", role);
    session.wire.fail(1011, "broken", session.now);
    expect(sentBy(session)).toEqual(bytes`ff 00`);
    expect(endOf(session.receive(bytes`ff 00`).end())).toMatchObject({
      code: 1011,
      reason: "broken",
      clean: false,
      cause: "failed",
      sent: normal,
      received: undefined,
    });
  });

  test("a Close behind messages that wait for the sink waits too", () => {
    const session = sessionOf("hixie-76", role);
    session.sink.onMessage = () => false;
    session.receive(bytes`00 61 ff 00 62 ff ff 00`).resume();
    expectMessages(session, "a", "b");
    expect(session.wire.phase).toBe("open");
    session.resume();
    expect(session.wire.phase).toBe("closing");
    expect(endOf(session.end())).toEqual({ ...whole, initiator: "peer" });
  });
});
