// The closing handshake: every state with every event, and what is reported at the end (RFC 6455 §7.1).
import { describe, expect, test } from "vitest";
import { LimitError } from "../../../src/wire/errors.ts";
import {
  Closing,
  type ClosingEvent,
  type ClosingState,
  type Failure,
} from "../../../src/wire/rfc6455/closing.ts";

const ours = { code: 1000, reason: "ours" };
const theirs = { code: 3000, reason: "theirs" };
const failure: Failure = {
  code: 1009,
  reason: "too big",
  cause: "limit",
  error: new LimitError("limits.message", 1009, "too big"),
};

function happen(closing: Closing, event: ClosingEvent): void {
  if (event === "send-close") closing.sendClose(ours);
  else if (event === "receive-close") closing.receiveClose(theirs);
  else if (event === "fail") closing.fail(failure);
  else closing.end("lost");
}

function after(...events: ClosingEvent[]): Closing {
  const closing = new Closing();
  for (const event of events) happen(closing, event);
  return closing;
}

/** How each state is come to. */
const ways: Record<ClosingState, ClosingEvent[]> = {
  open: [],
  "closed-by-us": ["send-close"],
  "closed-by-peer": ["receive-close"],
  acknowledged: ["send-close", "receive-close"],
  ended: ["end"],
};

describe("transitions", () => {
  test.each<[ClosingState, ClosingEvent, ClosingState]>([
    ["open", "send-close", "closed-by-us"],
    ["open", "receive-close", "closed-by-peer"],
    ["open", "fail", "acknowledged"],
    ["open", "end", "ended"],
    ["closed-by-us", "send-close", "closed-by-us"],
    ["closed-by-us", "receive-close", "acknowledged"],
    ["closed-by-us", "fail", "acknowledged"],
    ["closed-by-us", "end", "ended"],
    ["closed-by-peer", "send-close", "acknowledged"],
    ["closed-by-peer", "receive-close", "closed-by-peer"],
    ["closed-by-peer", "fail", "acknowledged"],
    ["closed-by-peer", "end", "ended"],
    ["acknowledged", "send-close", "acknowledged"],
    ["acknowledged", "receive-close", "acknowledged"],
    ["acknowledged", "fail", "acknowledged"],
    ["acknowledged", "end", "ended"],
    ["ended", "send-close", "ended"],
    ["ended", "receive-close", "ended"],
    ["ended", "fail", "ended"],
    ["ended", "end", "ended"],
  ])("%s, %s: %s", (from, event, to) => {
    const closing = after(...ways[from]);
    expect(closing.state).toBe(from);
    happen(closing, event);
    expect(closing.state).toBe(to);
  });

  test.each([
    ["open", "open"],
    ["closed-by-us", "closing"],
    ["closed-by-peer", "closing"],
    ["acknowledged", "closing"],
    ["ended", "closed"],
  ] as const)("%s is the phase %s", (state, phase) => {
    expect(after(...ways[state]).phase).toBe(phase);
  });
});

describe("the report", () => {
  test("we closed and were answered", () => {
    expect(after("send-close", "receive-close").end("lost")).toEqual({
      code: 3000,
      reason: "theirs",
      clean: true,
      initiator: "local",
      cause: "close",
      sent: ours,
      received: theirs,
      error: undefined,
    });
  });

  test("the peer closed and was answered, even if its transport never ended", () => {
    const report = {
      code: 3000,
      clean: true,
      initiator: "peer",
      cause: "close",
      sent: ours,
      received: theirs,
    };
    expect(after("receive-close", "send-close").end("close-timeout")).toMatchObject(report);
  });

  test("no Close at all is 1006 (RFC 6455 §7.1.5)", () => {
    expect(after().end("lost")).toEqual({
      code: 1006,
      reason: "",
      clean: false,
      initiator: "peer",
      cause: "lost",
      sent: undefined,
      received: undefined,
      error: undefined,
    });
  });

  test.each(["lost", "close-timeout"] as const)("our Close was not answered: %s", (cause) => {
    expect(after("send-close").end(cause)).toMatchObject({
      code: 1006,
      reason: "",
      clean: false,
      initiator: "local",
      cause,
      sent: ours,
      received: undefined,
    });
  });

  test("the peer's Close was not answered", () => {
    const report = { code: 3000, reason: "theirs", clean: false, initiator: "peer", cause: "lost" };
    expect(after("receive-close").end("lost")).toMatchObject(report);
  });

  test("a failure explains it all, with its own code", () => {
    expect(after("fail").end("lost")).toEqual({
      ...failure,
      clean: false,
      initiator: "local",
      sent: undefined,
      received: undefined,
    });
    expect(after("send-close", "fail").end("lost")).toMatchObject({ code: 1009, cause: "limit", sent: ours });
    expect(after("receive-close", "fail").end("lost")).toMatchObject({ code: 1009, initiator: "peer" });
  });
});
