// The close codes of hybi-06 to hybi-08: which may be sent, which are taken, and what stands in for those that did not exist.
import { type Role, UnsupportedError, type WireVersion } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { endOf, framingFor, fromRole, outcome, roles, sentBy, sessionOf, toRole } from "./support.ts";

const versions = ["hybi-06", "hybi-07", "hybi-08"] as const;
const cases = versions.flatMap((version) => roles.map((role) => ({ version, role })));

/** A Close as a server sends it. */
function close(version: WireVersion, code?: number, reason: string | Uint8Array = ""): Buffer {
  const body = code === undefined ? bytes`` : bytes`${code >> 8}${code & 0xff}${reason}`;
  return bytes`${version === "hybi-06" ? 0x81 : 0x88}${body.length}${body}`;
}

test("as they lie on the wire", () => {
  const sent = (version: WireVersion, role: Role, code?: number, reason = "") => {
    const session = sessionOf(version, role);
    session.wire.close(code, reason, session.now);
    return sentBy(session);
  };
  expect(sent("hybi-06", "server", 1000)).toEqual(bytes`81 02 03 e8`);
  expect(sent("hybi-06", "server", 4004, "close reason")).toEqual(
    bytes`81 0e 0f a4 63 6c 6f 73 65 20 72 65 61 73 6f 6e`,
  );
  expect(sent("hybi-06", "client", 1000)).toEqual(bytes`37 fa 21 3d b6 f8 22 d5`);
  expect(sent("hybi-06", "server")).toEqual(bytes`81 00`);
  for (const version of ["hybi-07", "hybi-08"] as const) {
    expect(sent(version, "server")).toEqual(bytes`88 00`);
    expect(sent(version, "server", 1000)).toEqual(bytes`88 02 03 e8`);
    expect(sent(version, "server", 1001, "bye")).toEqual(bytes`88 05 03 e9 62 79 65`);
    expect(sent(version, "client", 1000)).toEqual(bytes`88 82 37 fa 21 3d 34 12`);
  }
});

describe.each(cases)("$version as a $role", ({ version, role }) => {
  const own = version === "hybi-08" ? [1007] : [];
  const unknown = [1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].filter((code) => !own.includes(code));

  test.each([1000, 1001, 1002, 1003, 1004, 3000, 4999, ...own])(
    "an application may close with %i",
    (code) => {
      const session = sessionOf(version, role).close(code, "why");
      expect(sentBy(session)).toEqual(fromRole(role, version, close(version, code, "why")));
      session.receive(toRole(role, version, close(version, code, "why")));
      const frame = { code, reason: "why" };
      expect(endOf(session.end())).toMatchObject({ ...frame, clean: true, sent: frame, received: frame });
    },
  );

  test.each(unknown)("and not with %i", (code) => {
    const session = sessionOf(version, role);
    expect(() => session.close(code)).toThrow(UnsupportedError);
    expect(() => session.close(code)).toThrow(`${version} has no close code ${code}`);
    expect(session.sink.events).toEqual([]);
  });

  test("what is no code at all is a mistake, as in RFC 6455", () => {
    const session = sessionOf(version, role);
    for (const code of [999, 1005, 1006, 1015, 2999, 5000, 1000.5])
      expect(() => session.close(code)).toThrow(RangeError);
    expect(() => session.close(1004, "x".repeat(124))).toThrow(RangeError);
    expect(() => session.close(undefined, "why")).toThrow(RangeError);
    expect(() => framingFor(version).checkClose("1000", "")).toThrow(TypeError);
    expect(session.sink.events).toEqual([]);
  });

  test.each([
    [1007, version === "hybi-08" ? 1007 : 1002],
    [1008, 1002],
    [1009, 1004],
    [1010, 1002],
    [1011, 1002],
    [1012, 1001],
    [1013, 1001],
    [1014, 1001],
    [1000, 1000],
    [4000, 4000],
  ])("where we have to say %i we say %i", (code, nearest) => {
    const expected = fromRole(role, version, close(version, nearest, "why"));
    const failed = sessionOf(version, role);
    failed.wire.fail(code, "why", failed.now);
    expect(sentBy(failed)).toEqual(expected);
    const sent = { code: nearest, reason: "why" };
    expect(endOf(failed.end())).toMatchObject({ code, reason: "why", sent, clean: false });

    const closed = sessionOf(version, role);
    closed.wire.close(code, "why", closed.now, false);
    expect(sentBy(closed)).toEqual(expected);
    closed.receive(toRole(role, version, close(version, nearest, "why")));
    expect(endOf(closed.end())).toMatchObject({ ...sent, sent, clean: true });
  });

  test.each([1000, 1001, 1002, 1003, 1004, 1007, 1008, 1011, 1014, 3000, 4999])(
    "a peer may close with %i, and has the same back",
    (code) => {
      const frame = close(version, code, "why 水");
      const session = outcome(version, role, toRole(role, version, frame));
      expect(sentBy(session)).toEqual(fromRole(role, version, frame));
      const said = { code, reason: "why 水" };
      expect(endOf(session.end())).toMatchObject({ ...said, clean: true, sent: said, received: said });
    },
  );

  test("a peer may close without a code", () => {
    const session = outcome(version, role, toRole(role, version, close(version)));
    expect(sentBy(session)).toEqual(fromRole(role, version, close(version)));
    expect(endOf(session.end())).toMatchObject({ code: 1005, clean: true, initiator: "peer" });
  });

  test.each([
    { what: "one byte", body: bytes`03`, violation: "close-truncated" },
    { what: "999", body: bytes`03 e7`, violation: "close-code" },
    { what: "1005", body: bytes`03 ed`, violation: "close-code" },
    { what: "1006", body: bytes`03 ee`, violation: "close-code" },
    { what: "no UTF-8", body: bytes`03 e8 80`, violation: "invalid-utf8" },
    { what: "no UTF-8 behind 1004", body: bytes`03 ec c0 80`, violation: "invalid-utf8" },
  ])("and not with $what", ({ body, violation }) => {
    const frame = bytes`${version === "hybi-06" ? 0x81 : 0x88}${body.length}${body}`;
    const session = outcome(version, role, toRole(role, version, frame));
    const code = violation === "invalid-utf8" ? 1007 : 1002;
    const sent = { code: code === 1007 && version !== "hybi-08" ? 1002 : code };
    expect(endOf(session.end())).toMatchObject({
      code,
      clean: false,
      cause: "protocol",
      error: { violation },
      sent,
    });
  });
});
