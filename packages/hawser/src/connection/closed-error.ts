// ConnectionClosedError: the connection ended where the application waited for more.
import { HawserError } from "../wire/errors.ts";
import type { CloseReport } from "./close-report.ts";
import { describeReport } from "./close-report.ts";

/**
 * The connection ended otherwise than normally, or before what was waited for came.
 *
 * Thrown by `for await` over a connection, so that a stream that was cut cannot look complete; a connection's own error
 * that escapes its session or hook is a normal way for that handler to end.
 */
export class ConnectionClosedError extends HawserError {
  readonly code = "ERR_HAWSER_CONNECTION_CLOSED";
  /** How the connection ended. */
  readonly report: CloseReport;

  constructor(report: CloseReport) {
    super(`the connection has ended: ${describeReport(report)}`, { cause: report.error });
    this.report = report;
  }
}
