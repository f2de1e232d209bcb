// What a module says that is to be served: its export by default.
import { fileURLToPath } from "node:url";
import { type Application, toHandler } from "../handlers/application.ts";
import type { Resources } from "../handlers/resources.ts";

/**
 * What a module exports by default, as `serve` takes it.
 *
 * @throws TypeError naming the export and what was expected
 */
export function applicationOf(
  loaded: unknown,
  module: string,
): { readonly handler?: Application; readonly resources?: Resources } {
  const exported: unknown =
    typeof loaded === "object" && loaded !== null ? Reflect.get(loaded, "default") : undefined;
  const where = `the default export of ${shown(module)}`;
  if (exported === undefined) {
    throw new TypeError(
      `${where} must be a session, a handler, a behaviour, or resources (a map by path, or a list), and there is none`,
    );
  }
  if (isResources(exported)) return { resources: exported };
  checkApplication(where, exported);
  return { handler: exported };
}

function checkApplication(where: string, exported: unknown): asserts exported is Application {
  toHandler(where, exported);
}

/** An object whose names are paths, or a list. What is in it is checked as `serve` does. */
function isResources(exported: unknown): exported is Resources {
  if (Array.isArray(exported)) return true;
  if (typeof exported !== "object" || exported === null) return false;
  const names = Object.keys(exported);
  return names.length > 0 && names.every((name) => name.startsWith("/"));
}

/** A module as people know it. */
function shown(url: string): string {
  return url.startsWith("file:") ? fileURLToPath(url) : url;
}
