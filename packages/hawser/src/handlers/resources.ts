// Resources: which handler answers for which path, and with which settings.
import { resourceSettings } from "../accept/resource-settings.ts";
import type { Settings } from "../accept/settings.ts";
import { noParams, type RequestParams } from "../handshake/upgrade-request.ts";
import { describe } from "../wire/errors.ts";
import { type CheckedHandler, toHandler } from "./application.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Handler, Session } from "./handler.ts";
import { checkSamePath, PathPattern } from "./path.ts";

/**
 * Handlers by path, `{ "/chat/:room": chat, "/files/*": files, "/echo": echo }`, or a list of those that have a path themselves:
 * `[chat, files]`.
 *
 * `:name` matches one segment that is not empty, `*` at the end all that follows; both are in `request.params`,
 * percent-decoded. A path without either goes before patterns, and patterns go in the order they are written.
 */
export type Resources =
  | Readonly<Record<string, AnyHandler | Session | AnyBehaviour>>
  | readonly ((AnyHandler | AnyBehaviour) & { readonly path: string })[];

/** A handler, whatever it accepts. Its hooks are compared one by one: a `Handler<"text">` as such is no `Handler<Kind>`. */
type AnyHandler = Pick<Handler, keyof Handler>;
type AnyBehaviour = Pick<Behaviour, keyof Behaviour>;

/** A handler, and how its connections run. */
export interface Resource {
  readonly handler: CheckedHandler;
  readonly settings: Settings;
}

/** What a path leads to. */
export interface Match extends Resource {
  readonly params: RequestParams;
}

/** Resources, checked and ready to be matched. */
export class ResourceTable {
  readonly #settings: Settings;
  readonly #exact = new Map<string, Match>();
  readonly #patterns: (Resource & { readonly pattern: PathPattern })[] = [];
  #fallback: Match | undefined;

  /**
   * @param settings the server's
   * @throws TypeError or RangeError for a path that is none or comes twice, for a value that is no handler, and for options of a
   *   handler that are wrong
   */
  constructor(resources: Resources, settings: Settings) {
    this.#settings = settings;
    for (const [path, where, given] of entriesOf(resources)) {
      const handler = toHandler(where, given);
      checkSamePath(where, path, handler.path);
      this.#add(where, path, handler);
    }
  }

  /** Adds a handler for its own path, or if it has none, for all paths that no other matches. Throws as the constructor does. */
  addBeside(where: string, handler: CheckedHandler): void {
    if (handler.path === undefined) this.#fallback = { ...this.#resource(where, handler), params: noParams };
    else this.#add(where, handler.path, handler);
  }

  #add(where: string, path: string, handler: CheckedHandler): void {
    const pattern = new PathPattern(path);
    const resource = this.#resource(where, handler);
    if (this.#exact.has(path) || this.#patterns.some((other) => other.pattern.equals(pattern))) {
      throw new TypeError(
        `the resource "${path}" matches just what one before it matches, and would never answer`,
      );
    }
    if (pattern.exact) this.#exact.set(path, { ...resource, params: noParams });
    else this.#patterns.push({ ...resource, pattern });
  }

  #resource(where: string, handler: CheckedHandler): Resource {
    return { handler, settings: resourceSettings(where, handler, this.#settings) };
  }

  /** The handler for a path as it stands in the request; undefined if there is none. */
  match(path: string): Match | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return exact;
    for (const { pattern, handler, settings } of this.#patterns) {
      const params = pattern.match(path);
      if (params !== undefined) return { handler, settings, params };
    }
    return this.#fallback;
  }
}

type Entry = readonly [path: string, where: string, given: unknown];

function entriesOf(resources: Resources): readonly Entry[] {
  if (Array.isArray(resources)) return resources.map(listed);
  return Object.entries(resources).map(([path, given]): Entry => [path, `the resource "${path}"`, given]);
}

function listed(given: unknown, index: number): Entry {
  const path: unknown = typeof given === "object" && given !== null ? Reflect.get(given, "path") : undefined;
  if (typeof path === "string") return [path, `the resource "${path}"`, given];
  throw new TypeError(
    `resources[${index}] must have a path of its own, as defineHandler("/path", …) gives it one, and not ${describe(path ?? given)}`,
  );
}
