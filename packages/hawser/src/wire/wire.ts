// Start reading here: the contract that every wire version keeps, as one pure machine for a connection after its handshake.
import type { Buffer } from "node:buffer";
import type { Encoded, SharedBytes } from "./encoded.ts";
import type { LimitError, ProtocolError } from "./errors.ts";

/**
 * The document whose framing a connection speaks: RFC 6455, or one of the drafts before it (`docs/versions.md`).
 *
 * "hybi-02" and "hybi-03" are the same on the wire; a connection of either says "hybi-02".
 */
export type WireVersion =
  | "rfc6455"
  | "hixie-75"
  | "hixie-76"
  | "whatwg-2010-08"
  | "hybi-01"
  | "hybi-02"
  | "hybi-03"
  | "hybi-04"
  | "hybi-05"
  | "hybi-06"
  | "hybi-07"
  | "hybi-08";

/** Which end we are: a server reads masked frames and writes plain ones, a client the other way round (RFC 6455 §5.1). */
export type Role = "server" | "client";

/** The two kinds of message. */
export type Kind = "text" | "binary";

/** What a wire version can carry. */
export interface Capabilities {
  readonly binary: boolean;
  readonly fragments: boolean;
  readonly ping: boolean;
  readonly closeCode: boolean;
  readonly compression: boolean;
}

/** Memory that outgoing bytes are written into: put them at `used`, then move `used` past them. */
export interface Slab {
  readonly bytes: Buffer;
  used: number;
}

/** Where outgoing bytes go, in order. Split from `Sink` because a transport can offer it as it is. */
export interface Output {
  /** Gives a slab with room for `size` more bytes (at most 32 KiB) after `used`. It is the caller's until it calls anything else here. */
  reserve(size: number): Slab;
  /** Queues bytes as they are, behind what was put into slabs. The caller leaves them alone from then on. */
  write(bytes: Uint8Array): void;
  /** As `write`, for bytes that many connections send. Those that adjoin in memory go out as one piece. */
  writeShared(bytes: SharedBytes): void;
}

/**
 * Events out of a machine. One method per event, so that no object is allocated per frame.
 *
 * A method may call back into the machine (an echo sends from inside `message`); it must not call `receive`.
 */
export interface Sink extends Output {
  /** A whole message. Return false to say "enough for now": the machine holds the rest until `resume`. */
  message(data: string | Uint8Array): boolean;
  /** A piece of a message, instead of `message`, while `streaming` is set. Text is checked, but may be cut inside a character. Return as for `message`. */
  fragment(kind: Kind, bytes: Uint8Array, final: boolean): boolean;
  /** A ping came. Whoever drives the machine owes the peer a `pong` with this payload, or with that of a later ping (RFC 6455 §5.5.2). False: enough for now, as from `message`. */
  ping(payload: Uint8Array): unknown;
  /** A pong came. `sentAt` is when the ping it answers was sent (older pings count as answered too); undefined: it answers none of ours. False: enough for now, as from `message`. */
  pong(payload: Uint8Array, sentAt: number | undefined): unknown;
  /**
   * A Close or a violation came behind messages. Return false while the answers to those are still to be sent: the machine
   * holds until `resume`, and then goes on without asking again. Absent, it never waits.
   */
  settled?(): boolean;
  /** Work that was under way elsewhere (inflating) is done: call `resume`. */
  ready(): void;
  /** What was being compressed elsewhere was written, with what had waited behind it. */
  deflated?(): void;
  /** The connection is over, and the transport is to be dropped. Called once, last. */
  closed(end: WireEnd): void;
  /** Everything was written: half-close the transport behind it. */
  end(): void;
}

/** The body of a close frame; code 1005 stands for an empty one (RFC 6455 §7.1.5). */
export interface CloseFrame {
  readonly code: number;
  readonly reason: string;
}

/** What a machine knows about how it ended. */
export interface WireEnd {
  /** The connection's close code (RFC 6455 §7.1.5): the peer's, or ours where we failed the connection; 1005 for none, 1006 without a closing handshake. */
  readonly code: number;
  readonly reason: string;
  /** Both ends sent a Close. */
  readonly clean: boolean;
  readonly initiator: "local" | "peer";
  readonly cause: WireEndCause;
  readonly sent: CloseFrame | undefined;
  readonly received: CloseFrame | undefined;
  /** The violation or limit behind it, if that is what it was. */
  readonly error: ProtocolError | LimitError | undefined;
}

