// Link: what a session talks over. One connection, or (reconnecting-link.ts) one after another.
import { Buffer } from "node:buffer";
import { type CloseReport, type Connection, ConnectionClosedError, type MessageStream } from "hawser";
import { exitCodeOf } from "./exit-code.ts";
import { InputError } from "./input-error.ts";
import type { JsonEvents } from "./jsonl.ts";
import { giveUpCode } from "./wire-version.ts";

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
   * @throws what the pieces throw; InputError for what the version has no form for
   */
  sendStream(kind: "text" | "binary", pieces: Pieces): Promise<boolean>;
  /** The longest line to send whole, in bytes. */
  readonly wholeLine: number;
  /** Why longer ones are not sent; undefined if they may go to `sendStream`. */
  readonly tooLong: string | undefined;
  /**
   * Resolves with the round trip in milliseconds, with undefined if there will be no answer any more.
   *
   * @throws (rejects with) RangeError for a payload over 125 bytes, UnsupportedError in a version without pings
   */
  ping(payload: string): Promise<number | undefined>;
  /** Resolves when all that was sent has come to the peer, or, in a version without pings, is on its way. */
  arrived(): Promise<void>;
  /** @throws RangeError for a code or reason that may not be sent, UnsupportedError for one that the version does not have */
  close(code?: number, reason?: string): void;
  /** Closes, and says that the peer did not get all that was meant for it, as far as the version can say so. */
  giveUp(): void;
  terminate(): void;
}

/** Up to here a line goes out as one frame. */
const WHOLE_LINE = 64 * 1024;

/** The largest message to send, in bytes, in a version without fragments: it has to be in memory whole. */
const MAX_WHOLE = 16 * 1024 * 1024;

/** A link over one connection, which is open. */
export function connectionLink(ws: Connection, url: string): Link {
  return {
    listen: (listener) => listener.opened({ url, subprotocol: ws.subprotocol, version: ws.version }),
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
    sendStream: (kind, pieces) => sendPieces(ws, kind, pieces),
    wholeLine: ws.can.fragments ? WHOLE_LINE : MAX_WHOLE,
    tooLong: ws.can.fragments ? undefined : tooLongFor(ws),
    ping: async (payload) => answered(ws.ping(payload)),
    arrived: async () => void (await (ws.can.ping ? answered(ws.ping("")) : ws.drain())),
    close: (code, reason) => void ws.close(code, reason),
    giveUp: () => void ws.close(giveUpCode(ws.version)),
    terminate: () => void ws.terminate(),
  };
}

function tooLongFor({ version }: Pick<Connection, "version">): string {
  return `longer than ${MAX_WHOLE / 2 ** 20} MiB, and ${version} has no messages in fragments`;
}

/** Sends one message piece by piece, or whole where the version has no fragments; see `Link.sendStream`. */
export async function sendPieces(ws: Connection, kind: "text" | "binary", pieces: Pieces): Promise<boolean> {
  if (ws.can.fragments) return ws.sendStream(kind, pieces);
  if (kind === "binary") throw new InputError(`not sent: ${ws.version} carries text only`);
  const parts: string[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += Buffer.byteLength(piece);
    if (size > MAX_WHOLE) throw new InputError(`not sent: ${tooLongFor(ws)}`);
    parts.push(String(piece));
  }
  return ws.send(parts.join("")) || ws.drain();
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
