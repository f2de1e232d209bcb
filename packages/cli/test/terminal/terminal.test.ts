// What goes to the terminal: colours only for people, and nothing that a peer could steer it with.
import { expect, test } from "vitest";
import { colorsFor } from "../../src/terminal/colors.ts";
import { printable } from "../../src/terminal/printable.ts";

test("printable text stays as it is, in any script", () => {
  for (const text of ["", "/chat/harbour", "滴水之恩当以涌泉相报", "naïve 🐈 e\u0301"]) {
    expect(printable(text)).toBe(text);
  }
});

test("what steers a terminal, breaks a line or reorders it is spelled out", () => {
  expect(printable("a\u001b[2Jb\r\nc\u0007\u007f")).toBe(String.raw`a\u{1b}[2Jb\u{d}\u{a}c\u{7}\u{7f}`);
  expect(printable("\u009b31m\u2028\u2029\u202e\u2066\u200f")).toBe(
    String.raw`\u{9b}31m\u{2028}\u{2029}\u{202e}\u{2066}\u{200f}`,
  );
  expect(printable("\ud83d")).toBe(String.raw`\u{d83d}`);
});

test("what is endless is cut", () => {
  expect(printable("x".repeat(100_000))).toBe(`${"x".repeat(300)}…`);
});

test.each<[string, boolean, Record<string, string>, boolean]>([
  ["a terminal", true, { TERM: "xterm" }, true],
  ["a pipe", false, { TERM: "xterm" }, false],
  ["a pipe in CI", false, { CI: "1", FORCE_COLOR: "1" }, false],
  ["NO_COLOR", true, { NO_COLOR: "1" }, false],
  ["an empty NO_COLOR, which says nothing", true, { NO_COLOR: "" }, true],
  ["a dumb terminal", true, { TERM: "dumb" }, false],
])("colours for %s", (_name, isTTY, environment, colored) => {
  expect(colorsFor({ isTTY }, environment).red("x") !== "x").toBe(colored);
});
