// What an application gives for a connection: a session, a handler with hooks, or a behaviour; wherever one of them is taken, all are.
import { resourceOptionsOf } from "../accept/resource-settings.ts";
import { describe } from "../wire/errors.ts";
import type { Kind } from "../wire/wire.ts";
import { type Behaviour, checkBehaviour, isBehaviour } from "./behaviour.ts";
import { checkHandler, type Handler, type Session } from "./handler.ts";

/** A session, a handler or a behaviour. */
export type Application<Accepts extends Kind = Kind, State = unknown> =
  | Session<Accepts, State>
  | Handler<Accepts, State>
  | Behaviour<Accepts, unknown, State>;

/** Any of the three in one form: hooks, or in their place a behaviour. */
export interface CheckedHandler extends Handler {
  readonly behaviour?: Behaviour | undefined;
}

/**
 * A session, a handler or a behaviour in one form.
 *
 * @param where how to name it in an error
 * @throws TypeError or RangeError for what is none of them, or a wrong one
 */
export function toHandler(where: string, given: unknown): CheckedHandler {
  if (isSession(given)) {
    // Called as a function, a class would throw at every connection.
    if (/^class\b/.test(Function.prototype.toString.call(given))) {
      throw new TypeError(
        `${where} is a class: give one of its instances, as new ${given.name || "Handler"}()`,
      );
    }
    return { session: given };
  }
  if (typeof given !== "object" || given === null) {
    throw new TypeError(
      `${where} must be a session (a function), a handler (an object with hooks) or a behaviour (one with init and handle), not ${describe(given)}`,
    );
  }
  if (!isBehaviour(given)) {
    checkHandler(where, given);
    return given;
  }
  checkBehaviour(where, given);
  return {
    ...resourceOptionsOf(given),
    path: given.path,
    // As a method of the behaviour: it may use `this`.
    ...(given.upgrade && { upgrade: (request) => given.upgrade?.(request) }),
    behaviour: given,
  };
}

function isSession(given: unknown): given is Session {
  return typeof given === "function";
}
