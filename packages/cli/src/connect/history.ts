// The history of the prompt, kept from one run to the next in a file that only its owner can read.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

/** How many lines are kept. */
export const HISTORY_SIZE = 500;

/** The longest line that is kept, in characters: what is longer was pasted. */
const MAX_LINE = 4096;

/**
 * The file of the history: what HAWSER_HISTORY names, else `hawser/history` where programs keep their state (XDG base
 * directories). Undefined for an empty HAWSER_HISTORY: no file is read or written then.
 */
export function historyFile(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { HAWSER_HISTORY, XDG_STATE_HOME } = environment;
  if (HAWSER_HISTORY !== undefined) return HAWSER_HISTORY === "" ? undefined : HAWSER_HISTORY;
  // A relative path is to be ignored, says the standard.
  const state =
    XDG_STATE_HOME !== undefined && isAbsolute(XDG_STATE_HOME)
      ? XDG_STATE_HOME
      : join(homedir(), ".local", "state");
  return join(state, "hawser", "history");
}

/** The lines in the file, the newest first; none if there is no such file. */
export function loadHistory(file: string | undefined): readonly string[] {
  if (file === undefined) return [];
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines
      .filter((line) => line !== "")
      .slice(-HISTORY_SIZE)
      .reverse();
  } catch {
    return [];
  }
}

/** Writes the lines, given the newest first. A line that begins with a space is not kept. A file that cannot be written is no trouble. */
export function saveHistory(file: string | undefined, history: readonly string[]): void {
  if (file === undefined) return;
  const kept = history
    .filter((line) => line.length <= MAX_LINE && !/^(\s|$)/.test(line))
    .slice(0, HISTORY_SIZE);
  if (kept.length === 0) return;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${kept.toReversed().join("\n")}\n`, { mode: 0o600 });
  } catch {
    // A history is a convenience.
  }
}
