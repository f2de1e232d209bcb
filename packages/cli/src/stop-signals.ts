// Being asked to stop: once means please, twice means now.

/** What the exit code of a process says that a signal ended: 128 and the signal's number. */
export const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Signals that come within this time of the first, in milliseconds, are that one again: Ctrl-C reaches every process of a
 * terminal, and npm and npx pass on to us what we have had already. Nobody presses it twice that fast.
 */
const SAME_PRESS = 150;

/** A signal that asks the process to end: Ctrl-C, or what process managers send. */
export type StopSignal = keyof typeof exitCodes;

/**
 * Resolves with the first signal that asks the process to end. The next one ends it at once.
 *
 * @param atOnce what is still to be done then
 */
export function untilStopped(atOnce: () => void = () => undefined): Promise<StopSignal> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = (signal: StopSignal) => {
      first ??= performance.now();
      if (performance.now() - first > SAME_PRESS) {
        atOnce();
        process.exit(exitCodes[signal]);
      }
      resolve(signal);
    };
    process.on("SIGINT", () => onSignal("SIGINT"));
    process.on("SIGTERM", () => onSignal("SIGTERM"));
  });
}
