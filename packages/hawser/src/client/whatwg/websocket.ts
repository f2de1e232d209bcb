// The WebSocket class of browsers, to the letter of the WebSockets standard (§3); its numbered steps are in the comments.
import type { AnyConnection } from "../../connection/connection.ts";
import { keepHeaders, pumpOf } from "../../connection/connection.ts";
import type { Item } from "../../connection/inbox.ts";
import type { Pump } from "../../connection/pump.ts";
import { afterMicrotasks } from "../../transport/after-microtasks.ts";
import { BufferedAmount } from "./buffered-amount.ts";
import type { CloseEvent } from "./close-event.ts";
import { checkCloseInfo, codeToSend, type Ending, endingOf, neverOpened } from "./close-info.ts";
import { environment } from "./environment.ts";
import { establish, extensionsOf, prepare } from "./establish.ts";
import { EventHandler, type WebSocketEventHandler } from "./event-handler.ts";
import { closeEvent, failureEvent, messageEvent, openEvent } from "./fired-events.ts";
import { Outbox, payloadOf, sizeOf } from "./outbox.ts";
import { checkProtocols } from "./subprotocols.ts";
import { urlRecord } from "./url-record.ts";
import {
  checkBrand,
  clampedUnsignedShort,
  domString,
  requireArguments,
  shapeInterface,
  usvString,
} from "./web-idl.ts";
import { type FailureEvent, WebSocketEventTarget } from "./websocket-events.ts";
import { secondArgument, type WebSocketOptions } from "./websocket-options.ts";

/** How binary messages arrive. */
export type BinaryType = "blob" | "arraybuffer";

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/**
 * The standard client, for code written for browsers.
 *
 * What differs from `connect`: events, no backpressure, messages of up to 128 MiB, no limit on what waits to be sent, blocked
 * ports, and `DOMException`s. It keeps the process alive while it connects and while it is open.
 *
 * @throws TypeError for a URL or subprotocols that are no strings, and for wrong options beyond the standard; DOMException
 *   "SyntaxError" for a URL of another kind, and for subprotocols that are no tokens or come twice
 */
export class WebSocket extends WebSocketEventTarget {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  static {
    const attributes = ["url", "readyState", "bufferedAmount", "extensions", "protocol", "binaryType"];
    const handlers = ["onopen", "onmessage", "onerror", "onclose"];
    shapeInterface(WebSocket, {
      name: "WebSocket",
      members: [...attributes, ...handlers, "send", "close"],
      constants: { CONNECTING, OPEN, CLOSING, CLOSED },
    });
  }

  readonly #url: URL;
  readonly #origin: string;
  readonly #connecting = new AbortController();
  readonly #amount = new BufferedAmount();
  readonly #outbox: Outbox;
  readonly #onopen = new EventHandler<Event>(this, "open");
  readonly #onmessage = new EventHandler<MessageEvent>(this, "message");
  readonly #onerror = new EventHandler<FailureEvent>(this, "error");
  readonly #onclose = new EventHandler<CloseEvent>(this, "close");
  #readyState: 0 | 1 | 2 | 3 = CONNECTING;
  #extensions = "";
  #protocol = "";
  #binaryType: BinaryType = "blob";
  /** From the open event to the close event. */
  #pump: Pump | undefined;

