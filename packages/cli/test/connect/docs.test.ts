// docs/cli.md against the program: every flag, command and exit code.
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { expect, test } from "vitest";
import { commandHelp } from "../../src/connect/commands.ts";
import { exitCode } from "../../src/connect/exit-code.ts";
import { addConnectFlags } from "../../src/connect/flags.ts";

const page = readFileSync(new URL("../../../../docs/cli.md", import.meta.url), "utf8");

/** The first cells of the table below a heading. */
function firstCells(heading: string): string[] {
  const [, part = ""] = page.split(`### ${heading}\n`);
  const [section = ""] = part.split(/^#{2,3} /m);
  return [...section.matchAll(/^\| (.+?) \|/gm)].map(([, cell = ""]) => cell).slice(1);
}

test("every flag, and no other, as the help writes it", () => {
  const { options } = addConnectFlags(new Command());
  const written = firstCells("Flags").flatMap((cell) => [...cell.matchAll(/--[^`]+/g)].map(([flag]) => flag));
  const known = options.map(({ flags }) => flags.replace(/^-\w, /, ""));
  expect(written.sort()).toEqual(known.sort());
});

test("the defaults of the flags", () => {
  const { options } = addConnectFlags(new Command());
  for (const { long, defaultValueDescription } of options) {
    if (defaultValueDescription === undefined || defaultValueDescription === "none") continue;
    expect(page).toMatch(new RegExp(`^\\| .*${long} .*; ${defaultValueDescription} \\|$`, "m"));
  }
});

test("every command of the prompt", () => {
  expect(firstCells("At the prompt")).toEqual(commandHelp.map(([command]) => `\`${command}\``));
});

test("every exit code", () => {
  const written = firstCells("Exit codes").flatMap((cell) => cell.split(", "));
  expect(written).toEqual(Object.values(exitCode).map(String));
});
