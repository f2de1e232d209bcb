// Packs the library as npm would publish it and uses the tarball as a stranger would: linted, installed, run, compiled.
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "hawser-package-"));
const consumer = join(folder, "consumer");
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const modules = (path) => join(root, "node_modules", path);

/** Runs a program and gives what it printed; what it printed is the failure, too. */
function run(what, command, args, cwd = consumer) {
  try {
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    return fail(what, `${error.stdout ?? ""}${error.stderr ?? ""}` || error.message);
  }
}
const node = (what, ...args) => run(what, process.execPath, args);

function fail(what, why) {
  console.error(`${what}:\n${why}`);
  process.exit(1);
}

const packed = JSON.parse(
  run("npm pack", "npm", ["pack", "--json", "--pack-destination", folder], join(root, "packages/hawser")),
);
// npm 11 gives an array here, later ones an object by package name.
const [{ filename, files }] = Object.values(packed);
const tarball = join(folder, filename);

const paths = new Set(files.map((file) => file.path));
for (const path of ["package.json", "LICENSE", "dist/index.js", "dist/index.d.ts"]) {
  if (!paths.has(path)) fail("npm pack", `${path} is not in the tarball`);
}

mkdirSync(consumer);
node("publint", modules("publint/src/cli.js"), "run", tarball, "--strict");
node("attw", modules("@arethetypeswrong/cli/dist/index.js"), tarball, "--profile", "esm-only");

writeFileSync(join(consumer, "package.json"), '{ "private": true, "type": "module" }');
run("npm install", "npm", ["install", "--offline", "--no-audit", "--no-fund", tarball]);
mkdirSync(join(consumer, "node_modules/@types"));
for (const name of ["@types/node", "undici-types"])
  symlinkSync(modules(name), join(consumer, "node_modules", name));

// TypeScript before 5.7 knows only the bare names of typed arrays and buffers.
for (const path of paths) {
  if (!path.endsWith(".d.ts")) continue;
  const generic = /\b(?:Uint8Array|Buffer|DataView)<.*/.exec(
    readFileSync(join(consumer, "node_modules/hawser", path), "utf8"),
  );
  if (generic) fail("declarations", `${path}: ${generic[0]}`);
}
for (const path of paths) {
  if (!path.endsWith(".map")) continue;
  const map = JSON.parse(readFileSync(join(consumer, "node_modules/hawser", path), "utf8"));
  for (const source of map.sources) {
    const target = join(path, "..", source);
    if (!paths.has(target)) fail("source maps", `${path} points to ${target}, which is not in the tarball`);
  }
}

const entries = ["hawser", "hawser/wire", "hawser/handshake"];
const nonEmpty = (value) => `if (Object.keys(${value}).length === 0) throw new Error("exports nothing");`;
for (const entry of entries) {
  writeFileSync(join(consumer, "use.mjs"), `const it = await import("${entry}"); ${nonEmpty("it")}`);
  node(`import("${entry}")`, "use.mjs");
  writeFileSync(join(consumer, "use.cjs"), `const it = require("${entry}"); ${nonEmpty("it")}`);
  node(`require("${entry}")`, "use.cjs");
}

const imports = entries.map((entry, index) => `import * as m${index} from "${entry}";`).join("\n");
writeFileSync(join(consumer, "use.ts"), `${imports}\nexport const all: object[] = [m0, m1, m2];\n`);
// What the types promise they have to keep with both compilers, and from the declarations alone.
const typeTests = readdirSync(join(root, "packages/hawser/test/types"));
for (const name of typeTests)
  copyFileSync(join(root, "packages/hawser/test/types", name), join(consumer, name));
const compilerOptions = {
  strict: true,
  skipLibCheck: false,
  noEmit: true,
  target: "es2022",
  module: "nodenext",
  types: ["node"],
};
// Code for browsers names the types of the DOM: our class is one of those.
const browser = `import { CloseEvent as OurCloseEvent, WebSocket as OurWebSocket } from "hawser";
export const socket: WebSocket = new OurWebSocket("ws://localhost/");
export const classes: [typeof WebSocket, typeof CloseEvent] = [OurWebSocket, OurCloseEvent];
`;
writeFileSync(join(consumer, "browser.ts"), browser);
const projects = {
  "node.json": { compilerOptions, files: ["use.ts", ...typeTests] },
  "browser.json": { compilerOptions: { ...compilerOptions, lib: ["es2022", "dom"] }, files: ["browser.ts"] },
};
for (const compiler of ["typescript", "typescript-5.4"]) {
  const { version } = JSON.parse(readFileSync(modules(`${compiler}/package.json`), "utf8"));
  for (const [name, project] of Object.entries(projects)) {
    writeFileSync(join(consumer, name), JSON.stringify(project));
    node(`a consumer with TypeScript ${version}, ${name}`, modules(`${compiler}/bin/tsc`), "-p", name);
  }
}
