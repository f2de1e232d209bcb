// permessage-deflate for one connection (RFC 7692 §7.2): the Codec of its machine.
//
// Each message is one call to zlib, and what messages refer to is kept as plain data: two windows at most, and none without
// context takeover. A zlib stream for each direction would keep up to 300 KiB.
import type { CompressionSettings } from "../handshake/compression.ts";
import type { DeflateAgreement } from "../handshake/deflate-params.ts";
import type { Codec, DeflateOwner, InflateOwner } from "../wire/codec.ts";
import { type DeflateWork, deflateWork } from "./deflate-work.ts";
import { Deflater } from "./deflater.ts";
import { Inflater } from "./inflater.ts";
import type { DeflateSetting } from "./zlib-calls.ts";

/** Compresses and inflates the messages of one connection. */
export class DeflateCodec implements Codec {
  readonly threshold: number;
  readonly #setting: DeflateSetting;
  readonly #inflater: Inflater;
  readonly #deflater: Deflater;

  /** @param settings checked, as `resolveCompression` gives them */
  constructor(
    { send, receive }: DeflateAgreement,
    settings: CompressionSettings,
    work: DeflateWork = deflateWork,
  ) {
    this.threshold = settings.threshold;
    // Most connections have agreed on what was wished for, and share the settings.
    this.#setting =
      send.windowBits === settings.windowBits ? settings : { ...settings, windowBits: send.windowBits };
    this.#inflater = new Inflater(receive, work);
    this.#deflater = new Deflater(send, this.#setting, work);
  }

  get setting(): string {
    const { level, memLevel, windowBits } = this.#setting;
    return `level ${level}, memLevel ${memLevel}, windowBits ${windowBits}`;
  }

  inflate(input: Uint8Array, max: number, owner: InflateOwner): Uint8Array | undefined {
    return this.#inflater.inflate(input, max, owner);
  }

  inflateNow(input: Uint8Array, max: number): Uint8Array {
    return this.#inflater.now(input, max);
  }

  finishInflating(): Uint8Array {
    return this.#inflater.finish();
  }

  deflate(input: Uint8Array, owner: DeflateOwner): Uint8Array | undefined {
    return this.#deflater.compress("message", input, owner);
  }

  deflatePiece(input: Uint8Array, final: boolean, owner: DeflateOwner): Uint8Array | undefined {
    return this.#deflater.compress(final ? "last-piece" : "piece", input, owner);
  }

  deflateShared(input: Uint8Array, owner: DeflateOwner): Uint8Array | undefined {
    return this.#deflater.compress("shared", input, owner);
  }

  sentShared(message: Uint8Array): void {
    this.#deflater.sent(message);
  }

  stopInflating(): void {
    this.#inflater.stop();
  }

  stopDeflating(): void {
    this.#deflater.stop();
  }
}
