// The start of a module: members that run it, or what is wrong with it.
import { type PoolOptions, type PrimaryPool, startPool } from "hawser";
import { describeListenError } from "../listen-error.ts";
import type { ModulePlan } from "./flags.ts";
import type { ImportWatch } from "./import-watch.ts";
import { importedFiles } from "./imported-files.ts";
import { describeLoadFailure, loadFailureOf, shown } from "./load-error.ts";
import type { Members } from "./members.ts";
import type { Screen } from "./screen.ts";

/** What members of a module run first. */
const preload = new URL("./member/preload.js", import.meta.url).href;

/** What a start needs. */
export interface StartOptions {
  readonly plan: ModulePlan;
  /** The module's file. */
  readonly path: string;
  readonly members: Members;
  readonly screen: Screen;
  /** If it is given, a module that cannot be loaded is tried again when it has changed. */
  readonly watch: ImportWatch | undefined;
}

/** Resolves with the pool when it serves, or with an exit code if it cannot; then that has been said. */
export async function startModule({
  plan,
  path,
  members,
  screen,
  watch,
}: StartOptions): Promise<PrimaryPool | number> {
  for (;;) {
    try {
      return await started(plan, path, members);
    } catch (error) {
      const end = fatal(error, plan);
      screen.complain(end?.words ?? (await explain(error, path)));
      if (end !== undefined) return end.code;
      if (watch === undefined) return 1;
      screen.log("waiting for a change");
      watch.failed();
      await watch.next();
      await watch.look();
    }
  }
}

/** Why the module could not be loaded, in words. */
export async function explain(error: unknown, path: string): Promise<string> {
  const failure = loadFailureOf(error);
  if (failure === undefined)
    return `${shown(path)}: ${error instanceof Error ? error.message : String(error)}`;
  // Of scripts, the engine does not tell the line.
  const { problems } = failure.name === "SyntaxError" ? await importedFiles(path) : { problems: [] };
  return describeLoadFailure(failure, path, problems);
}

async function started(
  { place, options, readTls }: ModulePlan,
  module: string,
  members: Members,
): Promise<PrimaryPool> {
  let pool: PrimaryPool | undefined;
  const poolOptions: PoolOptions = {
    ...place,
    ...options,
    module,
    tls: readTls?.(),
    execArgv: [...process.execArgv, "--import", preload],
    signals: false,
  };
  await members.renewed(async () => {
    const found = await startPool(poolOptions);
    if (found.role === "primary") pool = found;
  });
  if (pool === undefined) throw new Error("a module that is served cannot serve another");
  return pool;
}

/** What no change of the module can repair; undefined for what is wrong with the module. */
function fatal(
  error: unknown,
  { place }: ModulePlan,
): { readonly words: string; readonly code: number } | undefined {
  if (!(error instanceof Error) || error.cause !== undefined) return undefined;
  if ("syscall" in error) return { words: describeListenError(error, place) ?? error.message, code: 1 };
  if (!(error instanceof TypeError || error instanceof RangeError)) return undefined;
  // The library's words about an option, as --origin. Another one of its options no flag has.
  const words = error.message.replace(
    /: set ambiguous to .*$/,
    "; accept one of them, or have the module say which is meant",
  );
  return { words, code: 2 };
}
