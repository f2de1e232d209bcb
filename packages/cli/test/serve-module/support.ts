// Modules in temporary folders, and the program that serves them.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type Program, start } from "../support/program.ts";

/** A folder with these files, gone after the test. Returns where a file in it is. */
export function folderWith(files: Readonly<Record<string, string>>): (name: string) => string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "hawser-module-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), text);
  }
  return at;
}

export interface Serving {
  readonly program: Program;
  readonly url: string;
}

/** Serves a module on a free port. Resolves when it is served. */
export async function serving(module: string, ...flags: readonly string[]): Promise<Serving> {
  const program = start(["serve", module, "--port", "0", ...flags]);
  const [, url = ""] = await program.printed(/^serving .* at (\S+) with/m);
  return { program, url };
}

/** How the program ends that cannot serve. */
export async function refused(...args: readonly string[]) {
  const program = start(["serve", "--port", "0", ...args]);
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}
