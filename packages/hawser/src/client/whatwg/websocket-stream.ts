// WebSocketStream: a WebSocket as a pair of streams (WebSockets standard, "The WebSocketStream interface"; its steps are in the comments).
import type { ReadableStream, WritableStream } from "node:stream/web";
import type { CloseReport } from "../../connection/close-report.ts";
import type { AnyConnection } from "../../connection/connection.ts";
import { keepHeaders, pumpOf } from "../../connection/connection.ts";
import type { Pump } from "../../connection/pump.ts";
import { afterMicrotasks } from "../../transport/after-microtasks.ts";
import { describe } from "../../wire/errors.ts";
import { checkCloseInfo, codeToSend, endingOf, neverOpened } from "./close-info.ts";
import { environment } from "./environment.ts";
import { establish, extensionsOf, type NetworkOptions, networkOptions, prepare } from "./establish.ts";
import { MessageReadable } from "./message-readable.ts";
import { MessageWritable, type WritableMessage } from "./message-writable.ts";
import { settleable } from "./settleable.ts";
import { checkProtocols, stringSequence } from "./subprotocols.ts";
import { urlRecord } from "./url-record.ts";
import {
  checkBrand,
  dictionary,
  illegalInvocation,
  isIterable,
  requireArguments,
  shapeInterface,
  usvString,
} from "./web-idl.ts";
import { closeInfo, uncheckedError, type WebSocketCloseInfo, WebSocketError } from "./websocket-error.ts";

/** What a WebSocketStream is made with. `protocols` and `signal` are the standard's, the rest goes beyond it. */
export interface WebSocketStreamOptions extends NetworkOptions {
  /** Subprotocols in order of preference. The connection fails if the server takes none of them. */
  readonly protocols?: Iterable<string> | undefined;
  /** Gives up connecting. Once connected it has no effect. */
  readonly signal?: AbortSignal | undefined;
}

/** What `opened` resolves with. */
export interface WebSocketOpenInfo {
  readonly extensions: string;
  readonly protocol: string;
  /** Text messages as strings, binary ones as Uint8Arrays. While nobody reads, the peer is held up. */
  readonly readable: ReadableStream<string | Uint8Array>;
  /** A write is done when there is room for the next. Closing it closes the connection. */
  readonly writable: WritableStream<WritableMessage>;
}

/** What `closed` resolves with. */
export interface WebSocketClosedInfo {
  readonly closeCode: number;
  readonly reason: string;
}

/**
 * A WebSocket as a pair of streams, with backpressure in both directions.
 *
 * @throws TypeError for a URL or subprotocols that are no strings, a signal that is none, and for wrong options beyond the
 *   standard; DOMException "SyntaxError" for a URL of another kind, and for subprotocols that are no tokens or come twice
 */
export class WebSocketStream {
  static {
    shapeInterface(WebSocketStream, {
      name: "WebSocketStream",
      members: ["url", "opened", "closed", "close"],
    });
  }

  readonly #url: URL;
  readonly #opened = settleable<WebSocketOpenInfo>();
  readonly #closed = settleable<WebSocketClosedInfo>();
  readonly #connecting = new AbortController();
  readonly #signal: AbortSignal | undefined;
  readonly #aborted = (): void => this.#giveUp();
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";
  #pump: Pump | undefined;
  #readable: MessageReadable | undefined;
  #writable: MessageWritable | undefined;

