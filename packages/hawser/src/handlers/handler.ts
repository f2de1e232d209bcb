// What an application gives: a session, or a handler with hooks.

import type { ReceivedBy } from "../accept/accept-stream.ts";
import type { AcceptOptions } from "../accept/admission.ts";
import type { Refused } from "../accept/refusal.ts";
import {
  checkResourceOptions,
  type ResourceOptions,
  resourceOptionNames,
} from "../accept/resource-settings.ts";
import type { CloseReport } from "../connection/close-report.ts";
import type { Connection, Message } from "../connection/connection.ts";
import type { RequestParams, UpgradeRequest } from "../handshake/upgrade-request.ts";
import { describe } from "../wire/errors.ts";
import { checkNames } from "../wire/options.ts";
import type { Kind } from "../wire/wire.ts";
import { at, checkOwnPath, type PathParams } from "./path.ts";

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
export type UpgradeHook<State, Params extends RequestParams = RequestParams> = (
  request: UpgradeRequest<Params>,
) => UpgradeResult<State> | Promise<UpgradeResult<State>>;

/**
 * Hooks for the events of a connection, or a session, with what they need to know of the request first.
 *
 * The hooks of one connection run one at a time, in order; one that returns a promise holds the next until it is settled.
 * What a hook throws or rejects with ends that connection with 1011 and goes to `onError`.
 *
 * @typeParam Params what its path matches
 */
export interface Handler<
  Accepts extends Kind = Kind,
  State = unknown,
  Params extends RequestParams = RequestParams,
> extends ResourceOptions<Accepts> {
  /** The path that it answers for, and no other. `defineHandler(path, …)` sets it. Default: where it is put. */
  readonly path?: string | undefined;
  /** Accepts or refuses; throwing `refuse(…)` refuses too, and throwing anything else answers 500. Default: accepts. */
  upgrade?(request: UpgradeRequest<Params>): UpgradeResult<State> | Promise<UpgradeResult<State>>;
  /** Owns the connection, instead of the hooks below. */
  session?(ws: Connection<Received<Accepts>, State, Params>): unknown;
  /** The connection is open. Messages wait until this is done. */
  open?(ws: Connection<Received<Accepts>, State, Params>): unknown;
  /** A message came. Without this hook, messages are read and dropped. */
  message?(ws: Connection<Received<Accepts>, State, Params>, message: Received<Accepts>): unknown;
  /** The connection has ended, and every message was handled. Runs last, always once if `open` was to run. */
  close?(ws: Connection<Received<Accepts>, State, Params>, report: CloseReport): unknown;
}

const hookNames = ["upgrade", "session", "open", "message", "close"] as const;
const handlerNames: readonly string[] = [...resourceOptionNames, "path", ...hookNames];

/**
 * Checks a handler and gives it back as it is; the types of `ws` and `message` follow from the `upgrade` hook and `accepts`.
 *
 * With a path in front, `/chat/:room`, it answers for that path only, and the names in it type `request.params`.
 *
 * @returns the handler; with a path, a copy that has it
 * @throws TypeError for a name that is neither hook nor option, a hook that is no function, a session beside hooks, and a path
 *   that is none; TypeError or RangeError for an option that is wrong
 */
export function defineHandler<Accepts extends Kind = Kind, State = unknown>(
  handler: Handler<Accepts, State>,
): Handler<Accepts, State>;
export function defineHandler<const Path extends string, Accepts extends Kind = Kind, State = unknown>(
  path: Path,
  handler: Handler<Accepts, State, PathParams<Path>>,
): Handler<Accepts, State, PathParams<Path>> & { readonly path: Path };
export function defineHandler(first: string | Handler, second?: Handler): Handler {
  if (typeof first === "string") return at(first, second, "handler", checkHandler);
  checkHandler("the handler", first);
  return first;
}

/** @throws TypeError or RangeError as `defineHandler` does */
export function checkHandler(where: string, handler: object): asserts handler is Handler {
  checkNames(where, handler, handlerNames);
  const given = new Map<string, unknown>(Object.entries(handler));
  checkResourceOptions(where, handler);
  checkOwnPath(where, given.get("path"));
  const hooks = new Set(hookNames.filter((name) => given.get(name) !== undefined));
  for (const name of hooks) {
    const hook = given.get(name);
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
