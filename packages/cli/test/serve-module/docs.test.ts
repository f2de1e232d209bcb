// docs/cli.md against hawser serve: every flag, and the defaults.
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { expect, test } from "vitest";
import { addServeFlags } from "../../src/serve/flags.ts";

const page = readFileSync(new URL("../../../../docs/cli.md", import.meta.url), "utf8");
const [, section = ""] = /^## hawser serve\n(.*?)^## /ms.exec(page) ?? [];
const { options } = addServeFlags(new Command());

test("every flag, and no other but --demo, as the help writes it", () => {
  const rows = [...section.matchAll(/^\| (`--.+?) \|/gm)].map(([, cell = ""]) => cell);
  const written = rows.flatMap((cell) => [...cell.matchAll(/--[^`]+/g)].map(([flag]) => flag));
  const known = options.map(({ flags }) => flags).filter((flags) => flags !== "--demo");
  expect(written.sort()).toEqual(known.sort());
});

test("the defaults of the flags", () => {
  for (const { long, defaultValue } of options) {
    if (defaultValue !== undefined)
      expect(section).toMatch(new RegExp(`^\\| .*${long} .*; ${defaultValue}\\b`, "m"));
  }
});
