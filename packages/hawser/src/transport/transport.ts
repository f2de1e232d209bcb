// Transport: what a connection needs of the bytes below it, whatever carries them.
import type { Buffer } from "node:buffer";
import type { Output } from "../wire/wire.ts";

/** Who hears what a transport brings. */
export interface Receiver {
  /** Bytes came. The chunk is the receiver's: it may write into it, and keep it unless the transport `lends`. */
  received(chunk: Buffer): void;
  /** The peer half-closed: no more bytes come. Our side stays open, whatever the stream below would do by itself: `end` or `destroy` it. */
  receivedEnd(): void;
  /** Output had to wait, and now `buffered` is zero. Not called for output that the system took at once. */
  drained(): void;
  /** Output has to wait, and some of it was taken, not all: `buffered` says what is left. */
  progressed?(): void;
  /** The transport is gone. Called once, last; with the error if one ended it. */
  lost(error: Error | undefined): void;
}

/**
 * A two-way stream of bytes.
 *
 * What is put into it by `reserve` and `write` goes out together: when `flush` is called, and by itself before the loop
 * turns (on `process.nextTick`). None of the methods throws because of the peer, and none calls the receiver before it
 * has returned, `start` included.
 */
export interface Transport extends Output {
  /** Bytes that were put in and that the system (or the stream below) has not taken yet. */
  readonly buffered: number;
  /** Bytes that the system has taken since the start: a number that stands still while a peer does not read. */
  readonly taken: number;
  /** Chunks are lent until `received` returns: their memory is used again, so what is to be kept must be copied. */
  readonly lends: boolean;
  /** The peer's address as the system tells it; undefined where there is none (a pipe, memory). */
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /**
   * Starts to deliver, with what came before. Called again, it hands over: who listened before hears nothing more, and who
   * listens now hears of an end or a loss that is past.
   */
  start(receiver: Receiver): void;
  /** Hands everything waiting to the system now, in one write. */
  flush(): void;
  /** Half-closes behind everything that was put in. Nothing may be put in afterwards. */
  end(): void;
  /** Drops the transport now, with what is waiting. `lost` follows. Does nothing the second time. */
  destroy(): void;
  /** Stops delivering, the peer's end included; a chunk already on its way may still come. `lost` is not held back. */
  pause(): void;
  resume(): void;
}
