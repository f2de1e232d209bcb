// The option `compression`, as applications give it at either end: filled in and checked once.
import { describe } from "../wire/errors.ts";
import { checkBoolean, checkNames } from "../wire/options.ts";

/** How messages are compressed (permessage-deflate, RFC 7692). */
export interface CompressionOptions {
  /** Messages below this are sent as they are, in bytes. 1024: what is smaller gains little for the time it takes. */
  readonly threshold?: number | undefined;
  /** How hard to try, from 1 (fastest) to 9. 1. */
  readonly level?: number | undefined;
  /**
   * Each message may refer to those before it: better for many alike, at the price of two windows a connection, and of time.
   * Default false.
   */
  readonly contextTakeover?: boolean | undefined;
  /** The window is 2 to this power, in bytes: 8 to 15. With `contextTakeover` the peer is held to the same. 12 (4 KiB). */
  readonly windowBits?: number | undefined;
  /** How much memory compressing may take while it lasts, from 1 to 9. 4. */
  readonly memLevel?: number | undefined;
}

/** `CompressionOptions`, whole. */
export interface CompressionSettings {
  readonly threshold: number;
  readonly level: number;
  readonly contextTakeover: boolean;
  readonly windowBits: number;
  readonly memLevel: number;
}

/** What holds where nothing else is said. */
export const defaultCompression: CompressionSettings = Object.freeze({
  threshold: 1024,
  level: 1,
  contextTakeover: false,
  windowBits: 12,
  memLevel: 4,
});

/**
 * Fills in the defaults and checks what was given.
 *
 * @returns undefined for no compression
 * @throws TypeError for what is neither true, false nor an object, for a name that is no option, and for a value of another type
 * @throws RangeError for a number that is out of range
 */
export function resolveCompression(given: unknown, byDefault: boolean): CompressionSettings | undefined {
  const wanted = given ?? byDefault;
  if (wanted === false) return undefined;
  if (wanted === true) return defaultCompression;
  if (typeof wanted !== "object") {
    throw new TypeError(
      `compression must be true, false or an object, as { threshold: 512 }, not ${describe(given)}`,
    );
  }
  checkNames("compression", wanted, Object.keys(defaultCompression));
  const { threshold, level, contextTakeover, windowBits, memLevel }: CompressionOptions = wanted;
  return {
    threshold: checkThreshold(threshold),
    level: within("level", level, 1, 9, defaultCompression.level),
    contextTakeover: checkBoolean("compression.contextTakeover", contextTakeover, false),
    windowBits: within("windowBits", windowBits, 8, 15, defaultCompression.windowBits),
    memLevel: within("memLevel", memLevel, 1, 9, defaultCompression.memLevel),
  };
}

function checkThreshold(given: unknown): number {
  if (given === Number.POSITIVE_INFINITY) return given;
  return within("threshold", given, 0, Number.MAX_SAFE_INTEGER, defaultCompression.threshold);
}

function within(name: string, given: unknown, least: number, most: number, byDefault: number): number {
  if (given === undefined) return byDefault;
  if (typeof given !== "number") {
    throw new TypeError(`compression.${name} must be a number, not ${describe(given)}`);
  }
  if (Number.isInteger(given) && given >= least && given <= most) return given;
  const range = most > 15 ? `${least} or above` : `from ${least} to ${most}`;
  throw new RangeError(`compression.${name} must be a whole number ${range}, not ${given}`);
}
