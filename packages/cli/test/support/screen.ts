// The program on a real terminal, driven by keys, and what is then on its screen.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import xterm from "@xterm/headless";
import { onTestFinished } from "vitest";
import { bin } from "./program.ts";

/** What runs the relay. */
export const PYTHON = "/usr/bin/python3";
const relay = fileURLToPath(new URL("./run-in-terminal.py", import.meta.url));

/** A pseudo-terminal is made with Python. */
export const missing = !existsSync(PYTHON);

/** What keys send. */
export const key = {
  enter: "\r",
  up: "\u001b[A",
  left: "\u001b[D",
  ctrlC: "\u0003",
  ctrlD: "\u0004",
  ctrlZ: "\u001a",
} as const;

/** How long the screen may take to show something, in milliseconds: less than a test has. */
const PATIENCE = 30_000;

/** A program on a terminal of 60 columns and 16 rows. */
export class Screen {
  /** The exit code of the program. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #terminal = new xterm.Terminal({ cols: 60, rows: 16, allowProposedApi: true });
  readonly #waiting = new Set<() => void>();
  #written = "";

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const { PORT: _port, FORCE_COLOR: _force, NO_COLOR: _no, ...rest } = process.env;
    this.#child = spawn(PYTHON, [relay, "60", "16", process.execPath, bin, ...args], {
      env: { ...rest, TERM: "xterm-256color", HAWSER_HISTORY: "", ...environment },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.ended = once(this.#child, "close").then(([code]) => Number(code));
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.#written += chunk.toString("latin1");
      this.#terminal.write(chunk, () => {
        for (const look of this.#waiting) look();
      });
    });
    onTestFinished(async () => {
      this.#child.kill("SIGTERM");
      await this.ended;
      this.#terminal.dispose();
    });
  }

  press(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** The terminal goes away, as a window that is closed. */
  hangUp(): void {
    this.#child.kill("SIGKILL");
  }

  /** The screen's lines, without what is blank behind and below. */
  get lines(): string[] {
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: this.#terminal.rows }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString(true) ?? "").trimEnd(),
    );
    return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
  }

  /** What has steered the terminal: what was written behind each escape character. */
  get sequences(): string[] {
    return this.#written.split("\u001b").slice(1);
  }

  /** Resolves when the last lines of the screen are these. */
  async shows(...expected: readonly (string | RegExp)[]): Promise<void> {
    await this.#until(() => {
      const last = this.lines.slice(-expected.length);
      return (
        last.length === expected.length &&
        expected.every((line, at) =>
          typeof line === "string" ? line === last[at] : line.test(last[at] ?? ""),
        )
      );
    }, expected);
  }

  /** Resolves when the cursor is in this column of the last line. */
  async showsCursorIn(column: number): Promise<void> {
    await this.#until(() => {
      const { cursorX, cursorY } = this.#terminal.buffer.active;
      return cursorX === column && cursorY === this.lines.length - 1;
    }, `the cursor in column ${column}`);
  }

  #until(holds: () => boolean, expected: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const over = (settle: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        settle();
      };
      const look = () => {
        if (holds()) over(resolve);
      };
      const complain = (why: string) =>
        over(() =>
          reject(
            new Error(`${why}; wanted ${String(expected)}, on the screen is:\n${this.lines.join("\n")}`),
          ),
        );
      const timer = setTimeout(() => complain("not shown in time"), PATIENCE);
      this.#waiting.add(look);
      look();
      void this.ended.then((code) => {
        // What it wrote last is on its way to the screen.
        this.#terminal.write("", () => {
          look();
          complain(`the program ended with ${code}`);
        });
      });
    });
  }
}
