// The report in words, and what counts as a normal end.
import { type CloseReport, describeReport, isNormal } from "hawser";
import { describe, expect, test } from "vitest";
import { closeReport } from "../../src/connection/close-report.ts";
import { LimitError, ProtocolError } from "../../src/wire/errors.ts";
import type { WireEnd } from "../../src/wire/wire.ts";
import { masked } from "../support/frames.ts";
import { endpoint, pairOf } from "./support.ts";

const report: CloseReport = {
  code: 1000,
  reason: "",
  clean: true,
  initiator: "peer",
  phase: "open",
  cause: "close",
  limit: undefined,
  error: undefined,
  sent: { code: 1000, reason: "" },
  received: { code: 1000, reason: "" },
  unsent: { messages: 0, bytes: 0 },
  idle: 0,
  duration: 12_345,
  bytes: { sent: 0, received: 0 },
  messages: { sent: 4, received: 3 },
};
const rest = ", after 12.3 s, 3 messages in, 4 out";
const unclean = { clean: false, initiator: "local", received: undefined, code: 1006 } as const;
const sent = (code: number, reason = "") => ({ sent: { code, reason } });

describe("describeReport", () => {
  test.each<[string, Partial<CloseReport>]>([
    ["closed by the peer with 1000", {}],
    ['closed by the peer with 4001 "bye"', { code: 4001, reason: "bye" }],
    ["closed by the peer with no code", { code: 1005 }],
    ["closed by us with 1001", { initiator: "local", code: 1001 }],
    [
      'closed by us with 4000 "go", which the peer did not answer in time',
      { ...unclean, cause: "close-timeout", phase: "closing", ...sent(4000, "go") },
    ],
    ["lost without a Close", { ...unclean, cause: "lost", initiator: "peer", sent: undefined }],
    [
      "lost without a Close: read ECONNRESET",
      { ...unclean, cause: "lost", sent: undefined, error: new Error("read ECONNRESET") },
    ],
    ["lost after our Close with 1001", { ...unclean, cause: "lost", phase: "closing", ...sent(1001) }],
    [
      "failed by us with 1002: a reserved bit is set",
      { ...unclean, cause: "protocol", ...sent(1002), error: new ProtocolError("reserved-bits") },
    ],
    [
      "failed by us with 1009: the message is too large (limits.message)",
      {
        ...unclean,
        cause: "limit",
        limit: "limits.message",
        ...sent(1009),
        error: new LimitError("limits.message", 1009, "the message is too large"),
      },
    ],
    [
      'failed by us with 1008 "stalled" (timeouts.stalled)',
      { ...unclean, cause: "timeout", limit: "timeouts.stalled", ...sent(1008, "stalled") },
    ],
    [
      "failed by us with 1011: a ping was not answered (timeouts.pong)",
      {
        ...unclean,
        cause: "keepalive",
        limit: "timeouts.pong",
        ...sent(1011),
        error: new Error("a ping was not answered"),
      },
    ],
    [
      "closed by us with 1011 after a fault of our own: x is not a function",
      { ...unclean, cause: "fault", ...sent(1011), error: new TypeError("x is not a function") },
    ],
    [
      "closed by us with 1011 after a fault of our own",
      { ...unclean, cause: "fault", ...sent(1011), error: 5 },
    ],
    ["terminated by us", { ...unclean, cause: "terminated", sent: undefined }],
  ])("%s", (words, given) => {
    expect(describeReport({ ...report, ...given })).toBe(words + rest);
  });

  test("one message is not several", () => {
    const one = { ...report, messages: { sent: 1, received: 1 }, duration: 0 };
    expect(describeReport(one)).toBe("closed by the peer with 1000, after 0.0 s, 1 message in, 1 out");
  });

  test("what the peer says cannot drive a terminal", () => {
    const reason = 'a"\n\u001b[31m\u009b\u202e\u007f漢😀';
    expect(describeReport({ ...report, code: 4000, reason })).toBe(
      `closed by the peer with 4000 "a\\"\\n\\u001b[31m\\u{9b}\\u{202e}\\u{7f}漢😀"${rest}`,
    );
    const error = new Error("two\nlines");
    expect(describeReport({ ...report, cause: "fault", error })).toContain("two\\u{a}lines");
  });
});

test.each([
  [1000, true, true],
  [1001, true, true],
  [1005, true, true],
  [1002, true, false],
  [4000, true, false],
  [1000, false, false],
  [1006, false, false],
])("isNormal: %d, clean %o: %o", (code, clean, normal) => {
  expect(isNormal({ ...report, code, clean })).toBe(normal);
});

describe("closeReport", () => {
  const end: WireEnd = {
    code: 1006,
    reason: "",
    clean: false,
    initiator: "peer",
    cause: "lost",
    sent: undefined,
    received: undefined,
    error: undefined,
  };
  const { phase, unsent, idle, duration, bytes, messages } = report;
  const counts = { phase, unsent, idle, duration, bytes, messages };

  test("a failure from outside is a fault, unless something explains it better", () => {
    expect(closeReport({ ...end, cause: "failed" }, undefined, counts)).toMatchObject({ cause: "fault" });
    const error = new Error("x");
    const outer = { cause: "limit", limit: "limits.sendBuffer", error } as const;
    expect(closeReport({ ...end, cause: "failed" }, outer, counts)).toMatchObject({
      ...counts,
      cause: "limit",
      limit: "limits.sendBuffer",
      error,
      initiator: "peer",
    });
  });

  test("terminate is always ours", () => {
    expect(closeReport(end, { cause: "terminated", error: undefined }, counts).initiator).toBe("local");
  });
});

test("ConnectionClosedError says what the report says", async () => {
  const { server, client } = pairOf();
  void client.close(4000, "done here");
  const error: unknown = await server[Symbol.asyncIterator]()
    .next()
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    name: "ConnectionClosedError",
    message:
      'the connection has ended: closed by the peer with 4000 "done here", after 0.0 s, 0 messages in, 0 out',
  });
});

test("a reason that went out in our Close is said once", async () => {
  const { ws, peer } = endpoint({ limits: { rate: 1 } });
  await peer.send(masked.text("a"));
  await peer.send(masked.text("b"));
  peer.transport.end();
  const said = describeReport(await ws.closed);
  expect(said).toMatch(/^failed by us with 1008 "too many messages a second" \(limits\.rate\), after /);
});
