// One message encoded once for many connections, which send the same bytes.
import type { Buffer } from "node:buffer";

/** Bytes that are never written again, from `memory[start]` to `memory[end]`. */
export interface SharedBytes {
  readonly memory: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Who waits for a message to be compressed. */
export interface SharedWaiter {
  sharedReady(): void;
}

/** One message compressed once for many connections; perhaps it is still being compressed. */
export interface SharedMessage {
  /** The message in clear. */
  readonly plain: Uint8Array;
  /** The whole frame, once there is one. */
  readonly frame: SharedBytes | undefined;
  /** The frame holds the message compressed. */
  readonly compressed: boolean;
  /** Calls the waiter once, when there is a frame. */
  wait(waiter: SharedWaiter): void;
}

/** A message that was encoded once for many: a frame, or what becomes one on its way through a codec. */
export type Encoded = SharedBytes | SharedMessage;
