// HeaderFields: header lines as an application writes them, and the one form we work with.
import { describe } from "../wire/errors.ts";
import { quote } from "./field-syntax.ts";

/** Header lines, as a record (an array of values makes a line of each) or as pairs: a Map, a `Headers`, an array, a `HeaderList`. */
export type HeaderFields =
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [name: string, value: string]>;

/**
 * Brings header lines into one form: pairs, one for each line. What names and values may hold is for `printHead` to check.
 *
 * @throws TypeError for anything that is not of the shapes above
 */
export function headerLines(
  fields: HeaderFields | undefined,
): readonly (readonly [name: string, value: string])[] {
  if (fields === undefined) return [];
  if (typeof fields !== "object" || fields === null) {
    throw new TypeError(`headers must be an object or pairs of names and values, not ${describe(fields)}`);
  }
  return isIterable(fields) ? [...fields].map(checkedPair) : Object.entries(fields).flatMap(linesOf);
}

function isIterable(fields: HeaderFields): fields is Iterable<readonly [string, string]> {
  return Symbol.iterator in fields;
}

function checkedPair(pair: unknown): readonly [string, string] {
  if (!Array.isArray(pair) || typeof pair[0] !== "string") {
    throw new TypeError(`headers must hold pairs of a name and a value, not ${describe(pair)}`);
  }
  return [pair[0], checkedValue(pair[0], pair[1])];
}

function linesOf([name, value]: readonly [string, unknown]): (readonly [string, string])[] {
  return Array.isArray(value)
    ? value.map((one) => [name, checkedValue(name, one)])
    : [[name, checkedValue(name, value)]];
}

function checkedValue(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError(`the value of the header ${quote(name)} must be a string, not ${describe(value)}`);
}
