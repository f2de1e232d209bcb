// What a test can do to one direction of a connection in memory.

/**
 * The sizes of the chunks in which bytes arrive: one for all of them; a list to be used up (what follows arrives as it was
 * sent); or a function that is asked each time, with the number of bytes that are there. At least one byte arrives, and at
 * most what is there.
 */
export type Split = number | readonly number[] | ((available: number) => number);

/** How one direction carries bytes. */
export interface Faults {
  /** Chunk sizes. Undefined: what one flush sends arrives as one chunk, of at most 64 KiB as from a socket of Node. */
  split: Split | undefined;
  /** How long bytes are on their way, in milliseconds on the clock of the pair; 0. */
  delay: number;
  /** How many bytes may be on their way; the rest stays with the sender, who sees it as `buffered`. 64 KiB. */
  capacity: number;
}

/** One direction of a connection in memory. Everything may be set and called at any time, and works from then on. */
export interface FaultScript extends Faults {
  /** Bytes that the sender is rid of and the receiver does not have. */
  readonly inFlight: number;
  /** Bytes that have arrived. */
  readonly delivered: number;
  /** The receiving end does not read: nothing arrives, and nothing more is taken from the sender. */
  stall(): void;
  /** It reads again. */
  unstall(): void;
  /** Bytes vanish, the sender's end too, while the sender sees them taken: so does a peer that lost its power look. */
  freeze(): void;
  /** The direction ends for the receiver, behind what is on its way. What is sent later vanishes. */
  end(): void;
  /** A reset: both ends are lost with ECONNRESET, and what is on its way in either direction is gone. */
  cut(): void;
  /** After so many more bytes from the sender: `end` (if nothing is said), `cut` or `freeze`. Those bytes arrive, but for `cut`. */
  truncate(bytes: number, then?: "end" | "cut" | "freeze"): void;
}
