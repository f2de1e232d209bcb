// The options of a pool: checked once, in the primary; a module is checked where it is loaded, in each member.
import { availableParallelism } from "node:os";
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { serialize } from "node:v8";
import type { ConnectionSettings } from "../accept/settings.ts";
import { resolveSettings, settingNames } from "../accept/settings.ts";
import type { EndpointOptions } from "../serve/options.ts";
import type { ListenPlace } from "../serve/place.ts";
import { checkPlace, checkTls, placeNames } from "../serve/place.ts";
import type { ServeOptions } from "../serve/serve.ts";
import { describe } from "../wire/errors.ts";
import { checkBoolean, checkNames } from "../wire/options.ts";
import { BEAT } from "./messages.ts";

/** How members are looked after. Milliseconds. */
export interface Supervision {
  /** A member that says nothing for so long gets no new connections. Default 3 s; at least 1 s. */
  readonly silent?: number | undefined;
  /** For so long: it is killed and replaced. Default 10 s; at least `silent`. */
  readonly hang?: number | undefined;
  /** For a member to load its module. Default 30 s. */
  readonly start?: number | undefined;
  /** How many replacements a minute are too many: then the pool stops. Default 10 for each member. */
  readonly restarts?: number | undefined;
}

/**
 * Options of `startPool`.
 *
 * What members need of them goes to each as a copy, which functions do not survive: give those where the module itself calls
 * `startPool`.
 */
export interface PoolOptions
  extends Omit<ConnectionSettings, "clock">,
    Omit<ListenPlace, "listener">,
    Pick<EndpointOptions, "keep" | "onError">,
    Pick<ServeOptions, "tls" | "http"> {
  /** The module whose `export default` each member serves: a path, or a URL (`import.meta.url` for this very module). */
  readonly module: string | URL;
  /** How many members. Default "auto": one for each core that this process may use. */
  readonly workers?: number | "auto" | undefined;
  /** Open connections of the whole pool; the next gets 503 with Retry-After. Default: `limits.connections`, which is a member's, times `workers`. */
  readonly connections?: number | undefined;
  readonly supervision?: Supervision | undefined;
  /** SIGTERM and SIGINT shut the pool down, a second one at once; SIGHUP reloads it. Default true. */
  readonly signals?: boolean | undefined;
  /** Flags of node for the members. Default: those of this process. */
  readonly execArgv?: readonly string[] | undefined;
  /** Every member is ready, and the port is open. Called once. */
  readonly onReady?: (() => void) | undefined;
  /** The port is closed, and connections are being closed. Called once. */
  readonly onDraining?: (() => void) | undefined;
}

/** What `serve` takes of them in a member. */
const ofMembers: readonly string[] = [
  ...settingNames.filter((name) => name !== "clock"),
  ...["keep", "onError", "tls", "http"],
];

const names: readonly string[] = [
  ...ofMembers,
  ...placeNames.filter((name) => name !== "listener"),
  ...["module", "workers", "connections", "supervision", "signals", "execArgv", "onReady", "onDraining"],
];

/** Those for the primary, whole. */
export interface PoolSettings {
  readonly module: string;
  readonly workers: number;
  readonly place: ListenPlace;
  readonly connections: number;
  readonly supervision: Required<{ readonly [name in keyof Supervision]: number }>;
  readonly signals: boolean;
  readonly execArgv: readonly string[] | undefined;
  /** TLS is spoken, by the members. */
  readonly secure: boolean;
  /** For the members, as far as they can be copied. */
  readonly memberOptions: Readonly<Record<string, unknown>>;
  /** Names of those that cannot. */
  readonly missing: readonly string[];
  readonly onReady: (() => void) | undefined;
  readonly onDraining: (() => void) | undefined;
}

