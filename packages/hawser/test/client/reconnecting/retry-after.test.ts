// Hints: what a server says about when to come back, in an answer and in a close reason.
import { describe, expect, test } from "vitest";
import { hintOfAnswer, hintOfReason, longestHint } from "../../../src/client/reconnecting/retry-after.ts";
import { HeaderList } from "../../../src/handshake/header-list.ts";

const date = "Sun, 06 Nov 1994 08:49:37 GMT";

describe("Retry-After (RFC 9110 §10.2.3)", () => {
  test.each([
    ["seconds", "120", 120_000],
    ["none at all", "0", 0],
    ["more than the most", "86400", longestHint],
    ["more digits than a number holds", "9".repeat(400), longestHint],
    ["a date (IMF-fixdate)", "Sun, 06 Nov 1994 08:50:07 GMT", 30_000],
    ["a date (RFC 850)", "Sunday, 06-Nov-94 08:50:07 GMT", 30_000],
    ["a date (asctime)", "Sun Nov  6 08:50:07 1994", 30_000],
    ["a date that has passed", "Sun, 06 Nov 1994 08:00:00 GMT", 0],
    ["a date far away", "Mon, 06 Nov 2094 08:50:07 GMT", longestHint],
    ["a negative number", "-5", undefined],
    ["a fraction", "1.5", undefined],
    ["a number with a unit", "5s", undefined],
    ["nothing", "", undefined],
    ["words", "Sunday, never GMT", undefined],
    ["what only JavaScript takes for a date", "1994-11-06", undefined],
  ])("%s", (_, value, expected) => {
    const headers = new HeaderList([
      ["Date", date],
      ["retry-after", value],
    ]);
    expect(hintOfAnswer(headers)).toBe(expected);
  });

  test("without a Date the wall clock is asked", () => {
    const headers = new HeaderList([["Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT"]]);
    expect(hintOfAnswer(headers, Date.parse(date))).toBe(30_000);
    expect(hintOfAnswer(headers)).toBe(0);
    const soon = new Date(Date.now() + 60_000).toUTCString();
    const ms = hintOfAnswer(new HeaderList([["Retry-After", soon]])) ?? 0;
    expect(ms).toBeGreaterThan(30_000);
    expect(ms).toBeLessThanOrEqual(60_000);
  });

  test("of several the first, of none none", () => {
    const headers = new HeaderList([
      ["Retry-After", "5"],
      ["Retry-After", "7"],
    ]);
    expect(hintOfAnswer(headers)).toBe(5000);
    expect(hintOfAnswer(new HeaderList([]))).toBeUndefined();
  });
});

describe("a close reason", () => {
  test.each([
    ["retry-after=5", 5000],
    ["restarting; retry-after=2.5", 2500],
    ["Retry-After: 10", 10_000],
    ["retry_after = 1", 1000],
    ['{"retryAfter":30}', 30_000],
    ["retry-after=99999999999999999999", longestHint],
    ["retry-after=-5", undefined],
    ["retry-after=soon", undefined],
    ["noretry-after=5", undefined],
    ["back in 5", undefined],
    ["", undefined],
  ])("%s", (reason, expected) => {
    expect(hintOfReason(reason)).toBe(expected);
  });
});
