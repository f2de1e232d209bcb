// What the primary and its members say to each other. Structured clones, over the channel that `fork` opens.
import type { SecureContextOptions } from "node:tls";
import type { ServerStats } from "../serve/roster.ts";

/** What a member has counted, as it tells every beat. */
export interface MemberCounts extends Pick<ServerStats, "connections" | "accepted" | "refused" | "shed"> {
  /** The longest that the event loop was late since the last beat, in milliseconds. */
  readonly loopDelay: number;
  /** Resident memory in bytes. */
  readonly memory: number;
}

/** One thing to be done with a connection, wherever it is. */
export type Call =
  | { readonly type: "send"; readonly id: string; readonly data: string | Uint8Array }
  | { readonly type: "notify"; readonly id: string; readonly value: unknown }
  | { readonly type: "close"; readonly id: string; readonly code: number; readonly reason: string };

/** What came of a call: whether the connection was there, or what was thrown there. */
export interface Answer {
  readonly type: "answer";
  readonly number: number;
  readonly found: boolean;
  readonly error?: string | undefined;
}

/** From the primary to a member. */
export type ToMember =
  /** The first: what to run, as member number so and so. */
  | {
      readonly type: "begin";
      readonly member: number;
      readonly url: string;
      readonly module: string;
      readonly options: unknown;
    }
  /** With a socket beside it. */
  | { readonly type: "socket"; readonly number: number }
  | { readonly type: "call"; readonly number: number; readonly call: Call }
  | Answer
  /** Close all connections, spread over this many milliseconds, and exit. */
  | {
      readonly type: "leave";
      readonly code: number;
      readonly reason: string;
      readonly spread: number;
      readonly deadline: number;
    }
  | { readonly type: "tls"; readonly context: SecureContextOptions };

/** From a member to the primary. */
export type FromMember =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly message: string }
  /** These sockets are its own now. */
  | { readonly type: "taken"; readonly numbers: readonly number[] }
  /** `taken`: sockets that it was handed so far; `open`: those of them that are not closed. */
  | { readonly type: "beat"; readonly counts: MemberCounts; readonly taken: number; readonly open: number }
  | { readonly type: "call"; readonly number: number; readonly call: Call }
  | Answer;
