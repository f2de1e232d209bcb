// Verdicts: every way an attempt or a connection can end, and what it means.
import { describe, expect, test } from "vitest";
import type { Advice } from "../../../src/client/reconnecting/backoff.ts";
import { judge } from "../../../src/client/reconnecting/verdict.ts";
import type { CloseCause, CloseReport } from "../../../src/connection/close-report.ts";
import { ConnectionClosedError } from "../../../src/connection/closed-error.ts";
import { HandshakeError } from "../../../src/handshake/handshake-error.ts";
import { codeRange } from "./support.ts";

const none: Advice = { kind: "none" };

function ended(changes: Partial<CloseReport>): ReturnType<typeof judge> {
  const report: CloseReport = {
    code: 1006,
    reason: "",
    clean: false,
    initiator: "peer",
    phase: "open",
    cause: "lost",
    limit: undefined,
    error: undefined,
    sent: undefined,
    received: undefined,
    unsent: { messages: 0, bytes: 0 },
    idle: 0,
    duration: 0,
    bytes: { sent: 0, received: 0 },
    messages: { sent: 0, received: 0 },
    ...changes,
  };
  return judge({ stage: "connection", error: new ConnectionClosedError(report), report });
}

/** A Close of the peer, answered. */
function closedByPeer(code: number, reason = ""): ReturnType<typeof judge> {
  const frame = { code, reason };
  return ended({ ...frame, clean: true, cause: "close", sent: frame, received: frame });
}

const refusedWith = (status: number, headers: [string, string][] = []) =>
  judge({ stage: "handshake", error: new HandshakeError("no", { status, headers }), report: undefined });

describe("a Close of the peer", () => {
  const retried = [1001, 1011, 1012, 1013, 1014, 3008];
  const done = [1000, 1005];

  test.each(retried)("%i is tried again", (code) => {
    expect(closedByPeer(code).meaning).toBe("retry");
  });

  test.each(done)("%i: all was said", (code) => {
    expect(closedByPeer(code)).toEqual({ meaning: "done", advice: none });
  });

  test("any other code is not tried again", () => {
    const others = codeRange().filter((code) => !retried.includes(code) && !done.includes(code));
    expect(others).toContain(1008);
    expect(others).toContain(4000);
    expect(others.filter((code) => closedByPeer(code).meaning !== "refused")).toEqual([]);
  });

  test("advice: a hint in the reason, whatever the code; else what 1012 and 1013 mean", () => {
    expect(closedByPeer(1012).advice).toEqual({ kind: "restart" });
    expect(closedByPeer(1013).advice).toEqual({ kind: "overload" });
    expect(closedByPeer(1001).advice).toEqual(none);
    for (const code of [1001, 1012, 1013, 4000])
      expect(closedByPeer(code, "retry-after=7").advice).toEqual({ kind: "hint", ms: 7000 });
  });
});

describe("another end of a connection", () => {
  test.each([
    ["lost", {}, "retry"],
    ["keepalive", { initiator: "local", sent: { code: 1011, reason: "" } }, "retry"],
    [
      "timeout",
      { initiator: "local", sent: { code: 1008, reason: "stalled" }, limit: "timeouts.stalled" },
      "retry",
    ],
    ["terminated", { initiator: "local" }, "retry"],
    ["limit", { initiator: "local", limit: "limits.sendBuffer" }, "retry"],
    ["limit", { initiator: "local", limit: "limits.message" }, "refused"],
    ["limit", { initiator: "local", limit: "limits.rate" }, "refused"],
    ["protocol", { initiator: "local", code: 1002 }, "refused"],
    ["fault", { initiator: "local", code: 1011 }, "refused"],
  ] as [CloseCause, Partial<CloseReport>, string][])("%s, %o: %s", (cause, changes, meaning) => {
    expect(ended({ cause, ...changes }).meaning).toBe(meaning);
  });

  test.each(["close", "close-timeout", "lost"] as const)("our own Close, then %s", (cause) => {
    const sent = { code: 4000, reason: "" };
    expect(ended({ cause, initiator: "local", phase: "closing", sent }).meaning).toBe("closed");
  });

  test("what we say in a Close is no advice of the server's", () => {
    const sent = { code: 1013, reason: "retry-after=5" };
    expect(
      ended({ cause: "protocol", initiator: "local", code: 1013, reason: sent.reason, sent }).advice,
    ).toEqual(none);
  });
});

describe("an answer", () => {
  test.each([0, 408, 425, 429, 500, 502, 503, 504, 599])("%i is tried again", (status) => {
    expect(refusedWith(status)).toEqual({ meaning: "retry", advice: none });
  });

  test("any other status is not", () => {
    const others = Array.from({ length: 400 }, (_, index) => 100 + index);
    const tried = others.filter((status) => refusedWith(status).meaning !== "refused");
    expect(tried).toEqual([408, 425, 429]);
  });

  test("Retry-After is heard", () => {
    expect(refusedWith(503, [["Retry-After", "5"]]).advice).toEqual({ kind: "hint", ms: 5000 });
    expect(refusedWith(401, [["Retry-After", "5"]])).toEqual({
      meaning: "refused",
      advice: { kind: "hint", ms: 5000 },
    });
  });
});

describe("no answer at all", () => {
  test.each([
    [
      "a certificate that is not trusted: it may be another's, of a network to log in to",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
    ],
    ["a certificate that has expired", "CERT_HAS_EXPIRED"],
    ["a name that does not resolve", "ENOTFOUND"],
  ])("%s is tried again", (_, code) => {
    const error = new HandshakeError("TLS failed", {
      status: 0,
      cause: Object.assign(new Error(code), { code }),
    });
    expect(judge({ stage: "handshake", error, report: undefined })).toEqual({
      meaning: "retry",
      advice: none,
    });
  });

  test.each([
    [new TypeError("fetch failed"), "preparing", "retry"],
    [new TypeError("no URL"), "handshake", "refused"],
    [new RangeError("no number"), "handshake", "refused"],
    [new Error("the proxy is down"), "handshake", "retry"],
    ["a string", "handshake", "retry"],
  ] as const)("%s while %s: %s", (error, stage, meaning) => {
    expect(judge({ stage, error, report: undefined })).toEqual({ meaning, advice: none });
  });
});
