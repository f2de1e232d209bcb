// Messages that wait for a fragmented one to end: fragments of two messages must not mix (RFC 6455 §5.4).
import { Buffer } from "node:buffer";

/** Bytes of a message, or of the whole frame that holds one. */
interface WaitingBytes {
  readonly bytes: Uint8Array;
  readonly encoded: boolean;
}

/** Exists from the first fragment of an outgoing message to its last. */
export class OutgoingFragments {
  readonly #waiting: (string | WaitingBytes)[] = [];
  /** Bytes that wait. */
  queued = 0;

  enqueue(data: string | Uint8Array): void {
    if (typeof data === "string") {
      this.queued += Buffer.byteLength(data);
      this.#waiting.push(data);
    } else {
      this.queued += data.length;
      this.#waiting.push({ bytes: data, encoded: false });
    }
  }

  enqueueEncoded(message: Uint8Array): void {
    this.queued += message.length;
    this.#waiting.push({ bytes: message, encoded: true });
  }

  /** All that waits, in order. */
  take(): readonly (string | WaitingBytes)[] {
    return this.#waiting;
  }
}
