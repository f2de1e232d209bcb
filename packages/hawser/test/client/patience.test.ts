// Patience: one signal for an attempt, aborted by time or by the application; and waits that it ends.
import { HandshakeError, ManualClock } from "hawser";
import { describe, expect, test } from "vitest";
import { Patience, unlessAborted } from "../../src/client/patience.ts";

describe("Patience", () => {
  test("ends the attempt when the time is up, not before", () => {
    const clock = new ManualClock(500);
    const { signal } = new Patience(clock, 3000, undefined);
    clock.advance(2999);
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    expect(signal.reason).toBeInstanceOf(HandshakeError);
    expect(signal.reason).toMatchObject({
      status: 0,
      message: "there was no answer within 3000 ms (timeouts.handshake)",
    });
  });

  test("Infinity sets no timer", () => {
    const clock = new ManualClock();
    const { signal } = new Patience(clock, Number.POSITIVE_INFINITY, undefined);
    clock.advance(1e12);
    expect([signal.aborted, clock.pending]).toEqual([false, 0]);
  });

  test("passes on what the application gives up with", () => {
    const controller = new AbortController();
    const { signal } = new Patience(new ManualClock(), 3000, controller.signal);
    expect(signal.aborted).toBe(false);
    controller.abort("enough");
    expect(signal.reason).toBe("enough");
  });

  test("has ended when the application gave up before", () => {
    expect(new Patience(new ManualClock(), 3000, AbortSignal.abort("early")).signal.reason).toBe("early");
  });

  test("the first reason stays", () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const { signal } = new Patience(clock, 3000, controller.signal);
    controller.abort("first");
    clock.advance(3000);
    expect(signal.reason).toBe("first");
  });

  test("leaves nothing behind at the end: no timer, and no ear at the signal", () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const patience = new Patience(clock, 3000, controller.signal);
    expect(clock.pending).toBe(1);
    patience.end();
    controller.abort("too late");
    clock.advance(5000);
    expect([clock.pending, patience.signal.aborted]).toEqual([0, false]);
  });
});

describe("unlessAborted", () => {
  const late: unknown[] = [];
  const keep = (value: unknown) => void late.push(value);

  test("brings what the promise brings", async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(signal, Promise.resolve("value"), keep)).toBe("value");
    await expect(unlessAborted(signal, Promise.reject(new Error("no")), keep)).rejects.toThrow("no");
    expect(late).toEqual([]);
  });

  test("rejects with the reason at once, and gives what comes late to be put away", async () => {
    const controller = new AbortController();
    let resolve: ((value: string) => void) | undefined;
    const waiting = unlessAborted(
      controller.signal,
      new Promise<string>((done) => {
        resolve = done;
      }),
      keep,
    );
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    resolve?.("late");
    await Promise.resolve();
    expect(late.splice(0)).toEqual(["late"]);
  });

  test("rejects when it was aborted before, and puts away what comes", async () => {
    const waiting = unlessAborted(AbortSignal.abort(new Error("early")), Promise.resolve("late"), keep);
    await expect(waiting).rejects.toThrow("early");
    expect(late.splice(0)).toEqual(["late"]);
  });

  test("a rejection that comes late is nobody's any more", async () => {
    const controller = new AbortController();
    let reject: ((error: unknown) => void) | undefined;
    const waiting = unlessAborted(
      controller.signal,
      new Promise<string>((_done, fail) => {
        reject = fail;
      }),
      keep,
    );
    controller.abort("enough");
    await expect(waiting).rejects.toBe("enough");
    reject?.(new Error("late"));
    // An unhandled rejection would be reported in a turn of its own, and fail the run.
    await new Promise(setImmediate);
    expect(late).toEqual([]);
  });
});
