// What a machine is made of, and the part of it that all connections of a server have in common.
import type { Codec } from "../codec.ts";
import type { Framing } from "../framing.ts";
import { defaultLimits, defaultTimeouts, type Limits, type Timeouts } from "../limits.ts";
import type { Kind, Role, Sink } from "../wire.ts";
import { rfc6455 } from "./framing.ts";

/** What a machine is made of. Time and randomness come in as arguments, so that every byte can be foretold. */
export interface WireOptions {
  readonly role: Role;
  readonly sink: Sink;
  /** Now, on the clock that all later calls use. */
  readonly now: number;
  /** Four unpredictable bytes for each frame of a client (RFC 6455 §5.3). Not called for a server. */
  readonly maskKey?: () => number;
  /** From 0 to 1: where in the second half of `timeouts.keepalive` the first ping goes out. Default 0.5. */
  readonly jitter?: number;
  /** The only kind of message that is welcome; the other ends the connection with 1003. Default: both are. */
  readonly accepts?: Kind | undefined;
  /** Checked values, as `resolveLimits` gives them. */
  readonly limits?: Pick<Limits, "message" | "rate">;
  /** Checked values, as `resolveTimeouts` gives them. */
  readonly timeouts?: WireTimeouts;
  /** If permessage-deflate was agreed on (RFC 7692). With context takeover it is of this connection alone. */
  readonly codec?: Codec | undefined;
  /** How messages lie on the wire. Default: as RFC 6455 has it. */
  readonly framing?: Framing | undefined;
}

/** The options that do not differ between the connections of a server. */
export interface Settings {
  readonly role: Role;
  /** Undefined for a server. */
  readonly maskKey: (() => number) | undefined;
  readonly accepts: Kind | undefined;
  readonly limits: Pick<Limits, "message" | "rate">;
  readonly timeouts: WireTimeouts;
  readonly framing: Framing;
}

type WireTimeouts = Pick<Timeouts, "keepalive" | "pong" | "close" | "message" | "idle">;

/** Connections that open together mostly have the same: one reference each instead of five. */
let latest: Settings | undefined;

/**
 * The settings among the options.
 *
 * @throws TypeError for a client without `maskKey`
 */
export function settingsOf(options: WireOptions): Settings {
  const { role, accepts, limits = defaultLimits, framing = rfc6455 } = options;
  const given: WireTimeouts = options.timeouts ?? defaultTimeouts;
  const timeouts = framing.can.ping ? given : withoutPing(given);
  const maskKey = role === "client" ? options.maskKey : undefined;
  if (role === "client" && maskKey === undefined) {
    throw new TypeError(
      "a client needs maskKey: its frames are masked with keys that nobody can foretell (RFC 6455 §5.3)",
    );
  }
  if (
    latest === undefined ||
    latest.role !== role ||
    latest.maskKey !== maskKey ||
    latest.accepts !== accepts ||
    latest.limits !== limits ||
    latest.timeouts !== timeouts ||
    latest.framing !== framing
  ) {
    latest = { role, maskKey, accepts, limits, timeouts, framing };
  }
  return latest;
}

/** Where no ping can find out whether the peer is still there, so long without a message means that it is not. */
const IDLE_WITHOUT_PING = 60 * 60 * 1000;

const pingless = new WeakMap<WireTimeouts, WireTimeouts>();

/** An idle timeout in place of keepalive, unless both are off. */
function withoutPing(given: WireTimeouts): WireTimeouts {
  const known = pingless.get(given);
  if (known !== undefined) return known;
  const off = Number.POSITIVE_INFINITY;
  const idle = given.idle === off && given.keepalive !== off ? IDLE_WITHOUT_PING : given.idle;
  const made = { ...given, keepalive: off, idle };
  pingless.set(given, made);
  return made;
}
