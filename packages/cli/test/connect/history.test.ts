// Where the history of the prompt is kept, and what of it.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { HISTORY_SIZE, historyFile, loadHistory, saveHistory } from "../../src/connect/history.ts";

test.each<[Record<string, string>, string | undefined]>([
  [{}, join(homedir(), ".local/state/hawser/history")],
  [{ XDG_STATE_HOME: "/state" }, "/state/hawser/history"],
  [{ XDG_STATE_HOME: "state" }, join(homedir(), ".local/state/hawser/history")],
  [{ XDG_STATE_HOME: "" }, join(homedir(), ".local/state/hawser/history")],
  [{ HAWSER_HISTORY: "/elsewhere", XDG_STATE_HOME: "/state" }, "/elsewhere"],
  [{ HAWSER_HISTORY: "" }, undefined],
])("%j", (environment, file) => {
  expect(historyFile(environment)).toBe(file);
});

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-history-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "below", "history");
}

test("what was saved is there again, the newest first", () => {
  const file = newFile();
  expect(loadHistory(file)).toEqual([]);
  saveHistory(file, ["newest", "older", "oldest"]);
  expect(readFileSync(file, "utf8")).toBe("oldest\nolder\nnewest\n");
  expect(loadHistory(file)).toEqual(["newest", "older", "oldest"]);
});

test("the file stays small: the newest lines are kept, and no long ones", () => {
  const file = newFile();
  const lines = Array.from({ length: HISTORY_SIZE + 10 }, (_, at) => `line ${at}`);
  saveHistory(file, ["x".repeat(5000), ...lines]);
  expect(loadHistory(file)).toEqual(lines.slice(0, HISTORY_SIZE));
});

test("lines that begin with a space are not kept", () => {
  const file = newFile();
  saveHistory(file, [" secret", ""]);
  expect(existsSync(file)).toBe(false);
  saveHistory(file, ["one", " secret"]);
  expect(loadHistory(file)).toEqual(["one"]);
});

test("without a file, or where none can be written, there is no history and no trouble", () => {
  const file = newFile();
  saveHistory(undefined, ["one"]);
  expect(loadHistory(undefined)).toEqual([]);
  saveHistory(file, ["one"]);
  // A file cannot be a folder.
  saveHistory(join(file, "history"), ["one"]);
  expect(loadHistory(join(file, "history"))).toEqual([]);
  writeFileSync(file, "one\n\ntwo");
  expect(loadHistory(file)).toEqual(["two", "one"]);
});
