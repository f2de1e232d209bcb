// Why a module could not be served, in words: which file, which line, and what is wrong there.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, extname, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** What a member could not start with, as its `cause` says it. */
export interface LoadFailure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
}

/** The failure of a member that could not start; undefined for an error of another kind. */
export function loadFailureOf(error: unknown): LoadFailure | undefined {
  return error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
}

/**
 * In words, on one line if it can be; a fault of the module's own comes with the lines of the module that led to it.
 *
 * @param module the file that was to be served
 * @param problems what is wrong with the syntax of the module's files, if that is known
 */
export function describeLoadFailure(
  failure: LoadFailure,
  module: string,
  problems: readonly string[] = [],
): string {
  const { name, message, stack = "" } = failure;
  const syntax = syntaxProblems(message);
  if (syntax.length > 0) return syntax.join("\n");
  const missing = missingImport(message);
  if (missing !== undefined) return missing;
  if (name === "SyntaxError") {
    const [, place] = /^(?:file:\/\/)?(\/.*:\d+)$/m.exec(stack.slice(0, stack.indexOf("SyntaxError"))) ?? [];
    if (place !== undefined) return `${shown(place)}: ${message}`;
    if (problems.length > 0) return problems.join("\n");
  }
  const frames = ownFrames(stack);
  // What we have checked ourselves says all there is to say.
  if (frames.length === 0) return message.includes(module) ? message : `${shown(module)}: ${message}`;
  return [`${name}: ${message}`, ...frames.map((frame) => `    ${frame}`)].join("\n");
}

/** The path of a file, or what begins with one, as seen from here. */
export function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near;
}

/** What esbuild says, a line for each mistake: `chat.ts:3:7: Expected ";" but found "x"`. */
function syntaxProblems(message: string): string[] {
  if (!/^Transform failed with \d+ errors?:/.test(message)) return [];
  return [...message.matchAll(/^(\/.*):(\d+):(\d+): ERROR: (.*)$/gm)].map(
    ([, file = "", line, column, what]) => `${shown(file)}:${line}:${Number(column) + 1}: ${what}`,
  );
}

/** What Node says about an import that leads nowhere, with the line in which it is. */
function missingImport(message: string): string | undefined {
  const [, word, wanted = "", importer = ""] =
    /^Cannot find (module|package) '(.*?)'(?: imported from |\nRequire stack:\n- )(\S.*)$/m.exec(message) ??
    [];
  if (word === undefined) return undefined;
  // What is required is called a module, whatever it is.
  const kind = /^[./]/.test(wanted) ? "module" : "package";
  const what = `cannot find ${kind === "package" ? `the package ${wanted}` : shown(wanted)}`;
  const file = importer.startsWith("file:") ? fileURLToPath(importer) : importer;
  // Nothing of the module's own: it is the module itself.
  if (isOurs(file)) return what;
  const line = lineWith(file, kind === "package" ? wanted : basename(wanted, extname(wanted)));
  return `${shown(file)}${line === undefined ? "" : `:${line}`}: ${what}`;
}

/** In which line of a file an import names this. */
function lineWith(file: string, name: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const index = text
    .split("\n")
    .findIndex((line) => /\b(from|import|require)\b/.test(line) && line.includes(name));
  return index === -1 ? undefined : index + 1;
}

/** The lines of a stack that are of the module and what it imports of its own. */
function ownFrames(stack: string): string[] {
  return stack
    .split("\n")
    .filter((line) => /^ {4}at /.test(line))
    .map((line) => line.trim().replace(/file:\/\//, ""))
    .filter(
      (frame) => !/node:|\/node_modules\//.test(frame) && !isOurs(/(\/[^():]*)/.exec(frame)?.[1] ?? ""),
    );
}

const ourFolders = [
  fileURLToPath(new URL("../../", import.meta.url)),
  dirname(dirname(createRequire(import.meta.url).resolve("hawser"))) + sep,
];

/** Whether a file is of this package or of the library. */
function isOurs(path: string): boolean {
  return ourFolders.some((folder) => path.startsWith(folder));
}
