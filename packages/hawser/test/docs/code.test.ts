// The code on the pages: TypeScript compiles, and what is shown of a file is that file.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Block, blocks, pages, root } from "./support.ts";

const typescript = pages()
  .flatMap(blocks)
  .filter(({ language }) => language === "ts");
const fileOf = ({ page, line }: Block) => `${page.replace(/[^\w]/g, "-")}-line-${line}.ts`;

let folder: string;
let complaints: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-docs-"));
  mkdirSync(join(folder, "blocks"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const config = {
    extends: join(root, "tsconfig.json"),
    // A page may introduce a name that only its next block uses.
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    include: ["blocks"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  for (const block of typescript) {
    // On the first line, so that what the compiler says of a line is true of the block's. `export {}` makes it a module.
    writeFileSync(join(folder, "blocks", fileOf(block)), `${block.given} export {}; ${block.code}`);
  }
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  complaints = stdout.split("\n").filter((line) => line.includes("error TS"));
});

afterAll(() => rmSync(folder, { recursive: true }));

test("nothing but a block is complained of", () => {
  expect(complaints.filter((line) => !typescript.some((block) => line.includes(fileOf(block))))).toEqual([]);
});

describe("compiles", () => {
  test.each(typescript.map((block) => [`${block.page}:${block.line}`, block] as const))("%s", (_, block) => {
    expect(complaints.filter((line) => line.includes(fileOf(block)))).toEqual([]);
  });
});

describe("is the file it names", () => {
  const every = pages().flatMap(blocks);
  const named = every.flatMap((block) => {
    const [, path, rest] =
      /^(?:\/\/|#) ((?:examples|packages)\/[\w./@-]+\.\w+)\n([\s\S]*)$/.exec(block.code) ?? [];
    return path === undefined || rest === undefined ? [] : [[path, rest] as const];
  });
  test("some do", () => expect(named).not.toEqual([]));
  test.each(named)("%s", (path, rest) => {
    expect(rest).toBe(readFileSync(join(root, path), "utf8"));
  });
});