/** Why a machine ended: see `docs/closing.md` for the table. */
export type WireEndCause =
  | "close" // a closing handshake, whoever began it
  | "close-timeout" // our Close was not answered in time
  | "lost" // the transport ended without a Close
  | "protocol" // the peer broke a rule
  | "limit" // the peer passed a limit
  | "keepalive" // a ping was not answered in time
  | "timeout" // timeouts.message or timeouts.idle
  | "failed"; // fail() was called from outside

/** How a transport came to its end. */
export type TransportEnd = "ended" | "broken" | "unwanted";

/** Where a connection stands, as its user sees it. */
export type Phase = "open" | "closing" | "closed";

/**
 * One connection after its handshake, whatever the version: bytes, commands and time in; bytes and events out to its `Sink`.
 *
 * Pure: it does nothing between calls and never looks at a clock. `now` is monotonic, in milliseconds. After every call look
 * at `deadline`, and call `tick` once it has passed. What a peer does never makes a method throw; a wrong argument does.
 */
export interface Wire {
  readonly version: WireVersion;
  readonly phase: Phase;
  readonly can: Capabilities;
  /** The sink said "enough", or work is under way elsewhere: keep the transport paused. */
  readonly held: boolean;
  /** When `tick` wants to be called next; undefined for never. */
  readonly deadline: number | undefined;
  /**
   * Bytes of messages that wait inside the machine for a fragmented message to end or to be compressed, and those that never went
   * out when we sent our Close. They count toward `limits.sendBuffer`.
   */
  readonly queued: number;
  /** Of those, what goes on its way by itself: all but what waits for the next piece of a fragmented message. */
  readonly moving: number;
  /** Deliver the messages that start from now on piece by piece, through `fragment`. */
  streaming: boolean;
  /** Takes bytes from the transport. The chunk is the machine's from now on: it writes into it and, while `held`, keeps its unread end. */
  receive(chunk: Buffer, now: number): void;
  /** Copies what it keeps of chunks: their memory is about to be used for something else. */
  copyUnread(): void;
  /**
   * The peer half-closed, or the transport is gone.
   *
   * @param end "broken": not by the peer's wish, as far as one can see. "unwanted": nobody wants what came and was not
   *   delivered yet, so that it is not worth inflating. Default "ended"
   */
  receiveEnd(now: number, end?: TransportEnd): void;
  /** Go on after the sink had said "enough". */
  resume(now: number): void;
  /** Lets time act: keepalive, the closing handshake's deadline, `timeouts.message` and `timeouts.idle`. */
  tick(now: number): void;
  /** Does nothing unless the phase is "open", as all that send. */
  /** @param compress false: not, even if compression was agreed on. Likewise below. */
  sendText(text: string, compress?: boolean): void;
  sendBinary(bytes: Uint8Array, compress?: boolean): void;
  /** Two machines with the same value here can send what either of them encoded; undefined: each encodes for itself (a client masks). */
  readonly sharing: string | undefined;
  /** One message in a form that every machine with the same `sharing` can send. */
  encode(data: string | Uint8Array, compress?: boolean): Encoded;
  /** Sends what `encode` of such a machine returned. */
  sendEncoded(message: Encoded): void;
  /** Sends one fragment. Until the final one, other messages wait behind it; control frames do not (RFC 6455 §5.4). */
  sendFragment(kind: Kind, bytes: Uint8Array, final: boolean, compress?: boolean): void;
  /** Sends a ping of at most 125 bytes. */
  ping(payload: Uint8Array, now: number): void;
  pong(payload: Uint8Array): void;
  /**
   * Starts the closing handshake. `undefined` sends an empty Close.
   *
   * @param exactly false: what the version cannot say is left out. Default true: it throws UnsupportedError
   */
  close(code: number | undefined, reason: string, now: number, exactly?: boolean): void;
  /** Fails the connection (RFC 6455 §7.1.7): sends a Close and does not wait for an answer. */
  fail(code: number, reason: string, now: number): void;
}
