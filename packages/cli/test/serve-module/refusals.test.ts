// hawser serve ./chat.ts: what cannot be served, and what is said about it.
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { certificateFor } from "../support/certificates.ts";
import { folderWith, refused } from "./support.ts";

test("what is wrong with a module is said in one line, with its place; 1", async () => {
  const at = folderWith({
    "none.ts": "export const chat = () => undefined;",
    "misspelt.ts": "export default { mesage() {} };",
    "syntax.ts": "const a: number = 1;\nexport default () => { const = a; };",
    "syntax.mjs": "\n\nexport default () => { const = 1; };",
    "missing.ts":
      'import { a } from "./a.ts";\nimport { rooms } from "./rooms.js";\nexport default () => rooms(a);',
    "a.ts": "export const a = 1;",
    "package.ts": '\nimport nothing from "no-such-package";\nexport default nothing;',
  });
  const names = ["none.ts", "misspelt.ts", "syntax.ts", "syntax.mjs", "missing.ts", "package.ts"];
  const ends = await Promise.all(names.map((name) => refused(at(name))));
  expect(ends.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
    names.map(() => ({ code: 1, stdout: "" })),
  );
  expect(ends.map(({ stderr }) => stderr)).toEqual([
    `hawser: the default export of ${at("none.ts")} must be a session, a handler, a behaviour, or a map of resources, and there is none\n`,
    expect.stringMatching(
      /^hawser: the default export of \S+misspelt\.ts has no option "mesage"; there are [a-z, ]+\n$/,
    ),
    expect.stringMatching(/^hawser: \S+syntax\.ts:2:30: Expected identifier but found "="\n$/),
    expect.stringMatching(/^hawser: \S+syntax\.mjs:3:30: Expected identifier but found "="\n$/),
    `hawser: ${at("missing.ts")}:2: cannot find ${at("rooms.js")}\n`,
    `hawser: ${at("package.ts")}:2: cannot find the package no-such-package\n`,
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

test("what is no module, and a port that is taken: 1", async () => {
  const at = folderWith({ "echo.js": "export default () => undefined;" });
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const [missing, folder, web, taken] = await Promise.all([
    refused(at("chat.ts")),
    refused(at("")),
    refused("https://example.org/chat.ts"),
    refused(at("echo.js"), "--port", String(port)),
  ]);
  other.close();
  expect([missing, folder, web, taken]).toEqual(
    [
      `cannot read ${at("chat.ts")}: there is no such file`,
      `cannot read ${at("")}: it is a directory`,
      "a module is a path or a file: URL, not https://example.org/chat.ts",
      `127.0.0.1:${port} is in use by another program; choose another port with --port (0 takes a free one)`,
    ].map((words) => ({ code: 1, stdout: "", stderr: `hawser: ${words}\n` })),
  );
});

test("flags that are wrong, or do not go together: one line, and 2", async () => {
  const { keyFile, certFile } = certificateFor("one.example");
  const other = certificateFor("two.example");
  const at = folderWith({ "echo.js": "export default () => undefined;" });
  const cases: readonly (readonly [string[], string | RegExp])[] = [
    [["--tls-cert", certFile], "--tls-cert and --tls-key need each other"],
    [["--tls-cert", "none.pem", "--tls-key", keyFile], "cannot read none.pem: there is no such file"],
    [["--tls-cert", keyFile, "--tls-key", keyFile], /there is no certificate \(PEM\) in \S+key\.pem/],
    [["--tls-cert", certFile, "--tls-key", certFile], /there is no private key \(PEM, .*\) in \S+cert\.pem/],
    [["--tls-cert", other.certFile, "--tls-key", keyFile], /is not that of the certificate in/],
    [["--origin", "app.example"], 'origins may hold whole origins, as "https://app.example"'],
    [["--version", "hixie-76", "--version", "hybi-01"], /cannot be told apart.*; accept one of them/],
  ];
  const ends = await Promise.all(cases.map(([flags]) => refused(at("echo.js"), ...flags)));
  for (const [index, { code, stdout, stderr }] of ends.entries()) {
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(cases[index]?.[1] ?? "");
    expect(stderr).toMatch(/^hawser: [^\n]*\n$/);
  }
});
