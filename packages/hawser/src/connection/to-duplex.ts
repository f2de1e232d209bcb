// toDuplex: a connection as a Node stream, for programs that expect one.
import { Duplex } from "node:stream";
import { TextDecoder } from "node:util";
import { describe } from "../wire/errors.ts";
import { checkBoolean, checkNames, checkOneOf } from "../wire/options.ts";
import type { Kind } from "../wire/wire.ts";
import { sendable } from "./bytes.ts";
import type { CloseReport } from "./close-report.ts";
import { isNormal } from "./close-report.ts";
import { ConnectionClosedError } from "./closed-error.ts";
import type { AnyConnection } from "./connection.ts";
import { Connection, pumpOf } from "./connection.ts";
import type { Item } from "./inbox.ts";

/** Options of `toDuplex`. */
export interface DuplexOptions {
  /** What the chunks that are written go out as. Not together with `objectMode`. Default "binary". */
  readonly kind?: Kind | undefined;
  /** Chunks are messages, read and written: a string is text, bytes are binary. Default false: chunks are bytes. */
  readonly objectMode?: boolean | undefined;
}

/**
 * A Node stream over a connection, at either end. It takes all messages of the connection from then on.
 *
 * Each chunk that is written is a message, and each message that comes is a chunk, text as its UTF-8 bytes. Backpressure
 * goes through, both ways. Bytes that were written must not be changed afterwards.
 *
 * - `end()` closes with 1000 behind what was written, and in both directions, since a WebSocket has no half-close: what the
 *   peer sends after that is dropped. 'finish' comes when the peer has answered, or has ended the transport behind it.
 * - The peer's normal end (1000, 1001 or no code) is 'end', and ends the writable side as well. After any other end the
 *   stream is destroyed with a ConnectionClosedError, when the messages before it were read.
 * - `destroy()` terminates the connection, and so does an abort, leaving a loop over the stream included; `destroy(error)`
 *   closes it with 1011.
 *
 * @param ws a connection, or the promise of one, as `connect` gives it: what is written waits for it, and the stream is
 *   destroyed with what it rejects with
 * @throws TypeError for what is no connection, and for wrong options; Error if its messages are taken already, by hooks,
 *   `messages()` or another stream. What a promise brings destroys the stream with these.
 */
export function toDuplex(
  ws: AnyConnection | PromiseLike<AnyConnection>,
  options: DuplexOptions = {},
): Duplex {
  checkNames("toDuplex()", options, ["kind", "objectMode"]);
  const kind: Kind | undefined = checkOneOf("kind", options.kind, ["binary", "text"]);
  const objectMode = checkBoolean("objectMode", options.objectMode, false);
  if (objectMode && kind !== undefined) {
    throw new TypeError("kind and objectMode exclude each other: with objectMode each chunk says its kind");
  }
  return new ConnectionDuplex(ws, kind, objectMode);
}

type Done = (error?: Error | null) => void;

class ConnectionDuplex extends Duplex {
  readonly #decoder: TextDecoder | undefined;
  #ws: AnyConnection | undefined;
  /** What Node asked for before the connection was there: one write, or the end. */
  #postponed: { readonly task: (ws: AnyConnection) => void; readonly done: Done } | undefined;
  /** Set while the connection keeps its next message. */
  #readOn: (() => void) | undefined;

  constructor(ws: AnyConnection | PromiseLike<AnyConnection>, kind: Kind | undefined, objectMode: boolean) {
    // The connection has a buffer, its inbox: a second one would only be lost when the stream is destroyed.
    super({ objectMode, readableHighWaterMark: 1, allowHalfOpen: false });
    if (kind === "text") this.#decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    if (isPromiseLike(ws)) void this.#await(ws);
    else this.#attach(ws);
  }

  override _read(): void {
    const readOn = this.#readOn;
    this.#readOn = undefined;
    readOn?.();
  }

