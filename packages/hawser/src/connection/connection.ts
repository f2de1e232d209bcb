// Connection: what users hold. One WebSocket connection, at either end, whatever it runs on.
import type { ResponseHead } from "../handshake/head.ts";
import type { RequestParams, UpgradeRequest } from "../handshake/upgrade-request.ts";
import { keptResponse } from "../handshake/upgrade-request.ts";
import { describe, UnsupportedError } from "../wire/errors.ts";
import { checkNames } from "../wire/options.ts";
import type { Capabilities, Kind, Phase, WireVersion } from "../wire/wire.ts";
import type { Sendable } from "./bytes.ts";
import { sendable } from "./bytes.ts";
import { connectionOpen } from "./channels.ts";
import type { CloseReport } from "./close-report.ts";
import { nameConnection } from "./ids.ts";
import type { Item } from "./inbox.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { MessageStream } from "./message-stream.ts";
import { MessageStreams } from "./message-stream.ts";
import { pingPayload } from "./pings.ts";
import type { PumpOptions } from "./pump.ts";
import { Pump } from "./pump.ts";
import { mayCompress, type SendOptions } from "./send-options.ts";
import type { FragmentSender, Pieces } from "./send-stream.ts";
import { sendStream } from "./send-stream.ts";
import { MessageIterator, nextItem, nextOrThrow } from "./taking.ts";

/** A message received: text is a string; binary a Uint8Array that fills an ArrayBuffer of its own. */
export type Message = string | Uint8Array;

/** Any connection, whatever it receives and holds. */
export type AnyConnection = Connection<Message, unknown>;

/** How a connection runs, and what its handshake said. */
export interface ConnectionOptions<State, Params extends RequestParams = RequestParams> extends PumpOptions {
  readonly request: UpgradeRequest<Params>;
  readonly response: ResponseHead;
  readonly subprotocol: string;
  readonly state: State;
  /** Called as soon as the connection has ended, before anybody else hears of it. */
  readonly onEnded?: ((connection: AnyConnection) => void) | undefined;
}

// What the rooms to the right may do with a connection, and applications may not. Not exported from the package.

/** The pump of a connection. */
export let pumpOf: (connection: AnyConnection) => Pump;
/** Forgets the heads of a connection's handshake, but for these headers. */
export let keepHeaders: (connection: AnyConnection, names: readonly string[]) => void;

/**
 * One WebSocket connection after its handshake.
 *
 * Messages are taken with `for await`, `receive()` or `messages()`, one of them at a time; none is lost before the first
 * is asked for, and no more than `limits.inbox` waits. What the peer does never throws here: it ends in `closed`.
 *
 * @typeParam Received narrower than `Message` where `accepts` says so
 * @typeParam State the application's own, from the `upgrade` hook
 * @typeParam Params what the path of the resource matches, where a handler has one
 */
export class Connection<
  Received extends Message = Message,
  State = unknown,
  Params extends RequestParams = RequestParams,
