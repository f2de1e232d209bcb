// Options of one resource: what of the server's options a handler may replace for its own connections.
import { resolveCompression } from "../handshake/compression.ts";
import { validateOrigins } from "../handshake/origin.ts";
import {
  defaultLimits,
  defaultTimeouts,
  type Limits,
  resolveLimits,
  resolveTimeouts,
  type Timeouts,
} from "../wire/limits.ts";
import { checkBoolean, checkOneOf } from "../wire/options.ts";
import type { Kind } from "../wire/wire.ts";
import { type ConnectionSettings, resolveSubprotocols, type Settings, settingNames } from "./settings.ts";
import { checkedList, resolveVersions, type VersionOptions, type WelcomeVersions } from "./versions.ts";

/** What holds before there is a resource: while a socket waits, and a request is read. */
const serverLimits = ["head", "headers", "memory", "connections", "handshakes"] as const;
const serverTimeouts = ["handshake"] as const;

/** The limits that a resource may have for itself. */
export type ResourceLimits = Omit<Limits, (typeof serverLimits)[number]>;
/** The timeouts that a resource may have for itself. */
export type ResourceTimeouts = Omit<Timeouts, (typeof serverTimeouts)[number]>;

/**
 * What a handler or a behaviour may say for its own connections, in place of the server's option of the same name: whole, but for
 * `limits` and `timeouts`.
 */
export interface ResourceOptions<Accepts extends Kind = Kind>
  extends Pick<
    ConnectionSettings,
    "subprotocols" | "coupled" | "compression" | "origins" | keyof VersionOptions
  > {
  /** The only kind of message that is welcome; the other ends the connection with 1003. */
  readonly accepts?: Accepts | undefined;
  /** One by one: those that are not named here are the server's. */
  readonly limits?: Partial<ResourceLimits> | undefined;
  /** One by one, as well. */
  readonly timeouts?: Partial<ResourceTimeouts> | undefined;
}

/** The names of `ResourceOptions`. */
export const resourceOptionNames: readonly (keyof ResourceOptions)[] = settingNames.filter(
  (name): name is keyof ResourceOptions => name !== "trustProxy" && name !== "clock",
);

/** Only those of an object that are options of a resource. */
export function resourceOptionsOf<Accepts extends Kind>(
  given: ResourceOptions<Accepts>,
): ResourceOptions<Accepts> {
  const { accepts, subprotocols, limits, timeouts, coupled, compression, origins } = given;
  const { versions, ambiguous } = given;
  return {
    ...{ accepts, subprotocols, limits, timeouts, coupled, compression, origins },
    ...{ versions, ambiguous },
  };
}

/**
 * The settings of one resource.
 *
 * @param where how to name it in an error
 * @param base the server's
 * @throws TypeError or RangeError for what is wrong, naming the resource, the option, and what is allowed
 */
export function resourceSettings(where: string, own: ResourceOptions, base: Settings): Settings {
  if (saysNothing(own)) return base;
  const originsOf = own.origins === undefined ? base.originsOf : where;
  return naming(where, () => ({
    ...base,
    ...replaced(own, base),
    ...replacedVersions(own, base),
    originsOf,
  }));
}

/**
 * Checks as much as can be checked before there is a server.
 *
 * @throws TypeError or RangeError as `resourceSettings` does
 */
export function checkResourceOptions(where: string, own: ResourceOptions): void {
  if (saysNothing(own)) return;
  naming(where, () => {
    replaced(own, anyServer);
    if (own.versions !== undefined) checkedList(own.versions);
  });
}

function saysNothing(own: ResourceOptions): boolean {
  return resourceOptionNames.every((name) => own[name] === undefined);
}

/** What a resource replaces, `versions` and `ambiguous` aside. */
type Replaceable = Pick<
  Settings,
  "accepts" | "subprotocols" | "limits" | "timeouts" | "coupled" | "compression" | "origins"
>;

const anyServer: Replaceable = {
  accepts: undefined,
  subprotocols: [],
  limits: defaultLimits,
  timeouts: defaultTimeouts,
  coupled: true,
  compression: undefined,
  origins: undefined,
};

function replaced(own: ResourceOptions, base: Replaceable): Replaceable {
  const { subprotocols, limits, timeouts, compression, origins } = own;
  checkNamesOf("limits", limits, defaultLimits, serverLimits);
  checkNamesOf("timeouts", timeouts, defaultTimeouts, serverTimeouts);
  return {
    accepts: checkOneOf<Kind>("accepts", own.accepts, ["text", "binary"]) ?? base.accepts,
    subprotocols: subprotocols === undefined ? base.subprotocols : resolveSubprotocols(subprotocols),
    limits: resolveLimits(limits, base.limits),
    timeouts: resolveTimeouts(timeouts, base.timeouts),
    coupled: checkBoolean("coupled", own.coupled, base.coupled),
    compression: compression === undefined ? base.compression : resolveCompression(compression, false),
    origins: origins === undefined ? base.origins : validateOrigins(origins),
  };
}

/** What the server says of `ambiguous` holds as far as it means anything for these versions. */
function replacedVersions(own: ResourceOptions, base: Settings): WelcomeVersions {
  const { versions = base.versions, ambiguous } = own;
  const inherited = base.ambiguous;
  const fits = typeof inherited === "function" || (inherited !== undefined && versions.includes(inherited));
  return resolveVersions({ versions, ambiguous: ambiguous ?? (fits ? inherited : undefined) });
}

function checkNamesOf(group: string, given: unknown, all: object, servers: readonly string[]): void {
  // What is no object is found out where the values are.
  if (typeof given !== "object" || given === null) return;
  const allowed = Object.keys(all).filter((name) => !servers.includes(name));
  for (const name of Object.keys(given)) {
    if (servers.includes(name)) {
      throw new TypeError(
        `${group}.${name} holds for a whole server, before it is known which resource is asked for: it goes into the options of serve() or upgrade()`,
      );
    }
    if (!allowed.includes(name)) {
      throw new TypeError(`${group}.${name} does not exist; a resource has ${allowed.join(", ")}`);
    }
  }
}

/** What is wrong is said with the name of the resource in front. */
function naming<Result>(where: string, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (error instanceof RangeError) throw new RangeError(`${where}: ${error.message}`);
    if (error instanceof TypeError) throw new TypeError(`${where}: ${error.message}`);
    throw error;
  }
}
