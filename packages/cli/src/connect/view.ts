// What is shown of a connection, and where: messages on standard output, everything else on standard error or above the prompt.
import { type CloseReport, describeReport, isNormal } from "hawser";
import type { Colors } from "../terminal/colors.ts";
import { escaped, printable } from "../terminal/printable.ts";
import { hexPreview } from "./hex.ts";
import { eventLine, type JsonEvents, messageLine } from "./jsonl.ts";
import type { Incoming, LinkListener } from "./link.ts";
import type { Output } from "./output.ts";

/** Shows a connection to somebody. */
export interface View extends LinkListener {
  /** Resolves when there is room for the next, with false when nobody reads any more. */
  message(message: Incoming): Promise<boolean>;
  /** Resolves as `message` does. */
  pong(milliseconds: number): Promise<boolean>;
  /** @param known why it ended has been said, or was asked for */
  closed(report: CloseReport, known: boolean): void;
  /** Something to know, which nobody has asked for. Not shown with --quiet, nor is a normal end. */
  note(text: string): void;
  /** What was asked for. */
  answer(text: string): void;
  /** Something that went wrong. */
  trouble(text: string): void;
}

/** Where a view prints what is no message. */
export interface Notes {
  readonly quiet: boolean;
  readonly colors: Colors;
  readonly print: (line: string) => void;
}

/** Messages as they are for a program that reads them: a newline behind each text, nothing behind binary. */
export function pipeView(output: Output, notes: Notes): View {
  return {
    ...noted(notes),
    async message(message) {
      for await (const piece of message) if (!(await output.write(piece))) return false;
      return message.kind === "text" ? output.write("\n") : true;
    },
  };
}

/** The bytes of all messages, with nothing between them. */
export function rawView(output: Output, notes: Notes): View {
  return {
    ...noted(notes),
    async message(message) {
      for await (const piece of message) if (!(await output.write(piece))) return false;
      return true;
    },
  };
}

/** A line of JSON for each message and for each event. */
export function jsonView(output: Output, notes: Notes): View {
  const tell = (event: Partial<JsonEvents>) => output.write(`${eventLine(event)}\n`);
  return {
    ...noted(notes),
    async message(message) {
      const whole = message.kind === "text" ? await message.text() : await message.bytes();
      return output.write(`${messageLine(whole)}\n`);
    },
    opened: (open) => void tell({ open }),
    reconnecting: (reconnecting) => void tell({ reconnecting }),
    pong: (milliseconds) => tell({ pong: { milliseconds: Math.round(milliseconds * 1000) / 1000 } }),
    closed: ({ code, reason, clean, initiator, cause }) =>
      void tell({ closed: { code, reason, clean, initiator, cause } }),
  };
}

/**
 * Messages for a person at a terminal: nothing in them moves the cursor, and none is endless.
 *
 * @param print writes a line, or several; it resolves with false when nobody reads any more
 * @param mark stands before each message, as "< "; its further lines are indented by as much
 */
export function terminalView(print: (text: string) => Promise<boolean>, mark: string, notes: Notes): View {
  const { colors } = notes;
  const indent = " ".repeat(mark.length);
  return {
    ...noted(notes),
    async message(message) {
      const shown =
        message.kind === "text"
          ? legible(await message.text()).replaceAll("\n", `\n${indent}`)
          : colors.yellow(hexPreview(await message.bytes()));
      return print(`${colors.cyan(mark)}${shown}`);
    },
  };
}

function noted({ quiet, colors, print }: Notes): Omit<View, "message"> {
  const note = (text: string) => {
    if (!quiet) print(colors.dim(text));
  };
  const answer = (text: string) => print(colors.dim(text));
  return {
    note,
    answer,
    trouble: (text) => print(colors.red(`hawser: ${text}`)),
    opened: ({ url, subprotocol, version }) => {
      const agreed = subprotocol === "" ? "" : `, subprotocol ${printable(subprotocol)}`;
      note(`connected to ${printable(url)}${agreed}${version === "rfc6455" ? "" : `, version ${version}`}`);
    },
    reconnecting: ({ delay, reason }) =>
      note(`${printable(reason)}; trying again in ${(delay / 1000).toFixed(1)} s`),
    async pong(milliseconds) {
      answer(`pong after ${milliseconds.toFixed(1)} ms`);
      return true;
    },
    closed: (report, known) => {
      const words = escaped(describeReport(report));
      if (known || isNormal(report)) note(words);
      else print(colors.yellow(words));
    },
  };
}

/** The longest text that a terminal is given, in characters of the string. */
const MAX_SHOWN = 20_000;

/** Text with its line breaks and tabs, and with everything else that steers a terminal spelled out. */
function legible(text: string): string {
  const shown = text.length > MAX_SHOWN ? text.slice(0, MAX_SHOWN) : text;
  const safe = shown.replaceAll("\r\n", "\n").replace(/[^\n\t]+/g, (run) => escaped(run));
  const more = text.length - shown.length;
  return more === 0 ? safe : `${safe}… and ${more.toLocaleString("en")} more characters`;
}
