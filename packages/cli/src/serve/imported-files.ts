// What a module imports, directly or not, outside of node_modules: found by bundling it, to nowhere.
import { resolve } from "node:path";
import { shown } from "./load-error.ts";

/** What was found. */
export interface Imported {
  /** The module itself and all that it imports; undefined if it cannot be told, because there are problems. */
  readonly files: ReadonlySet<string> | undefined;
  /** What is wrong with them, a line each: `chat.ts:3:7: Expected ";" but found "x"`. */
  readonly problems: readonly string[];
}

/** Looks at the files as they are now. */
export async function importedFiles(module: string): Promise<Imported> {
  // Loaded when it is needed: it starts a process.
  const { build } = await import("esbuild");
  try {
    const { metafile } = await build({
      entryPoints: [module],
      bundle: true,
      write: false,
      metafile: true,
      packages: "external",
      platform: "node",
      format: "esm",
      logLevel: "silent",
      loader: { ".node": "empty", ".wasm": "empty" },
    });
    return { files: new Set(Object.keys(metafile.inputs).map((path) => resolve(path))), problems: [] };
  } catch (error) {
    return { files: undefined, problems: problemsIn(error) };
  }
}

function problemsIn(error: unknown): string[] {
  if (!isBuildFailure(error)) return [];
  return error.errors.map(({ text, location }) =>
    location === null
      ? text
      : `${shown(resolve(location.file))}:${location.line}:${location.column + 1}: ${text}`,
  );
}

/** What of esbuild's `BuildFailure` is wanted here. */
interface BuildFailure {
  readonly errors: readonly {
    readonly text: string;
    readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
  }[];
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}
