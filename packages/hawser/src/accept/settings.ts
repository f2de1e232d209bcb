// The options that serve, upgrade and acceptStream share: filled in and checked once.
import { checkSubprotocols } from "../handshake/agreement.ts";
import type { CompressionOptions, CompressionSettings } from "../handshake/compression.ts";
import { resolveCompression } from "../handshake/compression.ts";
import type { Origins } from "../handshake/origin.ts";
import { validateOrigins } from "../handshake/origin.ts";
import type { Clock } from "../transport/clock.ts";
import { checkClock } from "../transport/system-clock.ts";
import type { Limits, Timeouts } from "../wire/limits.ts";
import { resolveLimits, resolveTimeouts } from "../wire/limits.ts";
import { checkBoolean, checkOneOf } from "../wire/options.ts";
import type { Kind } from "../wire/wire.ts";
import type { TrustProxy } from "./trust.ts";
import { Trust } from "./trust.ts";
import { resolveVersions, type VersionOptions, type WelcomeVersions } from "./versions.ts";

/** What holds for every connection, wherever it comes from. */
export interface ConnectionSettings extends VersionOptions {
  /** The only kind of message that is welcome; the other ends the connection with 1003. Default: both. */
  readonly accepts?: Kind | undefined;
  /**
   * The best first. A client gets the first of these that it offers, unless the answer of an `upgrade` hook names one; one that
   * offers none of them is accepted without (RFC 6455 §4.2.2). An empty list: nobody gets one. Default: none.
   */
  readonly subprotocols?: readonly string[] | undefined;
  readonly limits?: Partial<Limits> | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Deliver the next message only when what was sent is under `limits.sendMark`. Default true. */
  readonly coupled?: boolean | undefined;
  /** permessage-deflate (RFC 7692) with clients that offer it. Default false. */
  readonly compression?: boolean | CompressionOptions | undefined;
  /** Which web pages may connect, beside the server's own. Default: no others. */
  readonly origins?: Origins | undefined;
  /** The proxies in front, and what they are believed about. Default: none are. */
  readonly trustProxy?: TrustProxy | undefined;
  /** For tests: the clock that all timeouts go by. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** The names of `ConnectionSettings`, for whoever checks options that include them. */
export const settingNames: readonly (keyof ConnectionSettings)[] = [
  "accepts",
  "subprotocols",
  "limits",
  "timeouts",
  "coupled",
  "compression",
  "origins",
  "trustProxy",
  "versions",
  "ambiguous",
  "clock",
];

/** `ConnectionSettings`, whole. */
export interface Settings extends WelcomeVersions {
  readonly accepts: Kind | undefined;
  readonly subprotocols: readonly string[];
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  readonly coupled: boolean;
  readonly compression: CompressionSettings | undefined;
  readonly origins: Origins | undefined;
  /** Whose `origins` those are, in words, where they are not the server's. */
  readonly originsOf?: string | undefined;
  readonly trust: Trust;
  readonly clock: Clock;
}

/** @throws TypeError or RangeError for what is wrong, naming the option and what is allowed */
export function resolveSettings(given: ConnectionSettings): Settings {
  return {
    accepts: checkOneOf("accepts", given.accepts, ["text", "binary"]),
    subprotocols: resolveSubprotocols(given.subprotocols),
    limits: resolveLimits(given.limits),
    timeouts: resolveTimeouts(given.timeouts),
    coupled: checkBoolean("coupled", given.coupled, true),
    compression: resolveCompression(given.compression, false),
    origins: validateOrigins(given.origins),
    trust: new Trust(given.trustProxy),
    ...resolveVersions(given),
    clock: checkClock(given.clock),
  };
}

/** A copy, so that what is checked stays so. */
export function resolveSubprotocols(given: unknown): readonly string[] {
  if (given === undefined) return [];
  checkSubprotocols(given);
  return [...given];
}
