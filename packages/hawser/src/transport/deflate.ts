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

/** A setting, and a name for all that compress alike. */
interface NamedSetting extends DeflateSetting {
  readonly name: string;
}

/** Made once for each window size that was agreed on: ten thousand connections share it. */
const named = new WeakMap<CompressionSettings, NamedSetting[]>();

function agreedSetting(settings: CompressionSettings, windowBits: number): NamedSetting {
  const known = named.get(settings) ?? [];
  named.set(settings, known);
  const { level, memLevel, threshold } = settings;
  const name = `deflate: level ${level}, memLevel ${memLevel}, windowBits ${windowBits}, threshold ${threshold}`;
  known[windowBits] ??= { level, memLevel, windowBits, name };
  return known[windowBits];
}

/** Compresses and inflates the messages of one connection. */
export class DeflateCodec implements Codec {
  readonly threshold: number;
  readonly setting: string;
  readonly #inflater: Inflater;
  readonly #deflater: Deflater;

  /** @param settings checked, as `resolveCompression` gives them */
  constructor(
    { send, receive }: DeflateAgreement,
    settings: CompressionSettings,
    work: DeflateWork = deflateWork,
  ) {
    const agreed = agreedSetting(settings, send.windowBits);
    this.threshold = settings.threshold;
    this.setting = agreed.name;
    this.#inflater = new Inflater(receive, work);
    this.#deflater = new Deflater(send, agreed, work);
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
