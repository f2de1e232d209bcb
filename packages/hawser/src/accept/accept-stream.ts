// acceptStream: the server's handshake on one stream, whatever it is, answered when the application has made up its mind.
import { Duplex } from "node:stream";
import type { Connection, Message } from "../connection/connection.ts";
import type { HandshakeError } from "../handshake/handshake-error.ts";
import { HandshakeError as Failure } from "../handshake/handshake-error.ts";
import type { HeaderFields } from "../handshake/header-fields.ts";
import type { UpgradeRequest } from "../handshake/upgrade-request.ts";
import { describe } from "../wire/errors.ts";
import { checkNames } from "../wire/options.ts";
import type { Kind } from "../wire/wire.ts";
import type { AcceptOptions, Candidate } from "./admission.ts";
import { acceptNames, admit, establish, publishRefusal, turnAway } from "./admission.ts";
import { Doorstep } from "./doorstep.ts";
import { refuse } from "./refusal.ts";
import type { ConnectionSettings, Settings } from "./settings.ts";
import { resolveSettings, settingNames } from "./settings.ts";

/** What a connection receives, by its option `accepts`. */
export type ReceivedBy<Accepts extends Kind> = Accepts extends "text" ? string : Uint8Array;

/** Options of `acceptStream`. */
export interface AcceptStreamOptions<Accepts extends Kind = Kind> extends ConnectionSettings {
  readonly accepts?: Accepts | undefined;
  /** Bytes that were read from the stream already. */
  readonly head?: Uint8Array | undefined;
}

/** A request that is right, and waits for its answer. Neither method rejects because of the peer. */
export interface PendingHandshake<Received extends Message = Message> {
  readonly ok: true;
  readonly request: UpgradeRequest;
  /**
   * Answers 101. If the peer has gone, the connection ends at once, with 1006.
   *
   * @throws (rejects with) TypeError for a subprotocol that was not offered or headers that may not be sent (nothing was
   *   written then), and Error if it was answered before
   */
  accept(options?: AcceptOptions): Promise<Connection<Received, undefined>>;
  accept<State>(options: AcceptOptions & { readonly state: State }): Promise<Connection<Received, State>>;
  /**
   * Answers no, and resolves when the peer has hung up.
   *
   * @throws (rejects with) RangeError or TypeError for what makes no HTTP answer, and Error if it was answered before
   */
  refuse(status: number, body?: string, headers?: HeaderFields): Promise<void>;
}

/** What stands behind a pending handshake. */
export interface Waiting {
  readonly candidate: Candidate;
  readonly doorstep: Doorstep;
  readonly settings: Settings;
  /** Takes the answer into one's own hands. Throws Error if it was answered before. */
  claim(): void;
}

/** What stands behind this; undefined if it is no pending handshake. Not exported from the package. */
export let waitingOf: (pending: object) => Waiting | undefined;

/** What came of a stream's handshake. If it failed, the peer has had its HTTP answer, where one was possible. */
export type StreamHandshake<Received extends Message = Message> =
  | PendingHandshake<Received>
  | { readonly ok: false; readonly error: HandshakeError };

/**
 * Reads a WebSocket request from a stream (RFC 6455 §4.2). The stream is the library's from this call on.
 *
 * The application has `timeouts.handshake` from now to answer; later the peer is told 503.
 *
 * @param stream a net.Socket, a TLSSocket, or any other Duplex of bytes
 * @returns a handshake to answer, or the error for which it was refused; never rejects because of the peer
 * @throws (rejects with) TypeError or RangeError for wrong options or a stream that carries no bytes, and what the function
 *   in `origins` throws
 */
export async function acceptStream<Accepts extends Kind = Kind>(
  stream: Duplex,
  options: AcceptStreamOptions<Accepts> = {},
): Promise<StreamHandshake<Kind extends Accepts ? Message : ReceivedBy<Accepts>>> {
  if (!(stream instanceof Duplex))
    throw new TypeError(`acceptStream() takes a Duplex, not ${describe(stream)}`);
  checkNames("acceptStream()", options, [...settingNames, "head"]);
  if (options.head !== undefined && !(options.head instanceof Uint8Array)) {
    throw new TypeError(`head must be a Uint8Array, not ${describe(options.head)}`);
  }
  const settings = resolveSettings(options);
  const doorstep = new Doorstep(stream, settings, { head: options.head });
  try {
    const { head } = await doorstep.readHead();
    return new Pending(admit(head, doorstep, settings), doorstep, settings);
  } catch (error) {
    if (!(error instanceof Failure)) {
      // A function of the application's has thrown (`origins`): the peer has its answer, the caller the error.
      void turnAway({ status: 500 }, doorstep);
      throw error;
    }
    // Settled: the doorstep has answered by itself, or nobody is left to be answered.
    if (doorstep.settled) publishRefusal(error, doorstep.peer.address);
    else void turnAway(error, doorstep);
    return { ok: false, error };
  }
}

class Pending<Received extends Message> implements PendingHandshake<Received> {
  readonly ok = true;
  readonly #candidate: Candidate;
  readonly #doorstep: Doorstep;
  readonly #settings: Settings;
  #answered = false;

  static {
    waitingOf = (pending) => (pending instanceof Pending ? pending.#waiting : undefined);
  }

  constructor(candidate: Candidate, doorstep: Doorstep, settings: Settings) {
    this.#candidate = candidate;
    this.#doorstep = doorstep;
    this.#settings = settings;
  }

  get request(): UpgradeRequest {
    return this.#candidate.request;
  }

  accept(options?: AcceptOptions): Promise<Connection<Received, undefined>>;
  accept<State>(options: AcceptOptions & { readonly state: State }): Promise<Connection<Received, State>>;
  async accept<State>(
    options: AcceptOptions & { readonly state?: State } = {},
  ): Promise<Connection<Received, State | undefined>> {
    checkNames("accept()", options, ["state", ...acceptNames]);
    this.#checkFirst();
    return new Promise((opened) => {
      const { state } = options;
      establish<Received, State | undefined>(this.#candidate, this.#doorstep, this.#settings, options, {
        state,
        opened,
      });
      this.#answered = true;
    });
  }

  async refuse(status: number, body?: string, headers?: HeaderFields): Promise<void> {
    const refusal = refuse(status, body, headers);
    this.#checkFirst();
    this.#answered = true;
    await turnAway(refusal, this.#doorstep);
  }

  get #waiting(): Waiting {
    const claim = () => {
      this.#checkFirst();
      this.#answered = true;
    };
    return { candidate: this.#candidate, doorstep: this.#doorstep, settings: this.#settings, claim };
  }

  #checkFirst(): void {
    if (this.#answered) throw new Error("the handshake was answered before");
  }
}