  /** @param chunk bytes; in object mode anything, and the connection says what is no message */
  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#do(done, (ws) => {
      try {
        const text = this.#decoder?.decode(chunk, { stream: true });
        // Nothing but the beginning of a character: it goes out with the next chunk.
        if (text === "" && chunk.length > 0) done();
        else send(ws, text ?? sendable(chunk), done);
      } catch (error) {
        done(asError(error));
      }
    });
  }

  override _final(done: Done): void {
    this.#do(done, (ws) => {
      try {
        this.#decoder?.decode();
      } catch (error) {
        done(asError(error));
        return;
      }
      void ws.close(1000).then((report) => {
        done(wasFinished(report) ? null : new ConnectionClosedError(report));
      });
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    if (this.#ws !== undefined) abandon(this.#ws, error);
    else this.#postponed?.done(error ?? new Error("the stream was destroyed before it had a connection"));
    done(error);
  }

  async #await(coming: PromiseLike<AnyConnection>): Promise<void> {
    try {
      this.#attach(await coming);
    } catch (error) {
      this.destroy(asError(error));
    }
    // Not within the try: what a callback of the application's throws is not ours to catch.
    if (this.#ws !== undefined) this.#postponed?.task(this.#ws);
    this.#postponed = undefined;
  }

  #attach(ws: AnyConnection): void {
    if (!(ws instanceof Connection))
      throw new TypeError(`toDuplex() takes a connection, not ${describe(ws)}`);
    if (this.destroyed) {
      void ws.terminate();
      return;
    }
    const { inbox, wire } = pumpOf(ws);
    if (wire.streaming) throw new Error("messages() takes the messages of this connection");
    inbox.claim({ take: (item) => this.#take(item), finished: () => this.#finished(ws) });
    this.#ws = ws;
    inbox.begin();
  }

  #do(done: Done, task: (ws: AnyConnection) => void): void {
    if (this.#ws === undefined) this.#postponed = { task, done };
    else task(this.#ws);
  }

  #take(item: Item): PromiseLike<void> | undefined {
    if (this.#push(item)) return undefined;
    return new Promise((resolve) => {
      this.#readOn = resolve;
    });
  }

  #push(item: Item): boolean {
    try {
      return this.push(item);
    } catch (error) {
      // A listener's, who was called from within push: as uncaught as any listener's, but not in the midst of our reading.
      queueMicrotask(() => {
        throw error;
      });
      return true;
    }
  }

  /** Called when all messages were taken, each because more was asked for: nothing is left in the stream. */
  #finished(ws: AnyConnection): void {
    const { report } = pumpOf(ws);
    if (report === undefined) return;
    if (!wasFinished(report)) {
      this.destroy(new ConnectionClosedError(report));
      return;
    }
    this.push(null);
    // Who only writes hears of the end too, as from a socket of Node.
    this.read(0);
  }
}

function send(ws: AnyConnection, message: string | Uint8Array, done: Done): void {
  const { sender } = pumpOf(ws);
  const before = sender.sent;
  if (sender.send(message)) done();
  else void settle(ws, sender.sent > before, done);
}

/** Calls back about a message that did not simply go out: when there is room for the next, or with how it all ended. */
async function settle(ws: AnyConnection, accepted: boolean, done: Done): Promise<void> {
  if (accepted && (await ws.drain())) {
    done();
    return;
  }
  const report = await ws.closed;
  done(accepted && wasFinished(report) ? null : new ConnectionClosedError(report));
}

/**
 * A normal end; or, after the Close of `end()`, a peer that took everything and then ended the transport in place of
 * answering, as brokers do. From a socket one would not hear more.
 */
function wasFinished(report: CloseReport): boolean {
  if (isNormal(report)) return true;
  const { cause, error, sent, unsent } = report;
  return cause === "lost" && error === undefined && sent?.code === 1000 && unsent.bytes === 0;
}

/** Ends a connection whose stream was destroyed. */
function abandon(ws: AnyConnection, error: Error | null): void {
  if (error === null || error.name === "AbortError") {
    void ws.terminate();
    return;
  }
  const pump = pumpOf(ws);
  pump.inbox.discard();
  pump.fail(1011, "internal error", { cause: "fault", error });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error("no connection came", { cause: thrown });
}

function isPromiseLike<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof value === "object" && value !== null && "then" in value;
}
