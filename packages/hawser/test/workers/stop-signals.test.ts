// What signals ask of a pool: once is please, twice is now, and one press of Ctrl-C is one however often it arrives.
import { expect, onTestFinished, test, vi } from "vitest";
import { obeySignals } from "../../src/workers/stop-signals.ts";

test("signals in a row", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const listeners = new Map<string | symbol, () => void>();
  vi.spyOn(process, "on").mockImplementation((name: string | symbol, listener: () => void) => {
    listeners.set(name, listener);
    return process;
  });
  vi.spyOn(process, "off").mockImplementation((name: string | symbol, listener: () => void) => {
    if (listeners.get(name) === listener) listeners.delete(name);
    return process;
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const asked: string[] = [];
  const pool = { shutdown: () => asked.push("shutdown"), reload: () => asked.push("reload") };
  const disobey = obeySignals(pool);
  const signal = (name: string) => listeners.get(name)?.();

  signal("SIGHUP");
  expect(asked).toEqual(["reload"]);
  // The terminal's, and npm's.
  signal("SIGINT");
  vi.advanceTimersByTime(149);
  signal("SIGINT");
  expect(asked).toEqual(["reload", "shutdown"]);
  vi.advanceTimersByTime(150);
  signal("SIGTERM");
  expect(asked).toEqual(["reload", "shutdown", "shutdown"]);
  disobey();
  expect([...listeners]).toEqual([]);
});
