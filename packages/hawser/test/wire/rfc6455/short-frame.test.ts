// Which frames go the fast way, and where they end (RFC 6455 §5.2).
import { Buffer } from "node:buffer";
import { describe, expect, test, vi } from "vitest";
import { isShortText, LONGEST_SHORT, shortPayload } from "../../../src/wire/rfc6455/short-frame.ts";
import { bytes, filler } from "../../support/bytes.ts";
import { buildFrame, KEY } from "../../support/frames.ts";
import { Session } from "../../support/session.ts";

// The file itself, whatever the run mocks of it.
const { shortFrameEnd } = await vi.importActual<typeof import("../../../src/wire/rfc6455/short-frame.ts")>(
  "../../../src/wire/rfc6455/short-frame.ts",
);

describe.each([true, false])("masked: %s", (masked) => {
  const mask = masked ? KEY : undefined;
  const end = (frame: Uint8Array, longest = LONGEST_SHORT) =>
    shortFrameEnd(Buffer.from(frame), 0, frame.length, masked, longest);

  test.each([0, 1, 125, 126, 127, 300, LONGEST_SHORT])("a whole message of %i bytes", (size) => {
    for (const opcode of [1, 2]) {
      const frame = buildFrame({ opcode, payload: filler(size), mask });
      expect(end(frame)).toBe(frame.length);
      expect(shortPayload(frame, 0, masked)).toBe(frame.length - size);
      expect(isShortText(frame, 0)).toBe(opcode === 1);
      const behind = Buffer.concat([bytes`00 00 00`, frame, bytes`81`]);
      expect(shortFrameEnd(behind, 3, behind.length, masked, LONGEST_SHORT)).toBe(3 + frame.length);
      expect(shortPayload(behind, 3, masked)).toBe(3 + frame.length - size);
    }
  });

  test.each([0, 5, 125, 126, 200])("not one of %i bytes that was cut anywhere", (size) => {
    const frame = buildFrame({ opcode: 1, payload: filler(size), mask });
    for (let cut = 0; cut < frame.length; cut++) expect(end(frame.subarray(0, cut))).toBe(0);
  });

  test("not one that is longer than may be", () => {
    expect(end(buildFrame({ opcode: 1, payload: filler(11), mask }), 10)).toBe(0);
    expect(end(buildFrame({ opcode: 1, payload: filler(10), mask }), 10)).toBeGreaterThan(0);
    expect(end(buildFrame({ opcode: 1, payload: filler(LONGEST_SHORT + 1), mask }))).toBe(0);
    expect(end(buildFrame({ opcode: 1, mask }), -1)).toBe(0);
  });

  test("nothing that has to be looked at more closely", () => {
    const payload = filler(5);
    const others = [
      { opcode: 0, payload, mask },
      { opcode: 8, payload, mask },
      { opcode: 9, payload, mask },
      { opcode: 3, payload, mask },
      { opcode: 1, payload, mask, fin: false },
      { opcode: 1, payload, mask, rsv: 0x40 },
      { opcode: 1, payload, mask, form: 16 },
      { opcode: 1, payload: filler(125), mask, form: 16 },
      { opcode: 1, payload: filler(200), mask, form: 64 },
      { opcode: 1, payload, mask: masked ? undefined : KEY },
      { opcode: 1, payload: filler(200), mask: masked ? undefined : KEY },
    ] as const;
    for (const spec of others) expect(end(buildFrame(spec))).toBe(0);
  });
});

test("a message over the limit is refused though it is short (row F, §7.4.1: 1009)", () => {
  const session = new Session({ limits: { message: 150, rate: Number.POSITIVE_INFINITY } });
  session.receive(buildFrame({ opcode: 1, payload: "x".repeat(150), mask: KEY }));
  session.receive(buildFrame({ opcode: 1, payload: "x".repeat(151), mask: KEY }));
  session.end();
  expect(session.sink.of("message").map(({ data }) => data.length)).toEqual([150]);
  expect(session.sink.of("closed").map(({ end }) => end.code)).toEqual([1009]);
});

test.each(["x".repeat(126), `${"x".repeat(300)}é`, "水".repeat(100), "x".repeat(1999)])(
  "text comes out as it went in, at both ends: %s",
  (text) => {
    for (const role of ["server", "client"] as const) {
      const session = new Session({ role });
      const frame = buildFrame({ opcode: 1, payload: text, mask: role === "server" ? KEY : undefined });
      session.receive(Buffer.concat([frame, frame]), frame);
      expect(session.sink.of("message").map(({ data }) => data)).toEqual([text, text, text]);
    }
  },
);

test.each(["server", "client"] as const)("a %s refuses text that is no UTF-8 (§8.1)", (role) => {
  const session = new Session({ role });
  const payload = Buffer.concat([Buffer.alloc(300, "x"), bytes`c3`]);
  session.receive(buildFrame({ opcode: 1, payload, mask: role === "server" ? KEY : undefined }));
  session.end();
  expect(session.sink.of("closed").map(({ end }) => end.code)).toEqual([1007]);
});
