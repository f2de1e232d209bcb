// The paths of resources: what may stand in one, what it matches, and the type of that.
import { Buffer } from "node:buffer";
import { noParams, type RequestParams } from "../handshake/upgrade-request.ts";
import { describe } from "../wire/errors.ts";
import { extended } from "./extended.ts";

/** What a path matches, by name: `{ room: string }` for `/chat/:room`, `{ "*": string }` for `/files/*`. */
export type PathParams<Path extends string> = { readonly [Name in ParamName<Path>]: string };

// Of a path that is known at run time only, any name may be asked for.
type ParamName<Path extends string> = string extends Path
  ? string
  : Path extends `${infer Segment}/${infer Rest}`
    ? NameOf<Segment> | ParamName<Rest>
    : Path extends "*"
      ? "*"
      : NameOf<Path>;

type NameOf<Segment extends string> = Segment extends `:${infer Name}` ? Name : never;

/** The path of a resource, checked and ready to be matched. */
export class PathPattern {
  readonly path: string;
  /** It has neither `:name` nor `*`, and matches itself alone. */
  readonly exact: boolean;
  readonly #expression: RegExp;
  readonly #names: readonly string[];

  /** @throws TypeError for a path that does not begin with "/" or cannot stand in a request, and for a pattern that is none */
  constructor(path: string) {
    checkPath(path);
    const { expression, names } = compile(path);
    this.path = path;
    this.exact = names.length === 0;
    this.#expression = expression;
    this.#names = names;
  }

  /** What a path as it stands in a request has for the names in this one; undefined if it is another path. */
  match(path: string): RequestParams | undefined {
    if (this.exact) return path === this.path ? noParams : undefined;
    const values = this.#expression.exec(path)?.slice(1).map(decoded);
    if (values?.every((value) => value !== undefined) !== true) return undefined;
    return Object.fromEntries(this.#names.map((name, index) => [name, values[index] ?? ""]));
  }

  /** Whether both match the very same paths. */
  equals(other: PathPattern): boolean {
    return this.#expression.source === other.#expression.source;
  }
}

/**
 * A copy of a handler or a behaviour that has this path.
 *
 * @throws TypeError for a path that is none or not the one that it has, and what `check` throws
 */
export function at<Given extends { readonly path?: string | undefined }>(
  path: string,
  given: Given | undefined,
  kind: string,
  check: (where: string, given: object) => void,
): Given {
  const pattern = new PathPattern(path);
  const where = `the ${kind} for "${path}"`;
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`${where} must be an object, not ${describe(given)}`);
  }
  check(where, given);
  checkSamePath(where, pattern.path, given.path);
  return extended(given, { path });
}

/** @throws TypeError for what is no path, where one is given */
export function checkOwnPath(where: string, path: unknown): void {
  if (path === undefined) return;
  if (typeof path !== "string")
    throw new TypeError(`path of ${where} must be a string, not ${describe(path)}`);
  new PathPattern(path);
}

/** @throws TypeError where a handler has another path than the one that it is put at */
export function checkSamePath(where: string, path: string, own: string | undefined): void {
  if (own === undefined || own === path) return;
  throw new TypeError(`${where} was defined for "${own}", and answers for no other path`);
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

function compile(path: string): { readonly expression: RegExp; readonly names: readonly string[] } {
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

/** Undefined for what is not percent-encoded rightly: such a path matches nothing. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
