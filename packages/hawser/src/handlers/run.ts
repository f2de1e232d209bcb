// run: drives a session, a handler or a behaviour on one connection, to its end.
import { type PendingHandshake, waitingOf } from "../accept/accept-stream.ts";
import type { CloseReport } from "../connection/close-report.ts";
import type { AnyConnection, Message } from "../connection/connection.ts";
import { Connection, keepHeaders, pumpOf } from "../connection/connection.ts";
import type { Consumer, Item } from "../connection/inbox.ts";
import { quote } from "../handshake/field-syntax.ts";
import type { RequestParams } from "../handshake/upgrade-request.ts";
import { describe } from "../wire/errors.ts";
import { checkNames } from "../wire/options.ts";
import type { Kind } from "../wire/wire.ts";
import { answer } from "./answer.ts";
import { type Application, type CheckedHandler, toHandler } from "./application.ts";
import type { BehaviourInfo } from "./behaviour.ts";
import { BehaviourRun } from "./behaviour-run.ts";
import { endByFault } from "./fault.ts";
import type { Handler } from "./handler.ts";
import { PathPattern } from "./path.ts";
import type { RunOptions } from "./run-options.ts";

/**
 * What runs on a connection: a session, or a handler, that takes what this connection receives and holds.
 *
 * The hooks are spelt out as properties, where those of `Handler` are methods, so that one for text is not taken for one for
 * both kinds.
 */
export type Runnable<Incoming extends Message, State, Params extends RequestParams = RequestParams> =
  | ((ws: Connection<Incoming, State>) => unknown)
  | {
      readonly accepts?: Kind | undefined;
      readonly upgrade?: unknown;
      readonly session?: (ws: Connection<Incoming, State, Params>) => unknown;
      readonly open?: (ws: Connection<Incoming, State, Params>) => unknown;
      readonly message?: (ws: Connection<Incoming, State, Params>, message: Incoming) => unknown;
      readonly close?: (ws: Connection<Incoming, State, Params>, report: CloseReport) => unknown;
    }
  | {
      readonly accepts?: Kind | undefined;
      readonly upgrade?: unknown;
      readonly init: (info: BehaviourInfo<Incoming, State, Params>) => unknown;
      readonly handle: unknown;
    };

/**
 * Answers a request of `acceptStream` as the handler's path, options and `upgrade` hook say, and runs it on the connection.
 *
 * `origins` and `versions` of the handler come on top of those of `acceptStream`, by which the request was judged already.
 *
 * @returns the close report, as below; undefined if the request was refused, or nobody was left to be answered
 * @throws TypeError for what is neither a session, a handler nor a behaviour, TypeError or RangeError for wrong options, and Error
 *   if the request was answered before; all of it at once
 */
export function run<Accepts extends Kind = Kind, State = undefined>(
  pending: PendingHandshake,
  handler: Application<Accepts, State>,
  options?: RunOptions,
): Promise<CloseReport | undefined>;
/**
 * Runs a session, a handler or a behaviour on a connection, at either end.
 *
 * Its `upgrade` hook and its options have no part in this, since the handshake is over, but for `accepts` and a path: that must be
 * the one of the connection's request, and fills in `request.params`. A connection that has asked for another path ends with 1011.
 *
 * @returns the close report, when the connection has ended and the last hook is done. Never rejects because of the handler:
 *   what it throws ends the connection with 1011 and goes to `onError`.
 * @throws TypeError for what is neither a session, a handler nor a behaviour, and for a handler whose `accepts` is not that of the
 *   connection; Error if hooks run on this connection already; all of it at once
 */
export function run<Incoming extends Message, State, Params extends RequestParams = RequestParams>(
  ws: Connection<Incoming, State>,
  handler: Runnable<NoInfer<Incoming>, NoInfer<State>, Params>,
  options?: RunOptions,
): Promise<CloseReport>;
export function run(
  target: AnyConnection | PendingHandshake,
  handler: unknown,
  options: RunOptions = {},
): Promise<CloseReport | undefined> {
  checkOptions(options);
  if (target instanceof Connection) return runOn(target, checkedFor(target, handler), options);
  const given = toHandler("the handler of run()", handler);
  const waiting = waitingOf(target);
  if (waiting === undefined) {
    throw new TypeError(`run() takes a connection, or a request of acceptStream(), not ${describe(target)}`);
  }
  return answer(waiting, given, options).then((ws) => ws && runOn(ws, given, options));
}

function checkedFor(ws: AnyConnection, handler: unknown): CheckedHandler {
  const given = toHandler("the handler of run()", handler);
  const { accepts } = pumpOf(ws);
  if (given.accepts !== undefined && given.accepts !== accepts) {
    throw new TypeError(
      `the handler of run() accepts only ${given.accepts}, and this connection ${accepts === undefined ? "both kinds" : `only ${accepts}`}`,
    );
  }
  return atItsPath(ws, given);
}

