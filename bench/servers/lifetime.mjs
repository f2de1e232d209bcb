// The life of a server on Node: it says where it listens, collects its garbage when asked to, and ends so that a profile is written.
import process from "node:process";

/** Whether permessage-deflate is measured. */
export const compression = process.argv.includes("--compression");

/** The largest message of the benchmark. */
export const maxMessage = 16 * 1024 * 1024;

/**
 * The load generator waits for this line.
 *
 * @param pids of processes beside this one that serve
 */
export function announce(port, ...pids) {
  console.log([port, ...pids].join(" "));
}

process.on("SIGUSR2", () => globalThis.gc?.());
// An ending by the signal itself would leave no profile behind.
process.on("SIGTERM", () => process.exit());
