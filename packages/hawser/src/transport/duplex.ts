// Any Node Duplex as a Transport: a TCP or TLS socket, a pipe, somebody's own stream.
//
// What the stream says comes in at the methods of StreamListener and is told on by `#deliver`, in the order of the contract:
// bytes, the peer's end, the loss. Streams differ in how they close: a socket of Node always says so, any other may have been
// made with `emitClose: false` or `autoDestroy: false`, so it is looked after (`#settle`).
import { Buffer } from "node:buffer";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { SharedBytes } from "../wire/encoded.ts";
import type { Slab } from "../wire/wire.ts";
import { smallPart } from "./batch.ts";
import { destroyStream } from "./destroy-stream.ts";
import type { LentReader, LentReads } from "./lent-reads.ts";
import type { OutgoingOwner } from "./outgoing.ts";
import { Outgoing } from "./outgoing.ts";
import type { StreamListener } from "./stream-listener.ts";
import { listen, listenToData, unlisten } from "./stream-listener.ts";
import type { Receiver, Transport } from "./transport.ts";

/** The methods of a Socket that get to see what is written to it. */
const givenBytes = ["write", "_write", "_writev", "_writeGeneric"] as const;

/**
 * A Duplex as a Transport. The stream is ours from construction on, until it is lost or detached: nobody else may read it,
 * write to it, or set its encoding.
 *
 * It half-closes only when told to (`allowHalfOpen` is set to true), sends at once (`setNoDelay`), and never leaves an
 * 'error' unheard, not even after `lost`.
 */
export class DuplexTransport implements Transport, OutgoingOwner, StreamListener, LentReader {
  static readonly #deliverLater = (transport: DuplexTransport): void => transport.#deliver();
  static readonly #settleLater = (transport: DuplexTransport): void => transport.#settle();

  readonly lends: boolean;
  readonly #stream: Duplex;
  readonly #outgoing: Outgoing;
  /** Node's sockets say 'close' whatever happens, and their chunks are fresh memory; other streams may hand out what they keep. */
  readonly #isSocket: boolean;
  readonly #wasHalfOpen: boolean;
  #receiver: Receiver | undefined;
  /** Chunks that came when the receiver could not be called. */
  #early: Buffer[] | undefined;
  #state: "new" | "started" | "dropped" | "lost" | "detached" = "new";
  #paused = false;
  #peerEnd: "ahead" | "seen" | "told" = "ahead";
  #closed = false;
  #error: Error | undefined;

