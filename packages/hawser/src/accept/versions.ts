// Which wire versions are welcome, and what is meant where a request could be of several (`versions`, `ambiguous`).
import { alikeVersions } from "../handshake/legacy/requested-version.ts";
import type { Opening } from "../handshake/opening.ts";
import type { UpgradeRequest } from "../handshake/upgrade-request.ts";
import { describe } from "../wire/errors.ts";
import { allVersions } from "../wire/legacy/framings.ts";
import type { WireVersion } from "../wire/wire.ts";

/** Decides what a request means that could be of several versions. */
export type Ambiguous = WireVersion | ((request: UpgradeRequest) => WireVersion);

/** Options that say which wire versions are welcome. */
export interface VersionOptions {
  /** Which wire versions are welcome (`docs/versions.md`). Default: `["rfc6455"]`. */
  readonly versions?: readonly WireVersion[] | undefined;
  /**
   * What is meant by a request with two keys and no draft number, where more than one of "hixie-76", "whatwg-2010-08" and
   * "hybi-01" is welcome: one of them, or a function of the request that returns one.
   */
  readonly ambiguous?: Ambiguous | undefined;
}

/** `VersionOptions`, whole. */
export interface WelcomeVersions {
  readonly versions: readonly WireVersion[];
  readonly ambiguous: Ambiguous | undefined;
}

const onlyModern: readonly WireVersion[] = Object.freeze(["rfc6455"]);

/**
 * Checks which versions are welcome.
 *
 * @throws TypeError for what is no list of versions, or neither a version nor a function; RangeError for versions that cannot be
 *   told apart without `ambiguous`, and for an `ambiguous` that is not among them
 */
export function resolveVersions({ versions, ambiguous }: VersionOptions): WelcomeVersions {
  const welcome = versions === undefined ? onlyModern : checkedList(versions);
  if (ambiguous !== undefined && typeof ambiguous !== "function" && !welcome.includes(ambiguous)) {
    throw new RangeError(
      `ambiguous must be one of versions (${welcome.join(", ")}) or a function, not ${describe(ambiguous)}`,
    );
  }
  const alike = alikeVersions(welcome);
  if (alike.length > 1 && ambiguous === undefined) {
    throw new RangeError(
      `${alike.join(" and ")} cannot be told apart by their requests: set ambiguous to one of them, or to a function of the request`,
    );
  }
  if (typeof ambiguous === "string" && alike.length > 1 && !alike.includes(ambiguous)) {
    throw new RangeError(`ambiguous must be one of ${alike.join(", ")}, not ${describe(ambiguous)}`);
  }
  return { versions: welcome, ambiguous };
}

/** @throws TypeError for what is no list of versions */
export function checkedList(given: unknown): readonly WireVersion[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw new TypeError(`versions must be a list, as ["rfc6455", "hixie-76"], not ${describe(given)}`);
  }
  return given.map(checkVersion);
}

/** @throws TypeError for what is no version, with those that there are */
function checkVersion(given: unknown): WireVersion {
  const version = allVersions.find((name) => name === given);
  if (version !== undefined) return version;
  throw new TypeError(`a wire version is one of ${allVersions.join(", ")}, not ${describe(given)}`);
}

/**
 * The request as one of the one version that it means.
 *
 * @throws what the application's function throws, and TypeError if it returns another version than those that it could be
 */
export function decided(
  opening: Opening,
  request: UpgradeRequest,
  ambiguous: Ambiguous | undefined,
): Opening {
  const { versions } = opening;
  if (versions.length < 2) return opening;
  const version = typeof ambiguous === "function" ? ambiguous(request) : ambiguous;
  if (version === undefined || !versions.includes(version)) {
    throw new TypeError(`ambiguous must return one of ${versions.join(", ")}, not ${describe(version)}`);
  }
  return { ...opening, version };
}
