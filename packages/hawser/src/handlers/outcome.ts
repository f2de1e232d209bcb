// Outcomes: what a behaviour answers an event with. Values, so that a test can look at them without a connection.
import type { Sendable } from "../connection/bytes.ts";

/** What is to be done, beside keeping the state. */
export type Action =
  | { readonly type: "noreply" }
  | { readonly type: "reply"; readonly data: Sendable }
  | { readonly type: "ping" | "pong"; readonly data: string | Uint8Array | undefined }
  | { readonly type: "close"; readonly code: number | undefined; readonly reason: string | undefined };

const nothing: Action = { type: "noreply" };

/** One outcome. Made by `noreply`, `reply`, `ping`, `pong` and `close`, and by nothing else. */
export class Outcome<State> {
  readonly action: Action;
  /** What the next event is handled with. */
  readonly state: State;

  /** @internal Use the functions below. */
  constructor(action: Action, state: State) {
    this.action = action;
    this.state = state;
  }
}

/** What `handle` returns: one outcome, or several, which are done in order. The last one's state is kept. */
export type Outcomes<State> = Outcome<State> | readonly [Outcome<State>, ...Outcome<State>[]];

/** Keeps the state and does nothing else. */
export function noreply<State>(state: State): Outcome<State> {
  return new Outcome(nothing, state);
}

/** Sends one message: a string as text, bytes in any form as binary. */
export function reply<State>(data: Sendable, state: State): Outcome<State> {
  return new Outcome({ type: "reply", data }, state);
}

/** Sends a ping of at most 125 bytes. Its answer comes as an event. */
export function ping<State>(state: State, data?: string | Uint8Array): Outcome<State> {
  return new Outcome({ type: "ping", data }, state);
}

/** Sends a pong of at most 125 bytes: the answer to a ping where `autoPong` is false, or an unsolicited one. */
export function pong<State>(state: State, data?: string | Uint8Array): Outcome<State> {
  return new Outcome({ type: "pong", data }, state);
}

/**
 * Starts the closing handshake. What comes after that is dropped, until `end`.
 *
 * @param code as for `ws.close`. Default 1000
 */
export function close<State>(state: State, code?: number, reason?: string): Outcome<State> {
  return new Outcome({ type: "close", code, reason }, state);
}
