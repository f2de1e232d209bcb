// Resources: which handler answers for which path.
import { Buffer } from "node:buffer";
import { type CheckedHandler, toHandler } from "./application.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Handler, Session } from "./handler.ts";

/**
 * Handlers by path: `{ "/chat/:room": chat, "/files/*": files, "/echo": echo }`.
 *
 * `:name` matches one segment that is not empty, `*` at the end all that follows; both are in `request.params`,
 * percent-decoded. A path without either goes before patterns, and patterns go in the order they are written.
 */
export type Resources = Readonly<Record<string, AnyHandler | Session | Pick<Behaviour, keyof Behaviour>>>;

/** A handler, whatever it accepts. Its hooks are compared one by one: a `Handler<"text">` as such is no `Handler<Kind>`. */
type AnyHandler = Pick<Handler, keyof Handler>;

/** What a path leads to. */
export interface Match {
  readonly handler: CheckedHandler;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly expression: RegExp;
  readonly names: readonly string[];
  readonly handler: CheckedHandler;
}

const noParams: Readonly<Record<string, string>> = Object.freeze({});

/** Resources, checked and ready to be matched. */
export class ResourceTable {
  readonly #exact = new Map<string, CheckedHandler>();
  readonly #patterns: Pattern[] = [];
  readonly #fallback: CheckedHandler | undefined;

  /**
   * @param fallback answers for every other path
   * @throws TypeError for a path that does not begin with "/" or cannot stand in a request, a pattern that is none, or a value that is no handler
   */
  constructor(resources: Resources, fallback: CheckedHandler | undefined) {
    this.#fallback = fallback;
    for (const [path, given] of Object.entries(resources)) {
      checkPath(path);
      const handler = toHandler(`the resource "${path}"`, given);
      if (/[:*]/.test(path)) this.#add(path, handler);
      else this.#exact.set(path, handler);
    }
  }

  /** All of them. */
  get handlers(): readonly CheckedHandler[] {
    const handlers = [...this.#exact.values(), ...this.#patterns.map(({ handler }) => handler)];
    return this.#fallback === undefined ? handlers : [...handlers, this.#fallback];
  }

  #add(path: string, handler: Handler): void {
    const pattern = compile(path);
    if (this.#patterns.some(({ expression }) => expression.source === pattern.expression.source)) {
      throw new TypeError(
        `the resource "${path}" matches just what one before it matches, and would never answer`,
      );
    }
    this.#patterns.push({ ...pattern, handler });
  }

  /** The handler for a path as it stands in the request; undefined if there is none. */
  match(path: string): Match | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return { handler: exact, params: noParams };
    for (const { expression, names, handler } of this.#patterns) {
      const values = expression.exec(path)?.slice(1).map(decoded);
      if (values?.every((value) => value !== undefined) === true)
        return { handler, params: paramsOf(names, values) };
    }
    return this.#fallback && { handler: this.#fallback, params: noParams };
  }
}

function checkPath(path: string): void {
  if (!path.startsWith("/")) throw new TypeError(`a resource is a path that begins with "/", not "${path}"`);
  // Paths are compared as they stand in the request, where none of these can be.
  const foreign = /[^\x21-\x7e]|[?#]/u.exec(path)?.[0];
  if (foreign === undefined) return;
  // By way of bytes: half a surrogate pair has no encoding.
  const encoded = encodeURIComponent(Buffer.from(foreign).toString());
  throw new TypeError(
    `no path of a request has "${foreign}", as the resource "${path}" does; there it is ${encoded}`,
  );
}

function compile(path: string): Omit<Pattern, "handler"> {
  const names: string[] = [];
  const segments = path.slice(1).split("/");
  const parts = segments.map((segment, index) => {
    if (segment === "*" && index === segments.length - 1) {
      names.push("*");
      return "(.*)";
    }
    if (!/[:*]/.test(segment)) return segment.replace(/[\\^$.+?()[\]{}|]/g, "\\$&");
    const name = /^:([A-Za-z_]\w*)$/.exec(segment)?.[1];
    if (name === undefined) {
      throw new TypeError(
        `"${segment}" in the resource "${path}" is no pattern; there are :name, and * at the end`,
      );
    }
    if (names.includes(name)) throw new TypeError(`the resource "${path}" has :${name} twice`);
    names.push(name);
    return "([^/]+)";
  });
  return { expression: new RegExp(`^/${parts.join("/")}$`), names };
}

function paramsOf(names: readonly string[], values: readonly (string | undefined)[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
}

/** Undefined for what is not percent-encoded rightly: such a path matches nothing. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
