// The writable side of a WebSocketStream: a write is done when there is room for another.
import type { WritableStreamDefaultController } from "node:stream/web";
import { WritableStream } from "node:stream/web";
import { type Settleable, settleable } from "./settleable.ts";
import { bufferSource, usvString } from "./web-idl.ts";

/** What can be written. Anything else is made a string. */
export type WritableMessage = string | ArrayBuffer | ArrayBufferView;

/** Where messages go. */
export interface WritableOwner {
  /** Resolves with whether there is room for more; false: there never will be. undefined: the message was not accepted. */
  send(data: string | Uint8Array): Promise<boolean> | undefined;
  /** Nothing more will be written. */
  close(): void;
  /** The writer gave up. */
  aborted(reason: unknown): void;
}

/** One stream of messages. */
export class MessageWritable {
  readonly stream: WritableStream<WritableMessage>;
  readonly #owner: WritableOwner;
  #controller: WritableStreamDefaultController | undefined;
  /** A write that waits for room, or for the end. */
  #writing: Settleable<void> | undefined;
  /** The connection did not take that message, since it is not open any more. */
  #refused = false;
  /** close() waits for the end of the closing handshake. */
  #closing: Settleable<void> | undefined;

  constructor(owner: WritableOwner) {
    this.#owner = owner;
    this.stream = new WritableStream<WritableMessage>({
      start: (controller) => {
        this.#controller = controller;
        // abort() waits for the write under way, and that for a peer that may never read.
        abortSignalOf(controller)?.addEventListener("abort", () => this.#written());
      },
      write: (chunk) => this.#write(chunk),
      close: () => {
        this.#closing = settleable();
        owner.close();
        return this.#closing.promise;
      },
      abort: (reason: unknown) => owner.aborted(reason),
    });
  }

  /** A message was written, and there has been no room since. */
  get pending(): boolean {
    return this.#writing !== undefined;
  }

  /** The connection was closed, and what it had accepted has gone out. */
  closed(error: unknown): void {
    if (this.#closing !== undefined) {
      this.#closing.resolve();
      return;
    }
    if (!this.#refused) this.#written();
    this.failed(error);
  }

  /** The connection has ended, and what is being written will not go out. */
  failed(error: unknown): void {
    this.#controller?.error(error);
    this.#writing?.reject(error);
    this.#closing?.reject(error);
  }

  #write(chunk: unknown): Promise<void> {
    // 1–5. Bytes go as binary; anything else as text, once it is a string. (What this throws rejects the write.)
    const data = bufferSource(chunk) ?? usvString(chunk);
    const writing = settleable<void>();
    this.#writing = writing;
    // 6. Wait until there is room. If there never will be, the end of the connection says what becomes of the write.
    const room = this.#owner.send(data);
    this.#refused = room === undefined;
    void room?.then((more) => {
      if (more) this.#written();
    });
    return writing.promise;
  }

  #written(): void {
    this.#writing?.resolve();
    this.#writing = undefined;
  }
}

/** The controller's signal, which the declarations of Node 20 do not know. */
function abortSignalOf(controller: object): AbortSignal | undefined {
  return "signal" in controller && controller.signal instanceof AbortSignal ? controller.signal : undefined;
}
