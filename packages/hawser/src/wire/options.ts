// Checking the options an application gives: a misspelt name is a mistake worth hearing of at once.
import { describe } from "./errors.ts";

/**
 * Checks that options are an object with no names but these.
 *
 * @param where what the options belong to, as "serve()"
 * @throws TypeError naming what was given and what is allowed
 */
export function checkNames(where: string, given: unknown, allowed: readonly string[]): void {
  if (given === undefined) return;
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`the options of ${where} must be an object, not ${describe(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (!allowed.includes(name)) {
      throw new TypeError(`${where} has no option "${name}"; there are ${allowed.join(", ")}`);
    }
  }
}

/** Checks a value that must be one of a few. */
export function checkOneOf<Value>(
  name: string,
  given: Value | undefined,
  allowed: readonly Value[],
): Value | undefined {
  if (given === undefined || allowed.includes(given)) return given;
  throw new TypeError(`${name} must be one of ${allowed.map(String).join(", ")}, not ${describe(given)}`);
}

/** Checks a value that must be true or false. */
export function checkBoolean(name: string, given: unknown, byDefault: boolean): boolean {
  if (given === undefined) return byDefault;
  if (typeof given === "boolean") return given;
  throw new TypeError(`${name} must be true or false, not ${describe(given)}`);
}
