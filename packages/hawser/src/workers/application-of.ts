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
  const exported = defaultOf(loaded);
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

function defaultOf(loaded: unknown): unknown {
  if (typeof loaded !== "object" || loaded === null) return undefined;
  const exported: unknown = Reflect.get(loaded, "default");
  // An ES module that was transformed into CommonJS is all of it the default export, and has its own inside.
  const transformed =
    typeof exported === "object" && exported !== null && Reflect.get(exported, "__esModule") === true;
  return transformed ? Reflect.get(exported, "default") : exported;
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
