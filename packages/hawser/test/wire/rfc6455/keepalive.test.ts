// Pings, pongs and patience, by a clock moved by hand (RFC 6455 §5.5.2, §5.5.3).
import { describe, expect, test } from "vitest";
import { Keepalive } from "../../../src/wire/rfc6455/keepalive.ts";
import { bytes } from "../../support/bytes.ts";

const make = (jitter = 1) => new Keepalive({ keepalive: 1000, pong: 300 }, jitter, 0);

/** One of our own pings goes out. */
function ping(keepalive: Keepalive, now: number): Buffer {
  const payload = keepalive.begin(now);
  keepalive.sent(payload, now);
  return payload;
}

describe("when to ping", () => {
  test.each([
    [0, 500],
    [0.5, 750],
    [1, 1000],
  ])("jitter %d puts the first ping at %i", (jitter, at) => {
    const keepalive = make(jitter);
    expect(keepalive.deadline(false)).toBe(at);
    expect(keepalive.demand(at - 1, false)).toBeUndefined();
    expect(keepalive.demand(at, false)).toBe("ping");
  });

  test("the next one is an interval after the one that was answered", () => {
    const keepalive = make();
    const payload = ping(keepalive, 1000);
    expect(keepalive.answered(payload)).toBe(1000);
    expect(keepalive.deadline(false)).toBe(2000);
    expect(keepalive.demand(1999, false)).toBeUndefined();
    expect(keepalive.demand(2000, true)).toBe("ping");
  });

  test("never, if the interval is Infinity", () => {
    const keepalive = new Keepalive({ keepalive: Number.POSITIVE_INFINITY, pong: 300 }, 0.5, 0);
    expect(keepalive.deadline(false)).toBe(Number.POSITIVE_INFINITY);
    expect(keepalive.demand(1e12, false)).toBeUndefined();
  });
});

describe("patience", () => {
  test("ends when no pong came", () => {
    const keepalive = make();
    ping(keepalive, 1000);
    expect(keepalive.deadline(false)).toBe(1300);
    expect(keepalive.demand(1299, false)).toBeUndefined();
    expect(keepalive.demand(1300, false)).toBe("fail");
  });

  test("of a pong that may take longer than the interval, or for ever, keeps no ping from going out", () => {
    const keepalive = new Keepalive({ keepalive: 1000, pong: Number.POSITIVE_INFINITY }, 1, 0);
    for (const now of [1000, 2000, 3000]) {
      expect(keepalive.deadline(false)).toBe(now);
      expect(keepalive.demand(now, false)).toBe("ping");
      ping(keepalive, now);
    }
    const patient = new Keepalive({ keepalive: 1000, pong: 2500 }, 1, 0);
    ping(patient, 1000);
    ping(patient, 2000);
    ping(patient, 3000);
    expect(patient.demand(3499, false)).toBeUndefined();
    expect(patient.demand(3500, false)).toBe("fail");
  });

  test("of two pings with one payload, a pong answers the newer", () => {
    const keepalive = make();
    keepalive.sent(bytes`78`, 1);
    keepalive.sent(bytes`78`, 2);
    expect(keepalive.answered(bytes`78`)).toBe(2);
    expect(keepalive.answered(bytes`78`)).toBeUndefined();
  });

  test("stands still while reading is paused", () => {
    const keepalive = make();
    ping(keepalive, 1000);
    expect(keepalive.deadline(true)).toBe(2000);
    expect(keepalive.demand(1999, true)).toBeUndefined();
    expect(keepalive.demand(9000, true)).toBe("ping");
    expect(keepalive.demand(9000, false)).toBe("fail");
  });

  test("begins anew with progress", () => {
    const keepalive = make();
    ping(keepalive, 1000);
    keepalive.progress(1200);
    expect(keepalive.deadline(false)).toBe(1500);
  });
});

describe("answers", () => {
  test("a pong that answers nothing means nothing", () => {
    const keepalive = make();
    expect(keepalive.answered(bytes``)).toBeUndefined();
    const payload = ping(keepalive, 1000);
    expect(keepalive.answered(bytes``)).toBeUndefined();
    expect(keepalive.answered(payload.subarray(0, 7))).toBeUndefined();
    expect(keepalive.answered(bytes`${payload} 00`)).toBeUndefined();
    expect(keepalive.demand(1300, false)).toBe("fail");
  });

  test("a ping is answered once", () => {
    const keepalive = make();
    const payload = ping(keepalive, 1000);
    expect(keepalive.answered(payload)).toBe(1000);
    expect(keepalive.answered(payload)).toBeUndefined();
  });

  test("the pong of a later ping answers the earlier ones (§5.5.3)", () => {
    const keepalive = make();
    const payload = ping(keepalive, 1000);
    keepalive.sent(bytes`01`, 1100);
    keepalive.sent(bytes`02`, 1150);
    expect(keepalive.answered(bytes`01`)).toBe(1100);
    expect(keepalive.deadline(false)).toBe(2000);
    expect(keepalive.answered(payload)).toBeUndefined();
    expect(keepalive.answered(bytes`02`)).toBe(1150);
  });

  test("the pong of an earlier ping does not answer ours", () => {
    const keepalive = make();
    keepalive.sent(bytes`01`, 900);
    const payload = ping(keepalive, 1000);
    expect(keepalive.answered(bytes`01`)).toBe(900);
    expect(keepalive.demand(1300, false)).toBe("fail");
    expect(keepalive.answered(payload)).toBe(1000);
  });

  test("64 pings are remembered, and the oldest is forgotten first", () => {
    const keepalive = make();
    for (let count = 0; count <= 64; count += 1) keepalive.sent(bytes`${count}`, count);
    expect(keepalive.answered(bytes`00`)).toBeUndefined();
    expect(keepalive.answered(bytes`01`)).toBe(1);
    expect(keepalive.answered(bytes`40`)).toBe(64);
  });
});