  /**
   * @param stream may be ended or destroyed already: then `receivedEnd` or `lost` follows the start
   * @param head bytes that were read from it before; copied, and delivered first
   * @param reads where the bytes of the stream come instead of its 'data' event
   * @throws TypeError if the stream carries objects or strings instead of bytes
   */
  constructor(stream: Duplex, head?: Uint8Array, reads?: LentReads) {
    if (stream.readableObjectMode || stream.writableObjectMode) {
      throw new TypeError("the stream must carry bytes, but it is in object mode");
    }
    if (stream.readableEncoding) {
      throw new TypeError(
        `the stream must carry bytes, but its encoding was set to ${stream.readableEncoding}`,
      );
    }
    this.lends = reads !== undefined;
    if (reads !== undefined) reads.reader = this;
    this.#stream = stream;
    this.#isSocket = stream instanceof Socket;
    this.#outgoing = new Outgoing(stream, this, isPlainSocket(stream));
    if (head !== undefined && head.length > 0) this.#early = [copyOf(head)];
    // Else the stream ends itself at the peer's end, before it was given what waits behind its last write.
    this.#wasHalfOpen = stream.allowHalfOpen;
    stream.allowHalfOpen = true;
    if (stream instanceof Socket) stream.setNoDelay(true);
    listen(stream, this, !this.#isSocket);
  }

  get buffered(): number {
    return this.#outgoing.buffered;
  }

  get taken(): number {
    return this.#outgoing.taken;
  }

  get remotePort(): number | undefined {
    return this.#stream instanceof Socket ? this.#stream.remotePort : undefined;
  }

  get remoteAddress(): string | undefined {
    return this.#stream instanceof Socket ? this.#stream.remoteAddress : undefined;
  }

  start(receiver: Receiver): void {
    if (this.#state === "detached") throw new Error("the stream was detached");
    const stream = this.#stream;
    const isFresh = this.#state === "new";
    this.#receiver = receiver;
    if (isFresh) {
      this.#state = "started";
      this.#error ??= stream.errored ?? undefined;
      if (stream.readableEnded && this.#peerEnd === "ahead") this.#peerEnd = "seen";
      if (!this.lends) listenToData(stream);
    } else if (this.#peerEnd === "told") {
      this.#peerEnd = "seen";
    }
    // It may have said 'close' before anybody listened.
    if (stream.destroyed) this.#settleSoon();
    // Mostly there is nothing to tell yet, and what comes the stream brings by itself. (One that lends its reads would read on
    // when it is resumed and paused again at once.)
    if (this.lends || !this.#isQuiet(stream)) this.#deliverSoon();
    else if (isFresh) stream.resume();
  }

  reserve(size: number): Slab {
    return this.#outgoing.reserve(size);
  }

  write(bytes: Uint8Array): void {
    this.#outgoing.write(bytes);
  }

  writeShared(bytes: SharedBytes): void {
    const { memory, start, end } = bytes;
    // A small one is copied anyway, but for sockets of Node's.
    if (end - start > smallPart && !isOfNode(this.#stream))
      this.#outgoing.write(copyOf(memory.subarray(start, end)));
    else this.#outgoing.writeShared(bytes);
  }

  flush(): void {
    this.#outgoing.flush();
  }

  end(): void {
    this.#outgoing.end();
  }

  destroy(): void {
    if (this.#state !== "new" && this.#state !== "started") return;
    this.#state = "dropped";
    this.#early = undefined;
    this.#outgoing.abandon();
    const destroyed = destroyStream(this.#stream);
    if (!this.#isSocket || !destroyed) this.#settleSoon();
  }

  pause(): void {
    this.#paused = true;
    if (this.#state === "started") this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#state === "started") this.#deliverSoon();
  }

  /**
   * Lets go of the stream without ending it, for someone else to read: flushed, paused, without our listeners (its errors
   * are the next one's to hear), and with the early bytes that nobody had yet put back. The receiver hears nothing more.
   *
   * @throws Error if the stream was dropped, lost or detached before
   */
  detach(): Duplex {
    if (this.#state !== "new" && this.#state !== "started") throw new Error(`the stream was ${this.#state}`);
    this.#state = "detached";
    const stream = this.#stream;
    stream.pause();
    this.#outgoing.release();
    unlisten(stream);
    stream.allowHalfOpen = this.#wasHalfOpen;
    if (this.#early !== undefined) stream.unshift(Buffer.concat(this.#early));
    this.#early = undefined;
    this.#receiver = undefined;
    return stream;
  }

  /** For `Outgoing`. */
  drained(): void {
    if (this.#state === "started") this.#receiver?.drained();
  }

  /** For `Outgoing`. */
  progressed(): void {
    if (this.#state === "started") this.#receiver?.progressed?.();
  }

  /** For `Outgoing`: that a stream was destroyed without a word is found out when a write fails. */
  writeFailed(): void {
    if (!this.#isSocket && this.#stream.destroyed) this.#settleSoon();
  }

  /** For the stream. */
  streamGave(chunk: unknown): void {
    if (this.#state !== "started") return;
    if (!(chunk instanceof Uint8Array)) {
      const error = new TypeError(`the stream must carry bytes, but it gave a ${typeof chunk}`);
      if (!destroyStream(this.#stream, error)) this.streamFailed(error);
      return;
    }
    this.#take(this.#isSocket && Buffer.isBuffer(chunk) ? chunk : copyOf(chunk));
  }

  /** For `LentReads`. */
  streamLent(bytes: Buffer): void {
    if (this.#state === "started") this.#take(bytes);
  }

  /** For the stream. */
  streamEnded(): void {
    if (this.#peerEnd === "ahead") this.#peerEnd = "seen";
    this.#settleIfOver();
    this.#deliverSoon();
  }

  /** For the stream. */
  streamFinished(): void {
    this.#settleIfOver();
  }

  /** For the stream, and for `Outgoing`. */
  streamFailed(error: unknown): void {
    this.#error ??= error instanceof Error ? error : new Error("the stream failed", { cause: error });
    this.#outgoing.abandon();
    // A TLSSocket whose client renegotiates too often says so, and goes on.
    if (!this.#isSocket || !this.#stream.destroyed) this.#settleSoon();
  }

  /** For the stream. */
  streamClosed(): void {
    this.#closed = true;
    this.#outgoing.abandon();
    this.#deliverSoon();
  }

  #take(bytes: Buffer): void {
    if (this.#early !== undefined) {
      this.#early.push(this.lends ? copyOf(bytes) : bytes);
    } else if (this.#outgoing.writing) {
      // A stream that answers from inside write: the receiver is in the midst of a send.
      this.#early = [this.lends ? copyOf(bytes) : bytes];
      this.#deliverSoon();
    } else {
      this.#receive(bytes);
    }
  }

  /** Delivers a chunk. What is answered to it goes out as soon as it was read, without the detour over a tick. */
  #receive(chunk: Buffer): void {
    const gathers = this.#outgoing.gather();
    try {
      this.#receiver?.received(chunk);
    } finally {
      if (gathers) this.#outgoing.flushListed();
    }
  }

  /** Whether there is nothing to tell that is past, and no reason not to flow. */
  #isQuiet(stream: Duplex): boolean {
    return (
      this.#early === undefined &&
      this.#peerEnd === "ahead" &&
      !this.#closed &&
      !this.#paused &&
      !stream.destroyed
    );
  }

  #settleIfOver(): void {
    if (!this.#isSocket && this.#stream.writableFinished && this.#peerEnd !== "ahead") this.#settleSoon();
  }

  #settleSoon(): void {
    setImmediate(DuplexTransport.#settleLater, this);
  }

  /** The stream is over, and had a turn of the loop to close by itself. Destroy it; once it is destroyed, that is its close. */
  #settle(): void {
    if (this.#closed || this.#state === "detached") return;
    // One that cannot be destroyed has no close to wait for.
    if (this.#stream.destroyed || !destroyStream(this.#stream)) this.streamClosed();
    else this.#settleSoon();
  }

  #deliverSoon(): void {
    process.nextTick(DuplexTransport.#deliverLater, this);
  }

  /** Tells the receiver what it has not heard yet. */
  #deliver(): void {
    if (this.#receiver === undefined) return;
    // A clean close comes behind the peer's end: a receiver that paused must hear of that first, now or never.
    const lastChance = this.#closed && this.#error === undefined;
    if (this.#state === "started") this.#deliverBytesAndEnd(this.#receiver, lastChance);
    if (this.#closed) this.#lose();
  }

  #deliverBytesAndEnd(receiver: Receiver, lastChance: boolean): void {
    const maySpeak = (): boolean => this.#state === "started" && (lastChance || !this.#paused);
    while (this.#early !== undefined && maySpeak()) {
      const chunk = this.#early.shift();
      if (chunk === undefined) this.#early = undefined;
      else this.#receive(chunk);
    }
    if (!maySpeak()) return;
    if (this.#peerEnd === "ahead") {
      this.#stream.resume();
    } else if (this.#peerEnd === "seen") {
      this.#peerEnd = "told";
      receiver.receivedEnd();
    }
  }

  #lose(): void {
    const receiver = this.#receiver;
    if (this.#state === "detached") return;
    this.#state = "lost";
    this.#receiver = undefined;
    this.#early = undefined;
    receiver?.lost(this.#error);
  }
}

/**
 * Whether nobody but Node gets to see what is written. A TLSSocket is a Socket too, and what others make of one, by a class
 * or by methods of its own, may do with the bytes what it likes.
 */
function isPlainSocket(stream: Duplex): boolean {
  return Object.getPrototypeOf(stream) === Socket.prototype && !showsBytes(stream);
}

/** As `isPlainSocket`, or a TLSSocket, which keeps bytes and leaves them as they are. */
function isOfNode(stream: Duplex): boolean {
  const prototype: unknown = Object.getPrototypeOf(stream);
  return (prototype === Socket.prototype || prototype === TLSSocket.prototype) && !showsBytes(stream);
}

function showsBytes(stream: Duplex): boolean {
  return givenBytes.some((method) => Object.hasOwn(stream, method));
}

/** Not from Node's pool: the bytes may be kept for long, and written into. */
function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
