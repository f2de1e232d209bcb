// Closes of the drafts 1 to 5, which have no codes: their bodies, and that any body comes back (draft 3).
import { Buffer } from "node:buffer";
import { type Role, UnsupportedError, type WireVersion } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { expectMessages } from "../../support/expectations.ts";
import { endOf, framingFor, fromRole, outcome, roles, sentBy, sessionOf, toRole } from "./support.ts";

const versions = ["hybi-01", "hybi-02", "hybi-03", "hybi-04", "hybi-05"] as const;
const cases = versions.flatMap((version) => roles.map((role) => ({ version, role })));
const normal = { code: 1005, reason: "" };
const whole = { ...normal, clean: true, cause: "close", sent: normal, received: normal, error: undefined };

/** A Close as a server sends it. */
const close = (version: WireVersion, body: Uint8Array | string) => {
  const payload = Buffer.from(body);
  return bytes`${version < "hybi-04" ? 0x01 : 0x81}${payload.length}${payload}`;
};
/** One that is no answer: from hybi-05 on it says which end began. */
const ownClose = (version: WireVersion, role: Role) => {
  const body = version !== "hybi-05" ? "" : role === "client" ? "C" : "S";
  return fromRole(role, version, close(version, body));
};

describe.each(cases)("$version as a $role", ({ version, role }) => {
  test.each(["", "x1", "C", "S", bytes`03 e8`, bytes`ff`, bytes`03 e8 ${"bye"}`, Buffer.alloc(125, 0xff)])(
    "the body %o comes back as it is, and says nothing",
    (body) => {
      const session = outcome(version, role, toRole(role, version, close(version, body)));
      expect(sentBy(session)).toEqual(fromRole(role, version, close(version, body)));
      expect(endOf(session.end())).toEqual({ ...whole, initiator: "peer" });
    },
  );

  test("ours, its answer, and nothing behind that", () => {
    const session = sessionOf(version, role).close(1000);
    expect(sentBy(session)).toEqual(ownClose(version, role));
    const text = toRole(role, version, bytes`${version < "hybi-04" ? 0x04 : 0x84} 01 61`);
    session.receive(text, toRole(role, version, close(version, "")), text);
    expectMessages(session);
    expect(endOf(session.end())).toEqual({ ...whole, initiator: "local" });
  });

  test("both at once: neither is answered", () => {
    const session = sessionOf(version, role).close();
    session.receive(toRole(role, version, close(version, "x")));
    expect(sentBy(session)).toEqual(ownClose(version, role));
    expect(endOf(session.end())).toEqual({ ...whole, initiator: "local" });
  });

  test("a code or reason of the application's is not to be had; what it says itself is left out", () => {
    const session = sessionOf(version, role);
    for (const [code, reason] of [
      [1001, ""],
      [1000, "why"],
      [3000, ""],
    ] as const) {
      expect(() => session.close(code, reason)).toThrow(UnsupportedError);
      expect(() => session.close(code, reason)).toThrow(
        `${framingFor(version).version} has no close codes and no reasons`,
      );
    }
    expect(() => session.close(1004)).toThrow(RangeError);
    expect(() => session.wire.close(1012, "x".repeat(124), session.now, false)).toThrow(RangeError);
    expect(session.sink.events).toEqual([]);
    session.wire.close(1012, "restarting", session.now, false);
    expect(sentBy(session)).toEqual(ownClose(version, role));
    session.receive(toRole(role, version, close(version, "")));
    expect(endOf(session.end())).toEqual({ ...whole, initiator: "local" });
  });

  test("fail() keeps its reason to itself", () => {
    const session = sessionOf(version, role);
    session.wire.fail(1011, "broken", session.now);
    expect(sentBy(session)).toEqual(ownClose(version, role));
    expect(endOf(session.end())).toMatchObject({ code: 1011, reason: "broken", sent: normal, clean: false });
  });

  test("a Close behind messages that wait for the sink waits too", () => {
    const text = bytes`${version < "hybi-04" ? 0x04 : 0x84} 01 61`;
    const session = sessionOf(version, role);
    session.sink.onMessage = () => false;
    const frames = [text, text, close(version, "x")].map((frame) => toRole(role, version, frame));
    session.receive(Buffer.concat(frames)).resume();
    expectMessages(session, "a", "a");
    expect(session.wire.phase).toBe("open");
    session.resume();
    expect(sentBy(session)).toEqual(fromRole(role, version, close(version, "x")));
  });

  test("keepalive pings, and hears the answer", () => {
    const session = sessionOf(version, role, { jitter: 1, timeouts: { keepalive: 1000, pong: 300 } });
    session.advance(1000);
    const payload = Buffer.alloc(8);
    payload.writeDoubleBE(session.now);
    const [ping, pong] = version < "hybi-04" ? [0x02, 0x03] : [0x82, 0x83];
    expect(sentBy(session)).toEqual(fromRole(role, version, bytes`${ping} 08 ${payload}`));
    session.receive(toRole(role, version, bytes`${pong} 08 ${payload}`)).advance(999);
    expect(session.wire.phase).toBe("open");
    session.advance(301);
    expect(endOf(session)).toMatchObject({ cause: "keepalive", code: 1011 });
  });
});

test("hybi-03 is hybi-02 under another name, as no byte tells them apart", () => {
  expect(framingFor("hybi-03")).toBe(framingFor("hybi-02"));
});
