// What the pump tells of a connection, beside its messages.
import type { CloseReport } from "./close-report.ts";
import type { Item } from "./inbox.ts";

/** Who hears of what is not a message. */
export interface PumpOwner {
  /** Set by `ended`. */
  readonly report: CloseReport | undefined;
  /** A message is about to be put into the inbox. */
  arrived(item: Item): void;
  /** A ping that was sent at `sentAt` is answered, and so are all before it. */
  ponged(payload: Uint8Array, sentAt: number, now: number): void;
  /** The transport had to wait, and has room again. */
  drained(): void;
  /** No more than `limits.sendMark` waits, after more had. */
  relieved(): void;
  /** The phase is "open" no longer. Called once; not if the connection ends at once. */
  leftOpen(): void;
  /** The connection is over, and so it is not open either. Called once, last. */
  ended(report: CloseReport): void;
}
