// The arrows between the rooms of src: every import against them, and every impurity, is something Biome reports.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** What each room may import from, beside itself. */
const rooms = {
  wire: [],
  handshake: ["wire"],
  transport: ["wire", "handshake"],
  connection: ["wire", "handshake", "transport"],
  accept: ["wire", "handshake", "transport", "connection"],
  client: ["wire", "handshake", "transport", "connection"],
  topics: ["wire", "handshake", "transport", "connection", "accept", "client"],
  handlers: ["wire", "handshake", "transport", "connection", "accept", "client", "topics"],
  serve: ["wire", "handshake", "transport", "connection", "accept", "client", "topics", "handlers"],
  workers: [
    "wire",
    "handshake",
    "transport",
    "connection",
    "accept",
    "client",
    "topics",
    "handlers",
    "serve",
  ],
} satisfies Record<string, string[]>;
const names = Object.keys(rooms) as (keyof typeof rooms)[];

const imports = "lint/style/noRestrictedImports";
const globals = "lint/style/noRestrictedGlobals";
const properties = "lint/nursery/noJsRestrictedProperties";
const cycles = "lint/suspicious/noImportCycles";

const uses = (value: string) => `export const used: unknown = ${value};\n`;
const importsFrom = (from: string, name = "{ it }") => `import ${name} from "${from}";\n\n${uses("it")}`;

/** File below src, its text, and the rule that must report it (undefined: nothing may). */
const planted: [path: string, text: string, rule: string | undefined][] = [
  ["wire/clean.ts", importsFrom("node:buffer", "{ Buffer as it }"), undefined],
  ["wire/net.ts", importsFrom("node:net", "it"), imports],
  ["wire/crypto.ts", importsFrom("node:crypto", "{ createHash as it }"), imports],
  [
    "wire/deep/type.ts",
    `import type { It } from "../../transport/it.ts";\n\nexport type Used = It;\n`,
    imports,
  ],
  ["wire/deep/re-export.ts", `export { it } from "../../transport/it.ts";\n`, imports],
  ["wire/deep/dynamic.ts", uses(`import("../../transport/it.ts")`), imports],
  ["wire/deep/parent.ts", importsFrom("../it.ts"), undefined],
  ["wire/timeout.ts", uses("setTimeout"), globals],
  ["wire/interval.ts", uses("setInterval"), globals],
  ["wire/immediate.ts", uses("setImmediate"), globals],
  ["wire/microtask.ts", uses("queueMicrotask"), globals],
  ["wire/process.ts", uses("process"), globals],
  ["wire/performance.ts", uses("performance"), globals],
  ["wire/date.ts", uses("new Date()"), globals],
  ["wire/global.ts", uses("globalThis.setTimeout"), globals],
  ["wire/console.ts", uses("console"), globals],
  ["wire/fetch.ts", uses("fetch"), globals],
  ["wire/web-crypto.ts", uses("crypto"), globals],
  ["wire/buffer.ts", uses("Buffer"), globals],
  ["wire/random.ts", uses("Math.random()"), properties],
  ["handshake/hash.ts", importsFrom("node:crypto", "{ hash as it }"), undefined],
  ["handshake/random.ts", importsFrom("node:crypto", "{ randomBytes as it }"), imports],
  ["handshake/all.ts", importsFrom("node:crypto", "* as it"), imports],
  ["handshake/timeout.ts", uses("setTimeout"), globals],
  ["transport/timeout.ts", uses("[setTimeout, process, Math.random()]"), undefined],
  ["transport/package.ts", importsFrom("ws", "it"), imports],
  ["transport/scoped.ts", importsFrom("@scope/name/file.js", "it"), imports],
  ["transport/self.ts", importsFrom("hawser", "it"), imports],
  ["connection/timeout.ts", uses("setTimeout"), globals],
  ["connection/process.ts", uses("process"), globals],
  ["connection/timers.ts", importsFrom("node:timers/promises", "{ setTimeout as it }"), imports],
  ["connection/random.ts", importsFrom("node:crypto", "{ randomBytes as it }"), imports],
  [
    "connection/here.ts",
    `import { there } from "./there.ts";\n\nexport const here: unknown = () => there;\n`,
    cycles,
  ],
  [
    "connection/there.ts",
    `import { here } from "./here.ts";\n\nexport const there: unknown = () => here;\n`,
    cycles,
  ],
  ["serve/stderr.ts", uses("process.stderr"), undefined],
  ["serve/timeout.ts", uses("setTimeout"), globals],
  ["workers/timeout.ts", uses("[setTimeout, process]"), undefined],
];

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const reported = new Map<string, string[]>();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-arrows-"));
  await cp(join(root, "biome.json"), join(folder, "biome.json"));
  const files = planted.map(([path, text]) => [path, text] as const);
  for (const from of names) {
    files.push([`${from}/it.ts`, "export const it: unknown = 1;\n"]);
    for (const to of names)
      if (from !== to) files.push([`${from}/from-${to}.ts`, importsFrom(`../${to}/it.ts`)]);
  }
  for (const [path, text] of files) {
    const target = join(folder, "packages/hawser/src", path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }
  for (const { path, category } of await lint(folder)) {
    const file = path.replaceAll("\\", "/").replace(/^.*packages\/hawser\/src\//, "");
    reported.set(file, [...(reported.get(file) ?? []), category]);
  }
});

afterAll(() => rm(folder, { recursive: true }));

async function lint(cwd: string): Promise<{ path: string; category: string }[]> {
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const output = await new Promise<string>((resolve) => {
    // Its status is 1 because it reports; that it ran at all shows in the JSON.
    execFile(
      process.execPath,
      [biome, "lint", "--reporter=json", "--max-diagnostics=none"],
      { cwd },
      (_, stdout) => resolve(stdout),
    );
  });
  const { diagnostics } = JSON.parse(output) as {
    diagnostics: { category: string; location: { path: string } }[];
  };
  return diagnostics.map(({ category, location }) => ({ path: location.path, category }));
}

describe("between any two rooms", () => {
  for (const from of names) {
    for (const to of names.filter((name) => name !== from)) {
      const allowed = (rooms[from] as string[]).includes(to);
      test(`${from} ${allowed ? "may" : "may not"} import from ${to}`, () => {
        expect(reported.get(`${from}/from-${to}.ts`) ?? []).toEqual(allowed ? [] : [imports]);
      });
    }
  }
});

describe("inside a room", () => {
  test.each(planted)("%s", (path, _, rule) => {
    expect(reported.get(path) ?? []).toEqual(rule === undefined ? [] : [rule]);
  });
});

test("every folder of src is a room that the arrows know", async () => {
  const entries = await readdir(join(root, "packages/hawser/src"), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  expect(folders.filter((name) => !(name in rooms))).toEqual([]);
});
