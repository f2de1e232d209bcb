// Does what is typed at the prompt, in the order in which it was typed.
import { createReadStream } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describeFileError } from "../file-error.ts";
import { printable } from "../terminal/printable.ts";
import { commandHelp, parseTyped, type Typed } from "./commands.ts";
import { InputError } from "./input-error.ts";
import { strictDecoder } from "./lines.ts";
import type { SendingEnd } from "./pipe.ts";
import type { View } from "./view.ts";

/** How much may wait for a peer that does not read, in characters. Nobody types that much; a paste may have it. */
const MAX_WAITING = 4 * 1024 * 1024;

/** Somebody who types. */
export class Typist {
  readonly #to: SendingEnd;
  readonly #view: Pick<View, "note" | "answer" | "trouble" | "pong">;
  /** What was typed goes out one after the other: the next waits until there is room for it. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(to: SendingEnd, view: Pick<View, "note" | "answer" | "trouble" | "pong">) {
    this.#to = to;
    this.#view = view;
  }

  /** A line was typed. */
  typed(line: string): void {
    if (this.#waiting > MAX_WAITING) {
      this.#view.trouble("not sent: the peer does not read, and too much waits for it already");
      return;
    }
    const typed = parseTyped(line);
    this.#waiting += line.length;
    this.#last = this.#last.then(async () => {
      try {
        await this.#execute(typed);
      } catch (error) {
        this.#view.trouble(messageOf(error));
      }
      this.#waiting -= line.length;
    });
  }

  /** Resolves when all that was typed before is on its way. */
  done(): Promise<unknown> {
    return this.#last;
  }

  async #execute(typed: Typed): Promise<void> {
    switch (typed.what) {
      case "send":
        await this.#to.send(typed.text);
        return;
      case "ping":
        // Its answer is not waited for: more can be typed meanwhile.
        void this.#ping(typed.payload);
        return;
      case "close":
        this.#to.close(typed.code, typed.reason);
        return;
      case "file":
        return this.#sendFile(typed.path, typed.kind);
      case "help":
        for (const [command, meaning] of commandHelp) this.#view.answer(`${command.padEnd(25)}${meaning}`);
        return;
      case "mistake":
        this.#view.trouble(typed.message);
        return;
      default:
        return typed satisfies never;
    }
  }

  async #ping(payload: string): Promise<void> {
    try {
      const roundTrip = await this.#to.ping(payload);
      if (roundTrip !== undefined) await this.#view.pong(roundTrip);
    } catch (error) {
      this.#view.trouble(messageOf(error));
    }
  }

  async #sendFile(path: string, kind: "text" | "binary"): Promise<void> {
    const file = createReadStream(path.startsWith("~/") ? join(homedir(), path.slice(2)) : path);
    const pieces = kind === "text" ? decoded(file, path) : file;
    try {
      if (await this.#to.sendStream(kind, pieces)) {
        this.#view.note(`sent ${printable(path)}, ${file.bytesRead.toLocaleString("en")} bytes`);
      }
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw new Error(describeFileError(printable(path), error), { cause: error });
    } finally {
      file.destroy();
    }
  }
}

async function* decoded(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<string, void, undefined> {
  const decode = strictDecoder(printable(path), "/file sends it as it is");
  for await (const chunk of chunks) yield decode(chunk, true);
  yield decode(new Uint8Array(0), false);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
