// reconnecting: a connection that comes back.
import { random } from "../../transport/randomness.ts";
import type { Kind } from "../../wire/wire.ts";
import { connect } from "../connect.ts";
import type { Connect, ReceivedWith, ReconnectingOptions, ReconnectingUrl } from "./options.ts";
import { resolvePlan } from "./options.ts";
import { ReconnectingConnection } from "./reconnecting-connection.ts";

/**
 * Connects, and connects again when the connection ends, with full-jitter backoff, for as long as trying again makes sense.
 *
 * Delays are at random between nothing and `backoff.initial` × `factor` for each attempt that failed, at most `backoff.max`; where
 * the server says when to come back, not before. No attempt follows our own close, a Close with 1000 or without a code, with 1008
 * or another code that is about this client, an answer with a status of 4xx but 408, 425 and 429, or one that is no WebSocket's.
 *
 * The process is kept alive until all is over.
 *
 * @param url where to connect to, or a function that is asked before each attempt. What the function throws counts as a failed
 *   attempt, and so does an answer that does not come within `timeouts.handshake`
 * @returns at once: messages may be sent and waited for
 * @throws TypeError or RangeError for wrong options
 */
export function reconnecting<Accepts extends Kind = Kind, State = undefined>(
  url: ReconnectingUrl,
  options: ReconnectingOptions<Accepts, State> = {},
): ReconnectingConnection<ReceivedWith<Accepts>, State> {
  return reconnectingBy(connect, random, url, options);
}

/** As `reconnecting`, with what a test replaces. */
export function reconnectingBy<Accepts extends Kind = Kind, State = undefined>(
  connecting: Connect,
  randomness: () => number,
  url: ReconnectingUrl,
  options: ReconnectingOptions<Accepts, State> = {},
): ReconnectingConnection<ReceivedWith<Accepts>, State> {
  return new ReconnectingConnection(resolvePlan(connecting, url, options), randomness);
}
