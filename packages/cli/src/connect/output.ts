// Standard output as fast as its reader takes it, until that reader leaves.
import type { Writable } from "node:stream";

/** A stream to write to, with backpressure, which never throws. */
export class Output {
  readonly #stream: Writable;
  readonly #over = new AbortController();
  /** Who waits for room. */
  readonly #waiting: (() => void)[] = [];

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("drain", () => this.#wake());
    stream.once("close", () => this.#end(undefined));
    stream.on("error", (error) => this.#end(error));
    if (stream.destroyed) this.#end(undefined);
  }

  /** Aborted when nothing can be written any more. Its reason is the error; none if the reader has simply left (EPIPE). */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Resolves when there is room for more, with false when there never will be. */
  async write(data: string | Uint8Array): Promise<boolean> {
    if (this.#over.signal.aborted) return false;
    if (!this.#stream.write(data)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    return !this.#over.signal.aborted;
  }

  #end(error: Error | undefined): void {
    const left = error === undefined || ("code" in error && error.code === "EPIPE");
    // An abort without a reason would get one of its own.
    this.#over.abort(left ? null : error);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
