// The close report: who ended a connection, in which phase, why, and after how much.
import type { LimitError, ProtocolError } from "../wire/errors.ts";
import { isError } from "../wire/errors.ts";
import type { CloseFrame, WireEnd, WireEndCause } from "../wire/wire.ts";
import type { Traffic } from "./traffic.ts";

/**
 * Why a connection ended.
 *
 * - `close`: by a closing handshake, whoever began it
 * - `close-timeout`: our Close was not answered within `timeouts.close`
 * - `lost`: the transport ended or broke without a Close
 * - `protocol`: the peer broke a rule of its wire version
 * - `limit`: one of `limits` was passed; `limit` names it
 * - `timeout`: one of `timeouts` ran out; `limit` names it
 * - `keepalive`: a ping was not answered within `timeouts.pong`
 * - `fault`: a handler of ours threw
 * - `terminated`: `terminate()` was called
 */
export type CloseCause = Exclude<WireEndCause, "failed"> | "fault" | "terminated";

/** Everything that is known of how a connection ended. */
export interface CloseReport extends Traffic {
  /** The close code (RFC 6455 §7.1.5): the peer's, or ours where we failed the connection; 1005 for none, 1006 without a closing handshake. */
  readonly code: number;
  /** The reason that came with the code; "" for none. */
  readonly reason: string;
  /** Both ends sent a Close, and neither because it had to. */
  readonly clean: boolean;
  /** Which end began it. */
  readonly initiator: "local" | "peer";
  /** What phase the connection was in when that which ended it happened. */
  readonly phase: "open" | "closing";
  readonly cause: CloseCause;
  /** The option that was hit, as `limits.message`, where the cause is a limit or a timeout. */
  readonly limit: string | undefined;
  /** The violation, the limit, the fault or the transport's error behind it, if there is one. */
  readonly error: unknown;
  /** The Close frames that travelled. */
  readonly sent: CloseFrame | undefined;
  readonly received: CloseFrame | undefined;
  /** Messages that `send` did not accept because the connection was not open, and bytes that were accepted and never taken by the system. */
  readonly unsent: { readonly messages: number; readonly bytes: number };
  /** Milliseconds from the last byte of the peer to the end. */
  readonly idle: number;
  /** Milliseconds from open to the end. */
  readonly duration: number;
}

/** A cause that lies outside the machine and explains its end better. */
export interface OuterCause {
  readonly cause: CloseCause;
  readonly limit?: string | undefined;
  readonly error: unknown;
}

/** What was counted. */
export type CloseCounts = Pick<CloseReport, "phase" | "unsent" | "idle" | "duration" | "bytes" | "messages">;

/** Puts together what the machine, the transport and the counters know. */
export function closeReport(end: WireEnd, outer: OuterCause | undefined, counts: CloseCounts): CloseReport {
  const cause = outer?.cause ?? (end.cause === "failed" ? "fault" : end.cause);
  return {
    code: end.code,
    reason: end.reason,
    clean: end.clean && cause === "close",
    initiator: cause === "terminated" ? "local" : end.initiator,
    cause,
    limit: outer?.limit ?? limitOf(end.error),
    error: outer?.error ?? end.error,
    sent: end.sent,
    received: end.received,
    ...counts,
  };
}

function limitOf(error: ProtocolError | LimitError | undefined): string | undefined {
  return error !== undefined && "limit" in error ? error.limit : undefined;
}

/** Ends that mean "all was said": 1000, 1001 and no code, each after a whole closing handshake. */
export function isNormal(report: CloseReport): boolean {
  return report.clean && (report.code === 1000 || report.code === 1001 || report.code === 1005);
}

/**
 * The report in words, on one line: `closed by the peer with 1000 "bye", after 12.0 s, 3 messages in, 4 out`.
 *
 * Made for terminals and logs: what of it comes from the peer is quoted, control characters as escapes.
 */
export function describeReport(report: CloseReport): string {
  const { received, sent } = report.messages;
  const seconds = (report.duration / 1000).toFixed(1);
  return `${whatHappened(report)}, after ${seconds} s, ${received} ${received === 1 ? "message" : "messages"} in, ${sent} out`;
}

function whatHappened(report: CloseReport): string {
  const who = report.initiator === "peer" ? "the peer" : "us";
  switch (report.cause) {
    case "close":
      return `closed by ${who} with ${inWords(report)}`;
    case "close-timeout":
      return `closed by us${withSent(report)}, which the peer did not answer in time`;
    case "lost":
      return `lost ${report.phase === "open" ? "without a Close" : `after our Close${withSent(report)}`}${because(report)}`;
    case "protocol":
    case "limit":
    case "timeout":
    case "keepalive":
      return `failed by us${withSent(report)}${because(report)}`;
    case "fault":
      return `closed by us${withSent(report)} after a fault of our own${because(report)}`;
    case "terminated":
      return "terminated by us";
    default:
      return report.cause satisfies never;
  }
}

function withSent({ sent }: CloseReport): string {
  return sent === undefined ? "" : ` with ${inWords(sent)}`;
}

function inWords({ code, reason }: CloseFrame): string {
  if (code === 1005) return "no code";
  return reason === "" ? String(code) : `${code} ${quoted(reason)}`;
}

function quoted(text: string): string {
  return visible(JSON.stringify(text));
}

/** Escapes what makes a terminal do things, line breaks included. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

function because({ error, limit, sent }: CloseReport): string {
  const option = limit === undefined ? "" : ` (${limit})`;
  // What went out as the reason of our Close has been said.
  return isError(error) && error.message !== sent?.reason ? `: ${visible(error.message)}${option}` : option;
}