  /**
   * @param url ws, wss, http (taken as ws) or https (as wss), without a fragment; a relative one only where there is a `location`
   * @param protocols subprotocols in order of preference, or options beyond the standard
   */
  constructor(url: string | URL, protocols: string | Iterable<string> | WebSocketOptions = []) {
    // biome-ignore lint/complexity/noArguments: undefined is an argument, and none is an error
    requireArguments("new WebSocket()", arguments.length, 1);
    const address = usvString(url);
    const asked = secondArgument(protocols);
    super();
    // 1. Let baseURL be that of the page. 2. Get a URL record.
    const page = environment();
    this.#url = urlRecord(address, page.baseUrl);
    this.#origin = this.#url.origin;
    // 3. (One string is a list of one.) 4. Subprotocols must be different tokens.
    checkProtocols(asked.protocols);
    this.#outbox = new Outbox({
      deliver: (data, size) => this.#deliver(data, size),
      unreadable: (error) => this.#pump?.fail(1011, "a Blob could not be read", { cause: "fault", error }),
    });
    // 5–7. Establish a WebSocket connection, in parallel.
    const establishment = prepare(this.#url, asked.protocols, asked.options, page.origin);
    establish(establishment, this.#connecting.signal).then(
      (connection) => afterMicrotasks(() => this.#established(connection)),
      (error: unknown) => afterMicrotasks(() => this.#closed(neverOpened(error))),
    );
  }

  /** The URL, as it was parsed. */
  get url(): string {
    return this.#url.href;
  }

  /** CONNECTING (0), OPEN (1), CLOSING (2) or CLOSED (3). */
  get readyState(): 0 | 1 | 2 | 3 {
    return this.#readyState;
  }

  /** Bytes of payload that were sent and that the system had not taken when this task began. After the end it falls no more. */
  get bufferedAmount(): number {
    return this.#amount.value;
  }

  /** The extensions in use; "" for none. */
  get extensions(): string {
    return this.#extensions;
  }

  /** The subprotocol in use; "" for none. */
  get protocol(): string {
    return this.#protocol;
  }

  /** How binary messages arrive. Default "blob". */
  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  /** Ignores what is neither "blob" nor "arraybuffer". */
  set binaryType(value: BinaryType) {
    checkBrand(#url in this);
    const given = domString(value);
    if (given === "blob" || given === "arraybuffer") this.#binaryType = given;
  }

  /** Called when the connection is open. */
  get onopen(): WebSocketEventHandler<Event> {
    return this.#onopen.value;
  }

  set onopen(handler: WebSocketEventHandler<Event>) {
    this.#onopen.value = handler;
  }

  /** Called with each message. */
  get onmessage(): WebSocketEventHandler<MessageEvent> {
    return this.#onmessage.value;
  }

  set onmessage(handler: WebSocketEventHandler<MessageEvent>) {
    this.#onmessage.value = handler;
  }

  /** Called when the connection failed, right before `onclose`. */
  get onerror(): WebSocketEventHandler<FailureEvent> {
    return this.#onerror.value;
  }

  set onerror(handler: WebSocketEventHandler<FailureEvent>) {
    this.#onerror.value = handler;
  }

  /** Called once, when all is over. */
  get onclose(): WebSocketEventHandler<CloseEvent> {
    return this.#onclose.value;
  }

  set onclose(handler: WebSocketEventHandler<CloseEvent>) {
    this.#onclose.value = handler;
  }

  /**
   * Sends one message: a Blob, an ArrayBuffer or a view of one as binary, anything else as text. Bytes are taken as they are
   * now. Once the state is not OPEN any more nothing is sent, and `bufferedAmount` grows all the same.
   *
   * @throws DOMException "InvalidStateError" while CONNECTING; TypeError for shared or resizable memory
   */
  send(data: string | ArrayBuffer | ArrayBufferView | Blob): void {
    checkBrand(#url in this);
    // biome-ignore lint/complexity/noArguments: undefined is an argument, and none is an error
    requireArguments("send()", arguments.length, 1);
    const payload = payloadOf(data);
    // 1. While CONNECTING, throw.
    if (this.#readyState === CONNECTING) {
      throw new DOMException("nothing can be sent before the connection is open", "InvalidStateError");
    }
    // 2–5. Any call that does not throw counts, whether it is sent or not.
    const size = sizeOf(payload);
    this.#amount.sent(size);
    if (this.#readyState === OPEN) this.#outbox.send(payload, size);
  }

  /**
   * Closes the connection, behind what was sent; before it is open, at once. Does nothing the second time.
   *
   * @param code 1000, or 3000 to 4999. Default: the Close has no body, or 1000 if there is a reason
   * @param reason at most 123 bytes of UTF-8
   * @throws DOMException "InvalidAccessError" for another code, "SyntaxError" for a longer reason
   */
  close(...[code, reason]: [code?: number | undefined, reason?: string | undefined]): void {
    // (Rest parameters give the method the length that Web IDL wants, 0.)
    checkBrand(#url in this);
    const givenCode = code === undefined ? undefined : clampedUnsignedShort(code);
    const givenReason = reason === undefined ? "" : usvString(reason);
    // 1–3. Validate close code and reason.
    checkCloseInfo(givenCode, givenReason);
    // 4. CLOSING or CLOSED: do nothing.
    const state = this.#readyState;
    if (state === CLOSING || state === CLOSED) return;
    this.#readyState = CLOSING;
    // Not yet established: fail the WebSocket connection.
    if (state === CONNECTING) {
      this.#connecting.abort();
      return;
    }
    // Closing handshake not yet started: start it. (If it has been, by the peer, the pump does nothing.)
    const sent = codeToSend(givenCode, givenReason);
    this.#outbox.afterwards(() => this.#pump?.close(sent, givenReason));
  }

  // Feedback from the protocol (§4). Each of these is a task.

  /** "When the WebSocket connection is established" */
  #established(connection: AnyConnection): void {
    if (this.#readyState !== CONNECTING) {
      // close() came in between, and has failed it.
      void connection.terminate();
      this.#closed(neverOpened(this.#connecting.signal.reason));
      return;
    }
    const pump = pumpOf(connection);
    this.#pump = pump;
    this.#amount.waiting = () => pump.sender.waiting;
    // 1. Change the ready state to OPEN. 2. 3. Note the extensions and the subprotocol in use.
    this.#readyState = OPEN;
    this.#extensions = extensionsOf(connection);
    this.#protocol = connection.subprotocol;
    keepHeaders(connection, []);
    pump.inbox.claim({
      take: (item) => this.#arrived(item),
      finished: () => afterMicrotasks(() => this.#ended(pump)),
    });
    if (connection.signal.aborted) this.#left(pump);
    else connection.signal.addEventListener("abort", () => this.#left(pump));
    // 4. Fire an event named open. Messages come in tasks of their own.
    super.dispatchEvent(openEvent());
    pump.inbox.begin();
  }

  /** "When a WebSocket message has been received": the next one waits for the end of the task. */
  #arrived(item: Item): Promise<void> {
    return new Promise((resolve) => {
      afterMicrotasks(() => {
        resolve();
        this.#message(item);
      });
    });
  }

  #message(item: Item): void {
    // 1. If the ready state is not OPEN, return.
    if (this.#readyState !== OPEN) return;
    // 2. Text is a string; binary as binaryType says. (The bytes fill a buffer of their own.)
    const bytes = item instanceof Uint8Array ? item : undefined;
    const data = bytes === undefined ? item : this.#binaryType === "blob" ? new Blob([bytes]) : bytes.buffer;
    // 3. Fire an event named message, with the data and the origin of the URL.
    super.dispatchEvent(messageEvent(data, this.#origin));
  }

  /** "When the WebSocket closing handshake is started": by then the messages before the peer's Close have been told. */
  #left(pump: Pump): void {
    afterMicrotasks(() => {
      // A connection that is lost has no closing handshake, and messages may still be on their way: it goes from OPEN to CLOSED.
      if (this.#readyState === OPEN && pump.report === undefined) this.#readyState = CLOSING;
    });
  }

  #ended(pump: Pump): void {
    this.#amount.end();
    this.#pump = undefined;
    if (pump.report !== undefined) this.#closed(endingOf(pump.report));
  }

  /** "When the WebSocket connection is closed" */
  #closed({ failed, cause, wasClean, code, reason }: Ending): void {
    // 1. Change the ready state to CLOSED.
    this.#readyState = CLOSED;
    // 2. If the connection was failed, fire an event named error.
    if (failed) super.dispatchEvent(failureEvent(cause));
    // 3. Fire an event named close.
    super.dispatchEvent(closeEvent({ wasClean, code, reason }));
  }

  #deliver(data: string | Uint8Array, size: number): void {
    if (this.#pump?.sender.sendWhole(data) === true) this.#amount.handedOver(size);
  }
}