  /** @param url as that of a WebSocket */
  constructor(url: string | URL, options: WebSocketStreamOptions = {}) {
    // biome-ignore lint/complexity/noArguments: undefined is an argument, and none is an error
    requireArguments("new WebSocketStream()", arguments.length, 1);
    const address = usvString(url);
    const { protocols, signal, network } = streamOptions(options);
    // 1. Let baseURL be that of the page. 2. Get a URL record.
    const page = environment();
    const record = urlRecord(address, page.baseUrl);
    // 3. 4. Subprotocols must be different tokens. 5. Keep the URL. 6. (The promises are there.)
    checkProtocols(protocols);
    this.#url = record;
    const establishment = prepare(record, protocols, network, page.origin);
    // 7. (Nothing is taken from the connection before it is wanted.) 8. The signal gives up, now or while connecting.
    this.#signal = signal;
    if (signal?.aborted === true) {
      this.#giveUp();
      return;
    }
    signal?.addEventListener("abort", this.#aborted);
    // 9. 10. Establish a WebSocket connection, in parallel.
    establish(establishment, this.#connecting.signal).then(
      (connection) => afterMicrotasks(() => this.#established(connection)),
      (error: unknown) => afterMicrotasks(() => this.#neverOpened(error)),
    );
  }

  /** The URL, as it was parsed. */
  get url(): string {
    return this.#url.href;
  }

  /** The streams, once the connection is open. Rejects with a WebSocketError if it never will be, or with the signal's reason. */
  get opened(): Promise<WebSocketOpenInfo> {
    // Web IDL: an attribute that is a promise does not throw.
    return #opened in this ? this.#opened.promise : Promise.reject(illegalInvocation());
  }

  /**
   * How the connection was closed, behind all messages: what arrived has to be read first. Rejects with a WebSocketError if that
   * was no clean closing handshake, or cut a write short; and as `opened` does.
   */
  get closed(): Promise<WebSocketClosedInfo> {
    return #closed in this ? this.#closed.promise : Promise.reject(illegalInvocation());
  }

  /**
   * Closes the connection, behind what was written; before it is open, at once. Does nothing the second time.
   *
   * @throws as the constructor of WebSocketError does
   */
  close(info: WebSocketCloseInfo = {}): void {
    checkBrand(#url in this);
    // 1. 2. Take code and reason from info. 3. Close the WebSocket.
    const { code, reason } = closeInfo("the argument of close()", info);
    this.#close(code, reason);
  }

  /** "Close the WebSocket", as for both interfaces. */
  #close(code: number | undefined, reason: string): void {
    // 1–3. Validate close code and reason.
    checkCloseInfo(code, reason);
    // 4. Closing or closed: do nothing. Not yet established: fail the connection. Otherwise start the closing handshake.
    if (this.#state === "closing" || this.#state === "closed") return;
    const established = this.#state === "open";
    this.#state = "closing";
    if (!established) {
      this.#connecting.abort();
      return;
    }
    this.#pump?.close(codeToSend(code, reason), reason);
    this.#readable?.stopTaking();
  }

  /** "Close using reason": a WebSocketError says what to close with, anything else says nothing. */
  #closeUsing(error: unknown): void {
    const told = error instanceof WebSocketError ? error : undefined;
    try {
      this.#close(told?.closeCode ?? undefined, told?.reason ?? "");
    } catch {
      // One of our own making, with a code that may not be sent.
      this.#close(undefined, "");
    }
  }

  /** The abort steps of the signal. */
  #giveUp(): void {
    this.#signal?.removeEventListener("abort", this.#aborted);
    this.#state = "closed";
    this.#connecting.abort();
    this.#opened.reject(this.#signal?.reason);
    this.#closed.reject(this.#signal?.reason);
  }

  // Feedback from the protocol. Each of these is a task.

  /** "When the WebSocket connection is established" */
  #established(connection: AnyConnection): void {
    if (this.#state !== "connecting") {
      void connection.terminate();
      this.#neverOpened(this.#connecting.signal.reason);
      return;
    }
    this.#signal?.removeEventListener("abort", this.#aborted);
    const pump = pumpOf(connection);
    this.#pump = pump;
    // 1. The state is open. 3. 4. Note the extensions and the subprotocol in use.
    this.#state = "open";
    const extensions = extensionsOf(connection);
    const protocol = connection.subprotocol;
    keepHeaders(connection, []);
    // 5–13. Make the streams. 14. Resolve the opened promise with them.
    const { readable, writable } = this.#makeStreams(connection);
    this.#opened.resolve({ extensions, protocol, readable: readable.stream, writable: writable.stream });
    pump.inbox.claim(readable);
    pump.inbox.begin();
    // What waits to be read has its time before a clean end. Any other is told at once.
    void connection.closed.then((report) => {
      if (!endingOf(report).wasClean) afterMicrotasks(() => this.#ended(report));
    });
  }

  #makeStreams(connection: AnyConnection): { readable: MessageReadable; writable: MessageWritable } {
    const { sender } = pumpOf(connection);
    const cancelled = (reason: unknown) => this.#closeUsing(reason);
    this.#readable = new MessageReadable({
      cancelled,
      finished: () => afterMicrotasks(() => this.#ended(pumpOf(connection).report)),
    });
    this.#writable = new MessageWritable({
      send: (data) => (sender.sendWhole(data) ? connection.drain() : undefined),
      close: () => this.#close(undefined, ""),
      aborted: cancelled,
    });
    return { readable: this.#readable, writable: this.#writable };
  }

  #neverOpened(cause: unknown): void {
    this.#signal?.removeEventListener("abort", this.#aborted);
    this.#state = "closed";
    const message = "the connection was not established";
    this.#opened.reject(uncheckedError(message, neverOpened(cause)));
    this.#closed.reject(uncheckedError(message, neverOpened(cause)));
  }

  /** "When the WebSocket connection is closed" */
  #ended(report: CloseReport | undefined): void {
    if (this.#state === "closed" || report === undefined) return;
    // 1. The state is closed.
    this.#state = "closed";
    this.#pump = undefined;
    // 4. 5. Note the code and the reason.
    const ending = endingOf(report);
    const { wasClean, code, reason } = ending;
    const afterClose = new DOMException("a closed WebSocketStream cannot be written to", "InvalidStateError");
    // What the peer closed on in the middle of a write is not clean to the web platform's tests, nor to the writer.
    const cutShort =
      this.#writable?.pending === true && (report.initiator === "peer" || report.unsent.bytes > 0);
    if (wasClean && !cutShort) {
      // 6. Closed cleanly: close the readable, error the writable, resolve the closed promise.
      this.#readable?.close();
      this.#writable?.closed(afterClose);
      this.#closed.resolve({ closeCode: code, reason });
      return;
    }
    // 7. Otherwise: error both with a WebSocketError, and reject the closed promise with it.
    const error = uncheckedError("the connection was not closed cleanly", ending);
    this.#readable?.fail(error);
    this.#writable?.failed(wasClean ? afterClose : error);
    this.#closed.reject(error);
  }
}

interface StreamOptions {
  readonly protocols: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly network: NetworkOptions;
}

/** A dictionary: names that it does not know are ignored. */
function streamOptions(given: WebSocketStreamOptions): StreamOptions {
  const options: WebSocketStreamOptions = dictionary("the second argument of new WebSocketStream()", given);
  const { protocols = [], signal } = options;
  if (!isIterable(protocols)) throw new TypeError(`protocols must be a list, not ${describe(protocols)}`);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal, not ${describe(signal)}`);
  }
  return { protocols: stringSequence(protocols), signal, network: networkOptions(options) };
}