> implements AsyncIterable<Received>
{
  /** The application's own data. */
  state: State;
  /** What was agreed on in the handshake, "" for none. */
  readonly subprotocol: string;

  readonly #pump: Pump;
  readonly #request: UpgradeRequest<Params>;
  #response: ResponseHead;
  readonly #life: Lifecycle<AnyConnection>;
  #sending: Promise<unknown> | undefined;
  #streams: MessageStreams | undefined;
  #id: string | undefined;

  static {
    pumpOf = (connection) => connection.#pump;
    keepHeaders = (connection, names) => connection.#keepHeaders(names);
  }

  /** @internal Not for applications: connections come from `serve`, `upgrade`, `acceptStream`, `connect` and `testPair`. */
  constructor(options: ConnectionOptions<State, Params>) {
    this.state = options.state;
    this.subprotocol = options.subprotocol;
    this.#request = options.request;
    this.#response = options.response;
    this.#life = new Lifecycle<AnyConnection>(this, options.onEnded);
    this.#pump = new Pump(this.#life, options);
    this.#pump.start();
    if (connectionOpen.hasSubscribers) connectionOpen.publish({ connection: this });
  }

  /** The request of the handshake: its line, and the headers named in `keep`; all headers until `open` has returned. */
  get request(): UpgradeRequest<Params> {
    return this.#request;
  }

  /** The answer of the handshake, with the headers named in `keep`; with all until `open` has returned. */
  get response(): ResponseHead {
    return this.#response;
  }

  /** A name that no other connection of this process, or of its pool, has or had: `pool.send(ws.id, …)`. */
  get id(): string {
    this.#id ??= nameConnection(this);
    return this.#id;
  }

  /** Where the connection stands. */
  get phase(): Phase {
    return this.#pump.wire.phase;
  }

  /** The document whose framing is spoken. */
  get version(): WireVersion {
    return this.#pump.wire.version;
  }

  /** What this version can carry. */
  get can(): Capabilities {
    return this.#pump.wire.can;
  }

  /** Bytes that were sent and that the system has not taken yet. */
  get bufferedAmount(): number {
    return this.#pump.sender.waiting;
  }

  /** The round trip of the last ping that was answered, keepalive's included, in milliseconds; undefined before the first. */
  get latency(): number | undefined {
    return this.#life.latency;
  }

  /** Aborted as soon as the phase is "open" no longer. */
  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** The close report, once the connection has ended. Never rejects. */
  get closed(): Promise<CloseReport> {
    return this.#life.closed;
  }

  /**
   * Sends one message: a string as text, bytes in any form as binary.
   *
   * It is written with all else that is sent in this turn of the loop. Bytes above 16 KiB are not copied: leave them alone
   * until `drain` resolves.
   *
   * @returns true; false when more than `limits.sendMark` waits now (this message was accepted all the same: wait for
   *   `drain`), or when the connection is not open (it was not accepted: the close report counts it)
   * @throws TypeError for what is no message, and for wrong options; UnsupportedError for bytes in a version without binary
   */
  send(data: Sendable, options?: SendOptions): boolean {
    const message = typeof data === "string" ? data : sendable(data);
    return this.#pump.sender.send(message, options === undefined || mayCompress("send()", options));
  }

  /**
   * Sends one message in fragments, as the pieces come and the peer takes them. Other messages wait behind it.
   *
   * @returns whether all of it was accepted: false when the connection ended before
   * @throws (rejects with) what the pieces throw, or a TypeError for a piece that is no string (text) or no bytes (binary);
   *   the connection ends with 1011 then if some of it has gone out, since an unfinished message cannot be taken back;
   *   UnsupportedError in a version without fragments
   */
  async sendStream(kind: Kind, pieces: Pieces, options?: SendOptions): Promise<boolean> {
    if (kind !== "text" && kind !== "binary") {
      throw new TypeError(`a message is "text" or "binary", not ${describe(kind)}`);
    }
    if (!isStream(pieces)) {
      throw new TypeError(
        `the pieces of a message come in an iterable, async or not, not in ${describe(pieces)}`,
      );
    }
    const compress = mayCompress("sendStream()", options);
    if (!this.can.fragments) throw new UnsupportedError(`${this.version} has no messages in fragments`);
    const before = this.#sending;
    const sending = (async () => {
      await before;
      return sendStream(this.#fragmentSender(compress), kind, pieces);
    })();
    this.#sending = sending.catch(() => undefined);
    return sending;
  }

  /** Resolves with true when no more than `limits.sendMark` waits to be sent, with false once that will never be. */
  drain(): Promise<boolean> {
    if (this.phase !== "open") return Promise.resolve(false);
    if (!this.#pump.sender.overMark) return Promise.resolve(true);
    return this.#life.nextDrain();
  }

  /**
   * The next message; undefined once the connection has ended, for whatever reason, and all was taken.
   *
   * @param options.signal gives up waiting; no message is lost by that
   * @throws (rejects with) the signal's reason, and nothing else
   */
  receive(options?: { signal?: AbortSignal | undefined }): Promise<Received | undefined> {
    if (options !== undefined) checkNames("receive()", options, ["signal"]);
    return nextItem(this.#pump, options?.signal).then((item) =>
      item === undefined ? undefined : message<Received>(item),
    );
  }

  /**
   * Messages until the connection ends. Ends after a normal end (1000, 1001, or no code); leaving the loop does not close.
   *
   * @throws ConnectionClosedError after any other end, so that a stream that was cut cannot look complete
   */
  [Symbol.asyncIterator](): AsyncIterator<Received, undefined, undefined> {
    return new MessageIterator<Received>(this.#pump, message);
  }

  /**
   * Messages as streams of their pieces, so that one larger than memory can be handled; `limits.message` holds all the same.
   *
   * From the first call on, `receive` and `for await` over the connection itself are not to be used.
   *
   * @throws ConnectionClosedError as iterating the connection does, also in the middle of a message
   */
  messages(): AsyncIterable<MessageStream> {
    this.#pump.wire.streaming = true;
    this.#streams ??= new MessageStreams((within) => nextOrThrow(this.#pump, within));
    return this.#streams;
  }

  /** Reads and drops every message from now on, those that wait included. */
  discard(): void {
    this.#pump.inbox.discard();
  }

  /**
   * Gives a value to the behaviour of this connection, which handles it as an event.
   *
   * @returns false once the behaviour has closed, or the connection has ended
   * @throws Error if no behaviour runs on this connection
   */
  notify(value: unknown): boolean {
    const taken = this.#pump.inbox.notify(value);
    if (taken !== undefined) return taken;
    if (this.#pump.report !== undefined) return false;
    throw new Error("notify() needs a behaviour on this connection: a session and hooks take no values");
  }

  /**
   * Sends a ping of at most 125 bytes (RFC 6455 §5.5.2).
   *
   * @returns the round trip in milliseconds
   * @throws (rejects with) ConnectionClosedError if the connection ends first; TypeError or RangeError for the payload, and
   *   UnsupportedError in a version without pings, at once
   */
  ping(payload?: string | Uint8Array): Promise<number> {
    const sent = pingPayload(payload);
    return this.#life.roundTrip(sent, this.#pump.sender.ping(sent));
  }

  /**
   * Starts the closing handshake (RFC 6455 §7.1.2). Messages that were sent go out first; what still comes is dropped.
   *
   * @param code 1000 (the default) to 1003, 1007 to 1014, 3000 to 4999
   * @param reason at most 123 bytes of UTF-8
   * @returns the close report, at most `timeouts.close` later
   * @throws TypeError or RangeError for another code or reason, and UnsupportedError for one that the version cannot carry, at
   *   once: where it has no codes, everything but 1000 without a reason
   */
  close(code = 1000, reason = ""): Promise<CloseReport> {
    this.#pump.close(code, reason);
    return this.closed;
  }

  /** Drops the transport without a closing handshake: the peer sees 1006. Messages that still wait are dropped too. */
  terminate(): Promise<CloseReport> {
    this.#pump.inbox.discard();
    this.#pump.terminate({ cause: "terminated", error: undefined });
    return this.closed;
  }

  /** Closes with 1000. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #fragmentSender(compress: boolean): FragmentSender {
    const { sender } = this.#pump;
    return {
      signal: this.signal,
      sendFragment: (kind, bytes, final) => sender.sendFragment(kind, bytes, final, compress),
      room: () => {
        if (this.phase !== "open") return Promise.resolve(false);
        return sender.outputOverMark ? this.#life.nextRoom() : Promise.resolve(true);
      },
      brokeOff: (error) => this.#pump.fail(1011, "a message broke off", { cause: "fault", error }),
    };
  }

  #keepHeaders(names: readonly string[]): void {
    this.#request.keepOnly(names);
    this.#response = keptResponse(this.#response, names);
  }
}

function isStream(pieces: unknown): boolean {
  if (typeof pieces === "string") return true;
  return (
    typeof pieces === "object" &&
    pieces !== null &&
    (Symbol.iterator in pieces || Symbol.asyncIterator in pieces)
  );
}

/** `accepts` makes the wire refuse the other kind, and that is what makes the narrower type true. */
function isWhole<Received extends Message>(item: Item): item is Received {
  return typeof item === "string" || item instanceof Uint8Array;
}

function message<Received extends Message>(item: Item): Received {
  if (isWhole<Received>(item)) return item;
  throw new TypeError("messages() has been called: from then on messages come from there, piece by piece");
}
