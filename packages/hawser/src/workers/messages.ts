// What the primary and its members say to each other: over the bus, but for sockets.
import type { SecureContextOptions } from "node:tls";
import type { ServerStats } from "../serve/roster.ts";

/** How often a member says that it lives, in milliseconds. */
export const BEAT = 500;

/** What a member has counted, as it tells every beat. */
export interface MemberCounts
  extends Pick<ServerStats, "connections" | "accepted" | "refused" | "shed" | "messages" | "bytes"> {
  /** The longest that its event loop was late since the last beat, in milliseconds. */
  readonly loopDelay: number;
  /** Resident memory in bytes. */
  readonly memory: number;
}

/** One thing to be done with a connection, wherever it is. */
export type Call =
  | { readonly type: "send"; readonly id: string; readonly data: string | Uint8Array }
  /** The value is serialized, so that it is known how large it is. */
  | { readonly type: "notify"; readonly id: string; readonly value: Uint8Array }
  | { readonly type: "close"; readonly id: string; readonly code: number; readonly reason: string };

/** What came of a call: whether the connection was there, or what was thrown there. */
export interface Answer {
  readonly hawser: "answer";
  readonly number: number;
  readonly found: boolean;
  readonly error?: string | undefined;
  /** It was a LimitError. */
  readonly limited?: boolean | undefined;
}

/** Asks for a call. */
export interface Asked {
  readonly hawser: "call";
  readonly number: number;
  readonly call: Call;
}

/** How connections are closed, and when it has to be over. Milliseconds. */
export interface Leave {
  readonly code: number;
  readonly reason: string;
  /** The Closes are spread over so much time. */
  readonly spread: number;
  readonly deadline: number;
  /** Handshakes that are under way may take so long still. */
  readonly handshakes: number;
}

/** With a socket beside it, over the channel that `fork` opens. */
export interface Handed {
  readonly hawser: "socket";
  readonly number: number;
}

/** The answer to that, over the same channel: the socket is the member's own now. */
export interface Taken {
  readonly hawser: "taken";
  readonly number: number;
}

/** What a module, or what it threw, looks like from another process. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** From the primary to a member. */
export type ToMember =
  /** The first: what to run, as member number so and so. */
  | {
      readonly hawser: "begin";
      readonly member: number;
      readonly url: string;
      readonly module: string;
      readonly options: unknown;
      /** Names of options that could not be copied. */
      readonly missing: readonly string[];
    }
  | Asked
  | Answer
  /** Close all connections, and exit. `handed`: sockets that are its own, or about to come. */
  | ({ readonly hawser: "leave"; readonly handed: number } & Leave)
  | { readonly hawser: "tls"; readonly context: SecureContextOptions };

/** From a member to the primary. */
export type FromMember =
  | { readonly hawser: "ready" }
  | { readonly hawser: "failed"; readonly failure: Failure }
  | Beat
  | Asked
  | Answer;

/** A member lives. */
export interface Beat {
  readonly hawser: "beat";
  readonly counts: MemberCounts;
  /** Sockets that it was handed so far. */
  readonly taken: number;
  /** Those of them that are not closed. */
  readonly open: number;
  /** It has no memory for more. */
  readonly tight: boolean;
}

/** Whether something is a message of ours: applications may use the channel for theirs. */
export function isHanded(message: unknown): message is Handed {
  return wordOf(message) === "socket";
}

export function isTaken(message: unknown): message is Taken {
  return wordOf(message) === "taken";
}

/** On the bus there is nobody else. */
export function isToMember(message: unknown): message is ToMember {
  return wordOf(message) !== undefined;
}

export function isFromMember(message: unknown): message is FromMember {
  return wordOf(message) !== undefined;
}

function wordOf(message: unknown): unknown {
  return typeof message === "object" && message !== null ? Reflect.get(message, "hawser") : undefined;
}
