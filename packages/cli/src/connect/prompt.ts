// The prompt: a line being typed at the bottom of a terminal, with a history, and all else printed above it.
import { createInterface, type Interface } from "node:readline";
import type { Writable } from "node:stream";
import { type Keyboard, silent, typeInto } from "./keyboard.ts";

/** What a prompt needs. */
export interface PromptOptions {
  readonly input: Keyboard;
  readonly output: Writable;
  /** What stands before the line: "> ", coloured or not. */
  readonly prompt: string;
  /** Lines of earlier times, the newest first. */
  readonly history: readonly string[];
  /** The most lines to remember. */
  readonly historySize: number;
  /** A line was typed. */
  onLine(line: string): void;
}

const CLEAR_BELOW = "\r\u001b[J";

/** Why nothing more is typed: Ctrl-C, or Ctrl-D, `close()` and a terminal that is gone. */
export type PromptEnd = "interrupted" | "ended";

/** A prompt on a terminal. What is typed is read as soon as it is made. */
export class Prompt {
  readonly ended: Promise<PromptEnd>;
  readonly #lines: Interface;
  readonly #output: Writable;
  /** The line that is being typed is on the screen, and the cursor is in it. */
  #shown = false;
  #closed = false;
  #history: readonly string[];

  constructor(options: PromptOptions) {
    const { input, output, prompt, historySize } = options;
    this.#output = output;
    this.#history = options.history;
    this.#lines = createInterface({
      input: silent(input),
      output,
      terminal: true,
      prompt,
      history: [...options.history],
      historySize,
      removeHistoryDuplicates: true,
    });
    this.#lines.on("history", (history: readonly string[]) => {
      this.#history = history;
    });
    this.#lines.on("line", (line) => {
      // Enter has moved the cursor to a line of its own.
      this.#shown = false;
      options.onLine(line);
      this.#show();
    });
    this.ended = new Promise((resolve) => {
      this.#lines.once("SIGINT", () => {
        resolve("interrupted");
        this.#lines.close();
      });
      this.#lines.once("close", () => {
        this.#closed = true;
        resolve("ended");
      });
    });
    typeInto(this.#lines, input);
  }

  /** Shows it. */
  start(): void {
    this.#show();
  }

  /** What was typed, the newest first. */
  get history(): readonly string[] {
    return this.#history;
  }

  /** Prints text on lines of its own, above the line that is being typed. */
  print(text: string): void {
    if (!this.#shown) {
      this.#output.write(`${text}\n`);
      return;
    }
    const rows = this.#clear();
    if (this.#closed) {
      this.#shown = false;
      this.#output.write(`${text}\n`);
      return;
    }
    // Readline goes up by as many rows before it draws: they have to be there.
    this.#output.write(`${text}\n${"\n".repeat(rows)}`);
    this.#lines.prompt(true);
  }

  /** Takes no more input, and gives the terminal back as it was, without the line that was being typed. */
  close(): void {
    this.#lines.close();
    if (this.#shown) this.#clear();
    this.#shown = false;
  }

  /** Takes the line that is being typed off the screen. Returns how many rows of it were above the cursor. */
  #clear(): number {
    const { rows } = this.#lines.getCursorPos();
    this.#output.write(rows === 0 ? CLEAR_BELOW : `\u001b[${rows}A${CLEAR_BELOW}`);
    return rows;
  }

  #show(): void {
    if (this.#closed) return;
    this.#shown = true;
    this.#lines.prompt();
  }
}