function runOn(ws: AnyConnection, handler: CheckedHandler, options: RunOptions): Promise<CloseReport> {
  if (handler.session !== undefined) return runSession(ws, handler, options);
  const { behaviour } = handler;
  const hooks = behaviour ? new BehaviourRun(ws, behaviour, options) : new HookRun(ws, handler, options);
  const done = new Promise<CloseReport>((resolve) => {
    hooks.onDone = resolve;
  });
  hooks.start();
  return done;
}

/** The path of a request is the peer's to choose: that it is another one must not throw at whoever runs the handler. */
function atItsPath(ws: AnyConnection, handler: CheckedHandler): CheckedHandler {
  if (handler.path === undefined) return handler;
  const { request } = ws;
  const params = new PathPattern(handler.path).match(request.path);
  if (params === undefined) {
    const mistake = `the handler of run() is for "${handler.path}", and the connection has asked for ${quote(request.path)}`;
    return { session: () => Promise.reject(new TypeError(mistake)) };
  }
  request.params = params;
  return handler;
}

function checkOptions(options: RunOptions): void {
  checkNames("run()", options, ["onError", "keep"]);
  const { onError, keep } = options;
  if (onError !== undefined && typeof onError !== "function")
    throw new TypeError(`onError must be a function, not ${describe(onError)}`);
  if (keep !== undefined && !(Array.isArray(keep) && keep.every((name) => typeof name === "string")))
    throw new TypeError(`keep must be an array of header names, not ${describe(keep)}`);
}

/** As `run`, for a handler and options that are checked already, and for nobody who waits. */
export function drive(ws: AnyConnection, handler: CheckedHandler, options: RunOptions): void {
  if (handler.behaviour !== undefined) new BehaviourRun(ws, handler.behaviour, options).start();
  else if (handler.session === undefined) new HookRun(ws, handler, options).start();
  else void runSession(ws, handler, options);
}

/** Not an async function: its frame would wait beside that of the session for as long as the connection lives. */
function runSession(ws: AnyConnection, handler: Handler, options: RunOptions): Promise<CloseReport> {
  const failed = (error: unknown): Promise<CloseReport> => {
    endByFault(ws, error, options.onError);
    return ws.closed;
  };
  try {
    const pending = handler.session?.(ws);
    keepHeaders(ws, options.keep ?? []);
    return Promise.resolve(pending).then(() => ws.close(1000), failed);
  } catch (error) {
    return failed(error);
  }
}

/** Hooks, one at a time. */
class HookRun implements Consumer {
  readonly #ws: AnyConnection;
  readonly #handler: Handler;
  readonly #options: RunOptions;
  /** Called when the connection has ended and the last hook is done. */
  onDone: ((report: Promise<CloseReport>) => void) | undefined;

  constructor(ws: AnyConnection, handler: Handler, options: RunOptions) {
    this.#ws = ws;
    this.#handler = handler;
    this.#options = options;
  }

  start(): void {
    pumpOf(this.#ws).inbox.claim(this);
    const opening = this.#call(() => this.#handler.open?.(this.#ws));
    if (opening === undefined) this.#opened();
    else void opening.then(() => this.#opened());
  }

  take(item: Item): PromiseLike<void> | undefined {
    if (this.#handler.message === undefined || !isWhole(item)) return undefined;
    // The body of #call once more, without its closure: this is the hot path.
    try {
      const pending = this.#handler.message(this.#ws, item);
      return isPromiseLike(pending) ? this.#settled(pending) : undefined;
    } catch (error) {
      this.#fault(error);
      return undefined;
    }
  }

  finished(): void {
    const { report } = pumpOf(this.#ws);
    const closing = report && this.#call(() => this.#handler.close?.(this.#ws, report));
    const done = () => this.onDone?.(this.#ws.closed);
    if (closing === undefined) done();
    else void closing.then(done);
  }

  #opened(): void {
    keepHeaders(this.#ws, this.#options.keep ?? []);
    const { inbox } = pumpOf(this.#ws);
    // Not before: the open hook may receive messages by itself.
    if (this.#handler.message === undefined) inbox.discard();
    inbox.begin();
  }

  /** Runs a hook. Returns a promise that never rejects if the hook is not done yet. */
  #call(hook: () => unknown): PromiseLike<void> | undefined {
    try {
      const pending = hook();
      return isPromiseLike(pending) ? this.#settled(pending) : undefined;
    } catch (error) {
      this.#fault(error);
      return undefined;
    }
  }

  /** Not `pending.then`: what calls itself a promise need not return one. */
  #settled(pending: PromiseLike<unknown>): PromiseLike<void> {
    return Promise.resolve(pending).then(
      () => undefined,
      (error: unknown) => this.#fault(error),
    );
  }

  #fault(error: unknown): void {
    // What still waits is not for a handler that has failed.
    pumpOf(this.#ws).inbox.discard();
    endByFault(this.#ws, error, this.#options.onError);
  }
}

function isWhole(item: Item): item is Message {
  return typeof item === "string" || item instanceof Uint8Array;
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
