// Why a module could not be served, in words, for what the program's own tests do not bring about.
import { expect, test } from "vitest";
import { describeLoadFailure, loadFailureOf } from "../../src/serve/load-error.ts";
import { folderWith } from "./support.ts";

const failure = (name: string, message: string, stack = `${name}: ${message}`) => ({ name, message, stack });

test("an export that is not there has the line that the engine tells", () => {
  const message = "The requested module './rooms.ts' does not provide an export named 'rooms'";
  const stack = `file:///app/chat.ts:3\nimport { rooms } from "./rooms.ts";\n         ^^^^^\n\nSyntaxError: ${message}\n    at a (node:internal:1:1)`;
  expect(describeLoadFailure(failure("SyntaxError", message, stack), "/app/chat.ts")).toBe(
    `/app/chat.ts:3: ${message}`,
  );
});

test("a mistake whose place nobody knows is told all the same", () => {
  expect(describeLoadFailure(failure("SyntaxError", "Unexpected token"), "/app/chat.js")).toBe(
    "/app/chat.js: Unexpected token",
  );
});

test("a package that is not there has the line that imports it", () => {
  const at = folderWith({ "chat.ts": '\nimport nothing from "no-such-package";\nexport default nothing;' });
  const message = `Cannot find package 'no-such-package' imported from ${at("chat.ts")}`;
  expect(describeLoadFailure(failure("Error", message), at("chat.ts"))).toBe(
    `${at("chat.ts")}:2: cannot find the package no-such-package`,
  );
});

test("what is required and not there", () => {
  const at = folderWith({ "chat.cjs": 'const a = 1;\nconst rooms = require("rooms");' });
  const message = `Cannot find module 'rooms'\nRequire stack:\n- ${at("chat.cjs")}`;
  expect(describeLoadFailure(failure("Error", message), at("chat.cjs"))).toBe(
    `${at("chat.cjs")}:2: cannot find the package rooms`,
  );
});

test("several mistakes are several lines", () => {
  const message =
    'Transform failed with 2 errors:\n/app/a.ts:1:4: ERROR: Expected ";"\n/app/a.ts:2:0: ERROR: Unexpected "}"';
  expect(describeLoadFailure(failure("Error", message), "/app/a.ts")).toBe(
    '/app/a.ts:1:5: Expected ";"\n/app/a.ts:2:1: Unexpected "}"',
  );
});

test("only what a member could not start with is a failure of the module", () => {
  const cause = new TypeError("wrong");
  expect(loadFailureOf(new Error("a member could not start", { cause }))).toBe(cause);
  expect(loadFailureOf(new Error("listen EADDRINUSE"))).toBeUndefined();
  expect(loadFailureOf("no error")).toBeUndefined();
});
