// One connection, from open to its end: what comes is shown, what is typed or piped is sent.
import { ConnectionClosedError } from "hawser";
import { exitCode } from "./exit-code.ts";
import { type Front, frontFor, type Surroundings, type TalkOptions } from "./front.ts";
import { InputError } from "./input-error.ts";
import type { Incoming, Link } from "./link.ts";
import { Output } from "./output.ts";
import { Quiet } from "./quiet.ts";

/** Talks over a link until it has ended. Resolves with the exit code. */
export async function talk(link: Link, options: TalkOptions, around: Surroundings): Promise<number> {
  const output = new Output(around.stdout);
  return new Session(link, output, frontFor(link, output, options, around), options).run(around);
}

class Session {
  readonly #link: Link;
  readonly #output: Output;
  readonly #front: Front;
  readonly #options: TalkOptions;
  readonly #quiet = new Quiet();
  /** The exit code, where something else than the end of the connection decides on it. */
  #decided: number | undefined;
  #messages = 0;

  constructor(link: Link, output: Output, front: Front, options: TalkOptions) {
    this.#link = link;
    this.#output = output;
    this.#front = front;
    this.#options = options;
  }

  async run(around: Surroundings): Promise<number> {
    const { view } = this.#front;
    this.#link.listen(view);
    this.#watchOutput();
    void around.stopped.then((signal) => this.#stopped(exitCode[signal]));
    const received = this.#receive();
    const sending = this.#send();
    const { report, message, exitCode: code } = await this.#link.ended;
    await received;
    // Who types is not waited for; everything else ends with the connection, and a fault of ours comes out here.
    this.#front.close();
    await sending;
    this.#quiet.stop();
    if (report !== undefined) view.closed(report, this.#decided !== undefined);
    if (message !== undefined) view.trouble(message);
    const nothing = this.#options.once && this.#messages === 0 && code === exitCode.normal;
    return this.#decided ?? (nothing ? exitCode.nothingCame : code);
  }

  async #receive(): Promise<void> {
    for await (const message of this.#link.messages()) {
      this.#quiet.begin();
      const more = await this.#shown(message);
      this.#quiet.end();
      if (!more) return;
      this.#messages += 1;
      if (this.#options.once) {
        this.#end(exitCode.normal);
        return;
      }
    }
  }

  /** A message may break off while it is shown. */
  async #shown(message: Incoming): Promise<boolean> {
    try {
      return await this.#front.view.message(message);
    } catch (error) {
      // The close report says the same.
      if (error instanceof ConnectionClosedError) return false;
      throw error;
    }
  }

  async #send(): Promise<void> {
    try {
      if ((await this.#front.send()) === "sent") await this.#untilAnswered();
      this.#link.close();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#front.view.trouble(error.message);
      this.#decided ??= exitCode.wrongUse;
      this.#link.giveUp();
    }
  }

  /** Until everything has reached the peer, and nothing more has come back for a while. */
  async #untilAnswered(): Promise<void> {
    if (this.#options.once) {
      await this.#link.ended;
      return;
    }
    await this.#link.arrived();
    await Promise.race([this.#quiet.wait(this.#options.wait), this.#link.ended]);
  }

  /** Whoever reads our output may have enough of it, or have no room for more. */
  #watchOutput(): void {
    const { over } = this.#output;
    const ended = () => {
      if (over.reason === null) return this.#end(exitCode.normal);
      const why = over.reason instanceof Error ? over.reason.message : String(over.reason);
      this.#front.view.trouble(`the output cannot be written: ${why}`);
      this.#end(exitCode.wrongUse);
    };
    if (over.aborted) ended();
    else over.addEventListener("abort", ended, { once: true });
  }

  #stopped(code: number): void {
    // Who asked for the end already and asks again wants it now.
    if (this.#link.over.aborted) this.#link.terminate();
    this.#decided = code;
    this.#end(code);
  }

  #end(code: number): void {
    this.#decided ??= code;
    this.#link.close();
  }
}
