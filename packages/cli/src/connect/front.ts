// Where a connection meets the user: a prompt for a person, standard input and output for programs.
import type { Writable } from "node:stream";
import type { StopSignal } from "../stop-signals.ts";
import { colorsFor, type MaybeTerminal } from "../terminal/colors.ts";
import { HISTORY_SIZE, historyFile, loadHistory, saveHistory } from "./history.ts";
import type { Keyboard } from "./keyboard.ts";
import type { Link } from "./link.ts";
import type { Output } from "./output.ts";
import { chunksOf, sendBytes, sendJsonLines, sendLines } from "./pipe.ts";
import { Prompt } from "./prompt.ts";
import { Typist } from "./typist.ts";
import { jsonView, type Notes, pipeView, rawView, terminalView, type View } from "./view.ts";

/** How to talk. */
export interface TalkOptions {
  /** What standard input and output are made of: a message on each line, one binary message, or lines of JSON. */
  readonly format: "lines" | "binary" | "jsonl";
  /** Close after the first message that came. */
  readonly once: boolean;
  /** After the end of the input: close when nothing came for this many milliseconds. */
  readonly wait: number;
  readonly quiet: boolean;
  /** False: no colours, whatever the terminal can show. */
  readonly color: boolean;
}

/** What the program has around it. */
export interface Surroundings {
  readonly stdin: Keyboard;
  readonly stdout: Writable & MaybeTerminal;
  readonly stderr: Writable & MaybeTerminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Resolves when a signal asks the program to end. */
  readonly stopped: Promise<StopSignal>;
}

/** One way to talk. */
export interface Front {
  readonly view: View;
  /**
   * Takes what the user has to send. Resolves with "left" when the user wants to leave, with "sent" when the input is at its
   * end and on its way.
   *
   * @throws InputError if the input cannot be sent
   */
  send(): Promise<"left" | "sent">;
  /** Gives the terminal back. */
  close(): void;
}

/** The front that fits: a prompt where a person sits at both ends. */
export function frontFor(link: Link, output: Output, options: TalkOptions, around: Surroundings): Front {
  const { stdin, stdout, environment } = around;
  const typing = stdin.isTTY === true && stdout.isTTY === true && environment["TERM"] !== "dumb";
  return typing && options.format === "lines"
    ? promptFront(link, output, options, around)
    : pipeFront(link, output, options, around);
}

/** Whether messages are passed on piece by piece, so that their size is no matter. */
export function passesPieces({ format }: TalkOptions, { stdout }: Surroundings): boolean {
  return format !== "jsonl" && stdout.isTTY !== true;
}

function promptFront(
  link: Link,
  output: Output,
  { quiet, color }: TalkOptions,
  { stdin, stdout, environment }: Surroundings,
): Front {
  const colors = colorsFor({ isTTY: color }, environment);
  const file = historyFile(environment);
  const prompt = new Prompt({
    input: stdin,
    output: stdout,
    prompt: colors.green("> "),
    history: loadHistory(file),
    historySize: HISTORY_SIZE,
    onLine: (line) => typist.typed(line),
  });
  const print = (text: string) => prompt.print(text);
  const view = terminalView(
    async (text) => {
      print(text);
      return output.write("");
    },
    "< ",
    { quiet, colors, print },
  );
  const typist = new Typist(link, view);
  return {
    view,
    async send() {
      view.note("Enter sends a line, /help lists commands, Ctrl-D ends it.");
      prompt.start();
      if ((await prompt.ended) === "ended") await typist.done();
      return "left";
    },
    close() {
      prompt.close();
      saveHistory(file, prompt.history);
    },
  };
}

function pipeFront(
  link: Link,
  output: Output,
  { format, quiet, color }: TalkOptions,
  { stdin, stdout, stderr, environment }: Surroundings,
): Front {
  const notes: Notes = {
    quiet,
    colors: colorsFor({ isTTY: color && stderr.isTTY === true }, environment),
    print: (line) => void stderr.write(`${line}\n`),
  };
  const view = pipeViewFor(format, stdout.isTTY === true, output, notes);
  return {
    view,
    async send() {
      if (!(await link.opened)) return "left";
      const chunks = chunksOf(stdin, link.over);
      if (format === "jsonl") await sendJsonLines(link, chunks, (milliseconds) => view.pong(milliseconds));
      else await (format === "binary" ? sendBytes : sendLines)(link, chunks);
      return "sent";
    },
    close: () => undefined,
  };
}

function pipeViewFor(format: TalkOptions["format"], isTerminal: boolean, output: Output, notes: Notes): View {
  if (format === "jsonl") return jsonView(output, notes);
  // Bytes that a peer has chosen are not for a terminal to interpret.
  if (isTerminal) return terminalView((text) => output.write(`${text}\n`), "", notes);
  return format === "binary" ? rawView(output, notes) : pipeView(output, notes);
}
