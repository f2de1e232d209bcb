// Pool: what can be done from any process of one.
import type { Sendable } from "../connection/bytes.ts";
import { describe } from "../wire/errors.ts";
import { checkNames } from "../wire/options.ts";
import { checkClose } from "../wire/rfc6455/close-code.ts";
import type { Leave } from "./messages.ts";

/** Finds connections by their `id`, wherever in the pool they are. */
export interface Pool {
  /** Where clients connect to. */
  readonly url: string;
  /**
   * Sends to the connection of this id.
   *
   * @returns whether it was there, and open
   * @throws (rejects with) TypeError for what is no message; LimitError if 10,000 calls, or 16 MiB of them, are under way to that
   *   connection's process, or from this one to the primary; Error with what `ws.send` threw
   */
  send(id: string, data: Sendable): Promise<boolean>;
  /**
   * Gives a value to the behaviour of this connection, as `ws.notify` does: a structured clone.
   *
   * @returns whether the connection was there, and open
   * @throws (rejects with) an Error for what cannot be cloned, and for a connection that no behaviour runs; and as `send`
   */
  notify(id: string, value: unknown): Promise<boolean>;
  /**
   * Begins the closing handshake of this connection.
   *
   * @param code default 1000
   * @returns whether it was there, and open
   * @throws (rejects with) TypeError or RangeError for a code or reason that may not be sent, and as `send`
   */
  close(id: string, code?: number, reason?: string): Promise<boolean>;
}

/** How a pool ended. */
export interface PoolReport {
  /** Why it stopped by itself; undefined if it was shut down. */
  readonly error: Error | undefined;
}

/** How connections are closed when a pool shuts down, or restarts its members. */
export interface LeaveOptions {
  /** The close code. Default: 1001 "going away" on shutting down, 1012 "service restart" on reloading. */
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  /** Milliseconds for the closing handshakes; whoever is late is dropped. Default 5 s. Each has `timeouts.close` at most. */
  readonly deadline?: number | undefined;
  /** Milliseconds over which the Closes are spread, so that not all clients come back at once. Default: 0 on shutting down, 5 s on reloading. */
  readonly spread?: number | undefined;
}

/** @throws TypeError or RangeError for what is wrong */
export function resolveLeave(
  where: string,
  given: LeaveOptions,
  defaults: Pick<Leave, "code" | "spread"> & { readonly patient: boolean },
): Leave {
  checkNames(where, given, ["code", "reason", "deadline", "spread"]);
  const { code = defaults.code, reason = "", deadline = 5000, spread = defaults.spread } = given;
  checkClose(code, reason);
  return {
    code,
    reason,
    deadline: checkTime("deadline", deadline),
    spread: checkTime("spread", spread),
    handshakes: defaults.patient ? deadline / 2 : Math.min(HASTE, deadline),
  };
}

/** Who shuts down waits for no slow client to ask for something, but for one whose request is about to come. */
const HASTE = 500;
/** Timers of Node wait for no longer than 24 days, and here are two of them in one. */
const LONGEST = 1_000_000_000;

function checkTime(name: string, given: unknown): number {
  if (typeof given === "number" && given >= 0 && given <= LONGEST) return given;
  throw new RangeError(
    `${name} must be a number of milliseconds from 0 to ${LONGEST}, not ${describe(given)}`,
  );
}
