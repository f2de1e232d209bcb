// Handshakes that fail by the thousand, and connections dropped in the middle of a chunk: nothing is left of them.
import { getEventListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { connect, HandshakeError, run } from "hawser";
import { expect, test } from "vitest";
import { eventually } from "../serve/support/guard.ts";
import { plain } from "../support/frames.ts";
import { answerTo, refusal } from "../support/scripted-server.ts";
import { ClientGuard } from "./client-guard.ts";

const guard = new ClientGuard();

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const leaveNothing = "leave no memory behind, nor an ear at the application's signal";

test(`K1, K6, K9: failures by the thousand ${leaveNothing}`, async () => {
  const server = await guard.server(async (caller, nth) => {
    const { key } = await caller.asked();
    const answers = [
      refusal(["HTTP/1.1 503 Busy", "Content-Length: 4"], "busy"),
      answerTo(key, { headers: { "Sec-WebSocket-Accept": "wrong" } }),
      "garbage\r\n",
      "HTTP/1.1 101 Cut short",
    ];
    caller.write(answers[nth % 4] ?? "");
    caller.end();
  });
  const { signal } = new AbortController();
  const round = async (count: number) => {
    for (let done = 0; done < count; done += 50) {
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, () => connect(server.url(), { signal }).catch((error: unknown) => error)),
      );
      expect(outcomes.every((outcome) => outcome instanceof HandshakeError)).toBe(true);
      for (let caller = 0; caller < 50; caller += 1) await server.callers.take();
      await eventually(() => server.open === 0, "all gone");
    }
    for (let turn = 0; turn < 3; turn += 1) {
      await nextTurn();
      collectGarbage();
    }
    return process.memoryUsage().heapUsed;
  };
  await round(1000);
  const before = await round(500);
  const after = await round(2000);
  expect(getEventListeners(signal, "abort")).toEqual([]);
  // Half a kilobyte each would be a leak.
  expect(after - before).toBeLessThan(1024 * 1024);
});

test.each(["terminate", "close"] as const)(
  "R10: %s() from within a hook, in the middle of a chunk",
  async (how) => {
    const server = await guard.server((caller) => caller.accept());
    const got: unknown[] = [];
    const ws = await guard.open(server);
    const caller = await server.callers.take();
    const running = run(ws, {
      message(_ws, message) {
        got.push(message);
        if (got.length === 10) void ws[how]();
      },
    });
    caller.write(...Array.from({ length: 1000 }, (_, index) => plain.text(`message ${index}`)));
    if (how === "close") await caller.framesToClose();
    const report = await running;
    expect(got).toEqual(Array.from({ length: 10 }, (_, index) => `message ${index}`));
    expect([report.cause, report.initiator]).toEqual([how === "close" ? "lost" : "terminated", "local"]);
  },
);
