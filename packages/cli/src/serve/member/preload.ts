// What a member runs before anything else (`node --import`): from here on it can import TypeScript.
import * as modules from "node:module";
// Before there are hooks, each of which would look at all of its files: half the time that a member takes to start.
import "hawser";
import { register } from "tsx/esm/api";
import { surviveReaders } from "../../terminal/process-end.ts";
import { resolve } from "./resolve.ts";

register();
// Hooks on this thread, where Node has them (from 22.15), see what is required too.
if (hasHooksHere(modules)) modules.registerHooks({ resolve });
else modules.register("./resolve.js", import.meta.url);

surviveReaders();

function hasHooksHere(
  found: object,
): found is { registerHooks(hooks: { readonly resolve: typeof resolve }): unknown } {
  return "registerHooks" in found;
}
