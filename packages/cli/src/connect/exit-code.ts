// The exit codes of `hawser connect`: how it ended, for scripts. docs/cli.md has them as a table.
import { type CloseReport, isNormal } from "hawser";

/** How `hawser connect` can end. */
export const exitCode = {
  /** All was said: closed with 1000, 1001 or no code, by either end. */
  normal: 0,
  /** There was no connection: no address, nobody there, no trust, no answer in time. */
  notConnected: 1,
  /** The command line is wrong, the input cannot be sent, or the output cannot be written. */
  wrongUse: 2,
  /** The server answered over HTTP, and not with a WebSocket. */
  refused: 3,
  /** Closed with any other code: the peer's own, a rule that it broke, a limit that was hit. */
  closedWithCode: 4,
  /** The peer went away without a closing handshake (1006), or does not answer any more. */
  lost: 5,
  /** `--once`, and the connection ended normally before a message came. */
  nothingCame: 6,
  /** Stopped by a signal: 128 and its number, as shells have it. */
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** The exit code that a close report leads to. */
export function exitCodeOf(report: CloseReport): number {
  if (isNormal(report)) return exitCode.normal;
  switch (report.cause) {
    case "close":
    case "protocol":
    case "limit":
    case "fault":
      return exitCode.closedWithCode;
    case "lost":
    case "keepalive":
    case "timeout":
    case "close-timeout":
    case "terminated":
      return exitCode.lost;
    default:
      return report.cause satisfies never;
  }
}
