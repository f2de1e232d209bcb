// How the imports of a module that is served are resolved, beside what tsx does.
import { createRequire, type ResolveFnOutput, type ResolveHookContext } from "node:module";
import { pathToFileURL } from "node:url";

/** The files of our own library, and no name: the paths of a tsconfig.json, which tsx follows, could lead elsewhere. */
const library: ReadonlyMap<string, string> = new Map(
  ["hawser", "hawser/wire", "hawser/handshake"].map((name) => [
    name,
    createRequire(import.meta.url).resolve(name),
  ]),
);

/**
 * A hook of node:module, for its own thread and for that of the modules.
 *
 * - `hawser` is ours wherever the module is. With a second copy nothing would fit together: a connection of one is no connection
 *   to `broadcast` of the other.
 * - TypeScript is an ES module whatever package.json says: it has an `export default`. As CommonJS it would be transformed into
 *   calls of `require`, by which a second copy comes in, and could not await at its top level.
 * - What a .js file is, Node finds out itself.
 */
export function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: (specifier: string, context: ResolveHookContext) => ResolveFnOutput | Promise<ResolveFnOutput>,
): ResolveFnOutput | Promise<ResolveFnOutput> {
  const required = context.conditions.includes("require");
  const ours = library.get(specifier);
  const wanted = ours === undefined || required ? (ours ?? specifier) : pathToFileURL(ours).href;
  const found = next(wanted, context);
  if (required) return found;
  return found instanceof Promise ? found.then(withFormat) : withFormat(found);
}

function withFormat(found: ResolveFnOutput): ResolveFnOutput {
  const { pathname, protocol } = new URL(found.url);
  if (protocol !== "file:" || pathname.includes("/node_modules/")) return found;
  if (/\.tsx?$/.test(pathname)) return { ...found, format: "module" };
  return pathname.endsWith(".js") ? { ...found, format: undefined } : found;
}