/** @throws TypeError or RangeError for what is wrong, naming the option and what is allowed */
export function resolvePool(options: PoolOptions): PoolSettings {
  checkNames("startPool()", options, names);
  const { port, host, backlog, socketPath, fd, tls, workers = "auto", connections } = options;
  const place: ListenPlace = { port, host, backlog, socketPath, fd };
  checkPlace("startPool()", place);
  checkTls(tls, place);
  const { limits } = resolveSettings(options);
  const count = workers === "auto" ? availableParallelism() : checkWorkers(workers);
  return {
    module: moduleUrl(options.module),
    workers: count,
    place,
    connections:
      connections === undefined ? count * limits.connections : checkCount("connections", connections),
    supervision: resolveSupervision(options.supervision, count),
    signals: checkBoolean("signals", options.signals, true),
    execArgv: checkFlags(options.execArgv),
    secure: tls !== undefined,
    ...copied(memberOptions(options)),
    onReady: checkFunction("onReady", options.onReady),
    onDraining: checkFunction("onDraining", options.onDraining),
  };
}

/** What `serve` takes of them in a member. */
export function memberOptions(options: PoolOptions): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => ofMembers.includes(name)));
}

/** Those that can be copied to another process, and the names of those that cannot. */
function copied(options: Readonly<Record<string, unknown>>): Pick<PoolSettings, "memberOptions" | "missing"> {
  const entries = Object.entries(options);
  const missing = entries.filter(([, value]) => !canBeCopied(value)).map(([name]) => name);
  return { memberOptions: Object.fromEntries(entries.filter(([name]) => !missing.includes(name))), missing };
}

export function canBeCopied(value: unknown): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}

function moduleUrl(given: unknown): string {
  if (given instanceof URL) return given.href;
  if (typeof given !== "string" || given === "") {
    throw new TypeError(`module must be a path or a URL, as import.meta.url, not ${describe(given)}`);
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(given)) return given;
  return pathToFileURL(isAbsolute(given) ? given : resolve(given)).href;
}

function resolveSupervision(given: Supervision | undefined, workers: number): PoolSettings["supervision"] {
  checkNames("supervision", given, ["silent", "hang", "start", "restarts"]);
  const { silent = 3000, hang = 10_000, start = 30_000, restarts = 10 * workers } = given ?? {};
  if (checkCount("supervision.silent", silent) < 2 * BEAT) {
    throw new RangeError(
      `supervision.silent must be at least ${2 * BEAT}, not ${silent}: members speak every ${BEAT} ms`,
    );
  }
  if (checkCount("supervision.hang", hang) < silent) {
    throw new RangeError(`supervision.hang must be at least supervision.silent, ${silent}, not ${hang}`);
  }
  return {
    silent,
    hang,
    start: checkCount("supervision.start", start),
    restarts: checkCount("supervision.restarts", restarts),
  };
}

/** More processes than this nobody means. */
const MOST_WORKERS = 1024;

function checkWorkers(given: unknown): number {
  const count = checkCount("workers", given);
  if (count <= MOST_WORKERS) return count;
  throw new RangeError(`workers must be a whole number from 1 to ${MOST_WORKERS}, not ${count}`);
}

function checkFlags(given: unknown): readonly string[] | undefined {
  if (given === undefined) return given;
  if (Array.isArray(given) && given.every((flag): flag is string => typeof flag === "string")) return given;
  throw new TypeError(`execArgv must be an array of strings, not ${describe(given)}`);
}

function checkCount(name: string, given: unknown): number {
  if (typeof given !== "number") throw new TypeError(`${name} must be a number, not ${describe(given)}`);
  if (given === Number.POSITIVE_INFINITY || (Number.isSafeInteger(given) && given > 0)) return given;
  throw new RangeError(`${name} must be a whole number above 0, not ${given}`);
}

function checkFunction(name: string, given: (() => void) | undefined): (() => void) | undefined {
  if (given === undefined || typeof given === "function") return given;
  throw new TypeError(`${name} must be a function, not ${describe(given)}`);
}
