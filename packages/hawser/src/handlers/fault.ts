// Faults: what a handler of the application throws, and where that goes.
import { inspect } from "node:util";
import { handlerFault } from "../connection/channels.ts";
import { ConnectionClosedError } from "../connection/closed-error.ts";
import { type AnyConnection, pumpOf } from "../connection/connection.ts";
import { warnOnce } from "../transport/warn.ts";
import { isError } from "../wire/errors.ts";

/**
 * Hears of what a handler threw or rejected with. The connection has been closed with 1011 by then, the request answered 500.
 *
 * @param connection undefined for a fault in an `upgrade` hook
 */
export type ErrorHook = (error: unknown, connection: AnyConnection | undefined) => unknown;

/** Tells the diagnostics channel, and `onError`; without one, stderr, once a cause. Never throws. */
export function reportFault(
  error: unknown,
  connection: AnyConnection | undefined,
  onError: ErrorHook | undefined,
): void {
  if (handlerFault.hasSubscribers) handlerFault.publish({ connection, error });
  if (onError === undefined) {
    warnOnFault("a handler", error);
    return;
  }
  try {
    const pending = onError(error, connection);
    if (pending instanceof Promise) pending.catch((second: unknown) => warnOnFault("onError", second));
  } catch (second) {
    warnOnFault("onError", second);
  }
}

function warnOnFault(who: string, error: unknown): void {
  warnOnce(`${who} ${placeOf(error)}`, `${who} threw: ${inWords(error)}`);
}

/**
 * The same line of the same file is the same cause, whatever the message says of the moment: a peer may have a hand in that,
 * and must not use up the causes there are. What has no stack counts by its type.
 */
function placeOf(thrown: unknown): string {
  if (!isError(thrown)) return typeof thrown;
  const { message, stack } = thrown;
  if (typeof message !== "string" || typeof stack !== "string") return "an error without a stack";
  const frames = stack.slice(stack.indexOf(message) + message.length);
  return /^\s+at .*/m.exec(frames)?.[0] ?? "an error without a stack";
}

/** An error with its stack and its causes; anything else as Node shows it. Never throws, whatever was thrown. */
function inWords(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return "something that cannot be shown";
  }
}

/** Ends a connection whose handler threw, and tells of it. */
export function endByFault(ws: AnyConnection, error: unknown, onError: ErrorHook | undefined): void {
  if (isOwnEnd(ws, error)) return;
  pumpOf(ws).fail(1011, "internal error", { cause: "fault", error });
  reportFault(error, ws, onError);
}

/** The end of a connection, seen by its handler as an error, is no fault: neither its error nor the abort of its signal. */
function isOwnEnd(ws: AnyConnection, error: unknown): boolean {
  if (!isError(error)) return false;
  if (error instanceof ConnectionClosedError) return error.report === pumpOf(ws).report;
  const { signal } = ws;
  return signal.aborted && (error === signal.reason || error.cause === signal.reason);
}
