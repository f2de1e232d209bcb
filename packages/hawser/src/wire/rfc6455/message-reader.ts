// The decoder and the assembler of a connection that reads: between two messages it has none, and others use them.
//
// Together they are some 330 bytes, which ten thousand idle connections would have ten thousand times.
import type { Reader, ReaderSettings } from "../framing.ts";
import { Assembler, type MessageHandler } from "./assembler.ts";
import { Decoder } from "./decoder.ts";

/** So many wait for their next use at most: more are there only where as many connections are amid a message at once. */
const MOST_SPARE = 64;

const stop = () => false;
/** A spare reader must not keep alive the connection that it read for last, and all that hangs on that one. */
const nobody: MessageHandler = {
  streaming: false,
  message: stop,
  fragment: stop,
  compressed: stop,
  control: stop,
};

/** Reads the messages of one connection after the other. */
export class MessageReader implements Reader {
  readonly decoder: Decoder;
  readonly assembler: Assembler;
  readonly #spare: MessageReader[];

  /** @param spare where it waits while nobody needs it */
  constructor(settings: ReaderSettings, deflate: boolean, handler: MessageHandler, spare: MessageReader[]) {
    const { role, limits, accepts } = settings;
    this.assembler = new Assembler(handler, limits.message, accepts);
    this.decoder = new Decoder(role, this.assembler, { deflate, short: this.assembler });
    this.#spare = spare;
  }

  /** Reads for this connection from now on. */
  serve(handler: MessageHandler, { limits, accepts }: ReaderSettings): void {
    this.assembler.serve(handler, limits.message, accepts);
  }

  /** Nothing is kept of what was read: neither a frame nor a message is under way. */
  get atRest(): boolean {
    return !this.decoder.inFrame && !this.assembler.inMessage;
  }

  /** Whoever it read for needs it no more. Only `atRest`. */
  giveBack(): void {
    if (this.#spare.length >= MOST_SPARE) return;
    this.assembler.serve(nobody, 0, undefined);
    this.#spare.push(this);
  }
}

const spareOf = { server: [], client: [], deflatingServer: [], deflatingClient: [] } satisfies Record<
  string,
  MessageReader[]
>;

/** A reader for one connection, until it is at rest. */
export function messageReader(
  settings: ReaderSettings,
  deflate: boolean,
  handler: MessageHandler,
): MessageReader {
  const spare = spareFor(settings, deflate);
  const reader = spare.pop();
  if (reader === undefined) return new MessageReader(settings, deflate, handler, spare);
  reader.serve(handler, settings);
  return reader;
}

function spareFor({ role }: ReaderSettings, deflate: boolean): MessageReader[] {
  if (role === "server") return deflate ? spareOf.deflatingServer : spareOf.server;
  return deflate ? spareOf.deflatingClient : spareOf.client;
}
