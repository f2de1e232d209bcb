// Deflate data as a peer makes it, and reads it: with zlib's own streams for a connection, or a message at a time.
import { Buffer } from "node:buffer";
import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  deflateRawSync,
  inflateRawSync,
  type ZlibOptions,
} from "node:zlib";

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** One message that stands alone, without its tail (RFC 7692 §7.2.1). */
export function deflated(plain: string | Uint8Array, options: ZlibOptions = {}): Buffer {
  const whole = deflateRawSync(Buffer.from(plain as Uint8Array), {
    finishFlush: constants.Z_SYNC_FLUSH,
    ...options,
  });
  return whole.subarray(0, -4);
}

/** What came compressed, with nothing before it. */
export function inflated(data: Uint8Array): Buffer {
  return inflateRawSync(Buffer.concat([data, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH });
}

/** How a peer compresses. */
export interface DeflateStreamOptions {
  readonly takeover: boolean;
  readonly windowBits: number;
  readonly level?: number;
}

/** Compresses the messages of a connection, as peers do it: with one stream, which is reset between messages without takeover. */
export class DeflateStream {
  readonly #stream;
  readonly #takeover: boolean;
  #chunks: Buffer[] = [];

  constructor({ takeover, windowBits, level = 6 }: DeflateStreamOptions) {
    this.#takeover = takeover;
    this.#stream = createDeflateRaw({ windowBits: Math.max(windowBits, 9), level });
    this.#stream.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
  }

  message(plain: Uint8Array): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#stream.write(plain);
      this.#stream.flush(constants.Z_SYNC_FLUSH, () => {
        const whole = Buffer.concat(this.#chunks);
        this.#chunks = [];
        if (!this.#takeover) this.#stream.reset();
        resolve(whole.subarray(0, -4));
      });
    });
  }

  close(): void {
    this.#stream.close();
  }
}

/** Inflates the messages of a connection, with a window that is no larger than agreed. */
export class InflateStream {
  readonly #stream;
  readonly #takeover: boolean;
  #chunks: Buffer[] = [];

  constructor({ takeover, windowBits }: DeflateStreamOptions) {
    this.#takeover = takeover;
    this.#stream = createInflateRaw({ windowBits });
    this.#stream.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
  }

  message(data: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#stream.once("error", reject);
      this.#stream.write(Buffer.concat([data, TAIL]));
      this.#stream.flush(constants.Z_SYNC_FLUSH, () => {
        this.#stream.off("error", reject);
        const whole = Buffer.concat(this.#chunks);
        this.#chunks = [];
        if (!this.#takeover) this.#stream.reset();
        resolve(whole);
      });
    });
  }

  close(): void {
    this.#stream.close();
  }
}
