// hawser serve ./chat.ts: what cannot be served, and what is said about it.
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { modulePath } from "../../src/serve/module-path.ts";
import { folderWith, refused } from "./support.ts";

test("what is wrong with a module is said in one line, with its place; 1", async () => {
  const at = folderWith({
    "misspelt.ts": "export default { mesage() {} };",
    "syntax.ts": "const a: number = 1;\nexport default () => { const = a; };",
    "syntax.mjs": "\n\nexport default () => { const = 1; };",
    "missing.ts":
      'import { a } from "./a.ts";\nimport { rooms } from "./rooms.js";\nexport default () => rooms(a);',
    "a.ts": "export const a = 1;",
  });
  const names = ["misspelt.ts", "syntax.ts", "syntax.mjs", "missing.ts"];
  const ends = await Promise.all(names.map((name) => refused(at(name))));
  expect(ends.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
    names.map(() => ({ code: 1, stdout: "" })),
  );
  expect(ends.map(({ stderr }) => stderr)).toEqual([
    expect.stringMatching(
      /^hawser: the default export of \S+misspelt\.ts has no option "mesage"; there are [a-z, ]+\n$/i,
    ),
    `hawser: ${at("syntax.ts")}:2:30: Expected identifier but found "="\n`,
    `hawser: ${at("syntax.mjs")}:3:30: Expected identifier but found "="\n`,
    `hawser: ${at("missing.ts")}:2: cannot find ${at("rooms.js")}\n`,
  ]);
});

test("what it throws is shown with where it comes from, and none of our own lines; so is that it ended", async () => {
  const at = folderWith({
    "throws.ts":
      "interface A { b: number }\n\nfunction fail(): A {\n  throw new Error('not today');\n}\nfail();",
    "ends.js": "process.exit(7);",
  });
  const [throws, ends] = await Promise.all([refused(at("throws.ts")), refused(at("ends.js"))]);
  expect(throws).toEqual({
    code: 1,
    stdout: "",
    stderr: `hawser: Error: not today\n    at fail (${at("throws.ts")}:4:9)\n    at <anonymous> (${at("throws.ts")}:6:1)\n`,
  });
  expect(ends.code).toBe(1);
  expect(ends.stderr).toMatch(/^hawser: \S+ends\.js: .*exit code 7\n$/);
});

test("a file that is not there, and a port that is taken: 1", async () => {
  const at = folderWith({ "echo.js": "export default () => undefined;" });
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const ends = await Promise.all([refused(at("chat.ts")), refused(at("echo.js"), "--port", String(port))]);
  other.close();
  expect(ends).toEqual(
    [
      `cannot read ${at("chat.ts")}: there is no such file`,
      `127.0.0.1:${port} is in use by another program; choose another port with --port (0 takes a free one)`,
    ].map((words) => ({ code: 1, stdout: "", stderr: `hawser: ${words}\n` })),
  );
});

test("what else is no module", () => {
  const at = folderWith({ "own chat.ts": "" });
  expect(modulePath(`file://${at("own%20chat.ts")}`)).toBe(at("own chat.ts"));
  expect(() => modulePath(at(""))).toThrow(/^cannot read \S+: it is a directory$/);
  expect(() => modulePath("https://example.org/chat.ts")).toThrow(
    "a module is a path or a file: URL, not https://example.org/chat.ts",
  );
});

test("values that the library finds wrong: one line, and 2", async () => {
  const at = folderWith({ "echo.js": "export default () => undefined;" });
  const ends = await Promise.all([
    refused(at("echo.js"), "--origin", "app.example"),
    refused(at("echo.js"), "--version", "hixie-76", "--version", "hybi-01"),
  ]);
  expect(ends).toEqual(
    [
      /^hawser: origins may hold whole origins, as "https:\/\/app\.example"[^\n]*\n$/,
      /^hawser: [^\n]* cannot be told apart by their requests; accept one of them, or [^\n]*\n$/,
    ].map((words) => ({ code: 2, stdout: "", stderr: expect.stringMatching(words) })),
  );
});
