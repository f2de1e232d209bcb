// Which file the argument of `hawser serve` means.
import { realpathSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describeFileError } from "../file-error.ts";

/** The absolute path of the module. Throws with what is wrong, on one line. */
export function modulePath(given: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(given) && !/^file:/i.test(given)) {
    throw new Error(`a module is a path or a file: URL, not ${given}`);
  }
  try {
    const path = /^file:/i.test(given) ? fileURLToPath(given) : given;
    if (statSync(path).isDirectory()) throw new Error("it is a directory");
    return realpathSync(path);
  } catch (error) {
    throw new Error(describeFileError(given, error));
  }
}
