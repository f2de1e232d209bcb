// Link: what a session talks over. One connection, or (reconnecting-link.ts) one after another.
import { type CloseReport, type Connection, ConnectionClosedError, type MessageStream } from "hawser";
import { exitCodeOf } from "./exit-code.ts";
import type { JsonEvents } from "./jsonl.ts";

/** A message that comes, in pieces or whole. */
export type Incoming = Pick<MessageStream, "kind" | "text" | "bytes"> & AsyncIterable<string | Uint8Array>;

/** Pieces of one message to send. */
type Pieces = AsyncIterable<string> | AsyncIterable<Uint8Array>;

/** How all of it ended. */
export interface LinkEnd {
  readonly exitCode: number;
  /** How the last connection ended, if that is why. */
  readonly report: CloseReport | undefined;
  /** What there is to say if not. */
  readonly message: string | undefined;
}

/** Hears where a link stands. */
export interface LinkListener {
  opened(open: JsonEvents["open"]): void;
  /** The connection was lost, or there was none; another one is tried. */
  reconnecting(again: JsonEvents["reconnecting"]): void;
}

export interface Link {
  /** Tells the listener from now on. */
  listen(listener: LinkListener): void;
  /** True as soon as there is a connection, false if there never was one. */
  readonly opened: Promise<boolean>;
  /** Aborted when nothing will be sent any more. */
  readonly over: AbortSignal;
  /** Never rejects. */
  readonly ended: Promise<LinkEnd>;
  /** Messages until the end, whatever it is: `ended` says. */
  messages(): AsyncIterable<Incoming>;
  /**
   * Sends one message. Resolves when there is room for the next, with false if nothing will be sent any more.
   *
   * @throws (rejects with) InputError for a message that is too large
   */
  send(message: string | Uint8Array): Promise<boolean>;
  /**
   * Sends one message piece by piece.
   *
   * @returns false if it could not be finished
   * @throws what the pieces throw
   */
  sendStream(kind: "text" | "binary", pieces: Pieces): Promise<boolean>;
  /** The longest line to send whole, in bytes. */
  readonly wholeLine: number;
  /** Whether longer ones may go to `sendStream`. */
  readonly longLines: boolean;
  /**
   * Resolves with the round trip in milliseconds, with undefined if there will be no answer any more.
   *
   * @throws (rejects with) RangeError for a payload over 125 bytes
   */
  ping(payload: string): Promise<number | undefined>;
  /** @throws RangeError for a code or reason that may not be sent */
  close(code?: number, reason?: string): void;
  terminate(): void;
}

/** Up to here a line goes out as one frame. */
const WHOLE_LINE = 64 * 1024;

/** A link over one connection, which is open. */
export function connectionLink(ws: Connection, url: string): Link {
  return {
    listen: (listener) => listener.opened({ url, subprotocol: ws.subprotocol }),
    opened: Promise.resolve(true),
    over: ws.signal,
    ended: ws.closed.then((report) => ({ exitCode: exitCodeOf(report), report, message: undefined })),
    async *messages() {
      try {
        yield* ws.messages();
      } catch (error) {
        if (!(error instanceof ConnectionClosedError)) throw error;
      }
    },
    send: async (message) => ws.send(message) || ws.drain(),
    sendStream: (kind, pieces) => ws.sendStream(kind, pieces),
    wholeLine: WHOLE_LINE,
    longLines: true,
    ping: async (payload) => answered(ws.ping(payload)),
    close: (code, reason) => void ws.close(code, reason),
    terminate: () => void ws.terminate(),
  };
}

/** The round trip of a ping; undefined if the connection has ended before its answer. */
export async function answered(roundTrip: Promise<number>): Promise<number | undefined> {
  try {
    return await roundTrip;
  } catch (error) {
    if (error instanceof ConnectionClosedError) return undefined;
    throw error;
  }
}
