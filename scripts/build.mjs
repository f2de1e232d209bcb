// Builds every package: dist is what tsc makes of src, and the files beside the sources.
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
// By path, because typescript-5.4 brings a tsc too and either may own node_modules/.bin/tsc.
const tsc = `${root}node_modules/typescript/bin/tsc`;

// In this order: the command line tool compiles against the declarations of the library.
for (const name of ["hawser", "cli"]) {
  const folder = `${root}packages/${name}`;
  rmSync(`${folder}/dist`, { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, [tsc, "-p", folder], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  cpSync(`${folder}/src`, `${folder}/dist`, { recursive: true, filter: (path) => !path.endsWith(".ts") });
}
