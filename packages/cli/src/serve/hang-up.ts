// SIGHUP: "read your files again" from an administrator, "your terminal is gone" from the system.
import { isatty } from "node:tty";

/** Standard output. */
const OUTPUT = 1;

/**
 * Calls `onRequest` for each SIGHUP that asks for a restart.
 *
 * @returns a promise that resolves when one says that the terminal is gone
 */
export function untilHungUp(onRequest: () => void): Promise<void> {
  const hadTerminal = isatty(OUTPUT);
  return new Promise((resolve) => {
    process.on("SIGHUP", () => {
      if (hadTerminal && !isatty(OUTPUT)) resolve();
      else onRequest();
    });
  });
}

/** Ends the process as SIGHUP does: Node aborts where it exits by itself without the terminal that it had. */
export function endByHangUp(): void {
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
}
