// What an application gives: a session, or a handler with hooks.

import type { ReceivedBy } from "../accept/accept-stream.ts";
import type { AcceptOptions } from "../accept/admission.ts";
import type { Refused } from "../accept/refusal.ts";
import { checkedList, type VersionOptions } from "../accept/versions.ts";
import type { CloseReport } from "../connection/close-report.ts";
import type { Connection, Message } from "../connection/connection.ts";
import type { UpgradeRequest } from "../handshake/upgrade-request.ts";
import { describe } from "../wire/errors.ts";
import { checkNames, checkOneOf } from "../wire/options.ts";
import type { Kind } from "../wire/wire.ts";

/** What a connection receives where `accepts` may or may not have been given. */
export type Received<Accepts extends Kind> = Kind extends Accepts ? Message : ReceivedBy<Accepts>;

/**
 * One function that owns a connection: when it returns, the connection is closed with 1000; when it throws, with 1011.
 *
 * Declared as a method is, so that a session for a narrower connection can stand in a list of sessions.
 */
export type Session<Accepts extends Kind = Kind, State = unknown> = {
  session(ws: Connection<Received<Accepts>, State>): unknown;
}["session"];

/** What an `upgrade` hook says yes with. */
export interface UpgradeAnswer<State> extends AcceptOptions {
  /** Becomes `ws.state`. */
  readonly state?: State;
}

/** What an `upgrade` hook returns: an answer, `refuse(…)`, or nothing for a plain yes. */
// `void` lets a hook that only looks at the request end without a return.
// biome-ignore lint/suspicious/noConfusingVoidType: the return type of a callback, where void and undefined differ
export type UpgradeResult<State> = UpgradeAnswer<State> | Refused | undefined | void;

/** Accepts or refuses a request, and chooses. */
export type UpgradeHook<State> = (
  request: UpgradeRequest,
) => UpgradeResult<State> | Promise<UpgradeResult<State>>;

/**
 * Hooks for the events of a connection, or a session, with what they need to know of the request first.
 *
 * The hooks of one connection run one at a time, in order; one that returns a promise holds the next until it is settled.
 * What a hook throws or rejects with ends that connection with 1011 and goes to `onError`.
 */
export interface Handler<Accepts extends Kind = Kind, State = unknown> {
  /** The only kind of message that is welcome; the other ends the connection with 1003. Default: as the server's option says. */
  readonly accepts?: Accepts | undefined;
  /** As the server's options of these names, which they replace. */
  readonly versions?: VersionOptions["versions"];
  readonly ambiguous?: VersionOptions["ambiguous"];
  /** Accepts or refuses; throwing `refuse(…)` refuses too, and throwing anything else answers 500. Default: accepts. */
  upgrade?(request: UpgradeRequest): UpgradeResult<State> | Promise<UpgradeResult<State>>;
  /** Owns the connection, instead of the hooks below. */
  session?(ws: Connection<Received<Accepts>, State>): unknown;
  /** The connection is open. Messages wait until this is done. */
  open?(ws: Connection<Received<Accepts>, State>): unknown;
  /** A message came. Without this hook, messages are read and dropped. */
  message?(ws: Connection<Received<Accepts>, State>, message: Received<Accepts>): unknown;
  /** The connection has ended, and every message was handled. Runs last, always once if `open` was to run. */
  close?(ws: Connection<Received<Accepts>, State>, report: CloseReport): unknown;
}

const handlerNames = [
  "accepts",
  "versions",
  "ambiguous",
  "upgrade",
  "session",
  "open",
  "message",
  "close",
] as const;

/**
 * Returns the handler as it is, once it is checked; its use is in the types, which follow from the `upgrade` hook and `accepts`.
 *
 * @throws TypeError for a name that is no hook, a hook that is no function, or a session beside hooks
 */
export function defineHandler<Accepts extends Kind = Kind, State = unknown>(
  handler: Handler<Accepts, State>,
): Handler<Accepts, State> {
  checkHandler("the handler", handler);
  return handler;
}

/** @throws TypeError as `defineHandler` does */
export function checkHandler(where: string, handler: object): asserts handler is Handler {
  checkNames(where, handler, handlerNames);
  const hooks = new Map<string, unknown>(Object.entries(handler).filter(([, hook]) => hook !== undefined));
  checkOneOf(`accepts of ${where}`, hooks.get("accepts"), ["text", "binary"]);
  if (hooks.has("versions")) checkedList(hooks.get("versions"));
  for (const name of ["accepts", "versions", "ambiguous"]) hooks.delete(name);
  for (const [name, hook] of hooks) {
    if (typeof hook === "function") continue;
    throw new TypeError(`${name} of ${where} must be a function, not ${describe(hook)}`);
  }
  if (!hooks.has("session")) return;
  if (hooks.has("open") || hooks.has("message") || hooks.has("close")) {
    throw new TypeError(
      `${where} has a session, which owns the connection: it cannot have open, message or close too`,
    );
  }
}
