// permessage-deflate (RFC 7692 §7.2): the Codec of machines.
//
// Each message is one call to zlib, and what messages refer to is kept as plain data: two windows at most for a connection. Without
// context takeover there is nothing to keep, and one codec serves all. A zlib stream for each direction would keep up to 300 KiB.
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
/** The codecs that serve all connections with a setting, for this thread's work. */
const shared = new WeakMap<NamedSetting, DeflateCodec>();

function agreedSetting(settings: CompressionSettings, windowBits: number): NamedSetting {
  const known = named.get(settings) ?? [];
  named.set(settings, known);
  const { level, memLevel, threshold } = settings;
  const name = `deflate: level ${level}, memLevel ${memLevel}, windowBits ${windowBits}, threshold ${threshold}`;
  known[windowBits] ??= { level, memLevel, windowBits, name };
  return known[windowBits];
}

/**
 * The codec of a connection.
 *
 * @param settings checked, as `resolveCompression` gives them
 */
export function deflateCodec(agreement: DeflateAgreement, settings: CompressionSettings): DeflateCodec {
  const { send, receive } = agreement;
  if (send.contextTakeover || receive.contextTakeover) return new DeflateCodec(agreement, settings);
  const setting = agreedSetting(settings, send.windowBits);
  const known = shared.get(setting) ?? new DeflateCodec(agreement, settings);
  shared.set(setting, known);
  return known;
}

/** Compresses and inflates messages: of one connection with context takeover, of any number without. */
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

  get hasTime(): boolean {
    return this.#inflater.hasTime;
  }

  inflateNow(input: Uint8Array, max: number): Uint8Array {
    return this.#inflater.now(input, max);
  }

  finishInflating(owner: InflateOwner): Uint8Array {
    return this.#inflater.finish(owner);
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

  stopInflating(owner: InflateOwner): void {
    this.#inflater.stop(owner);
  }

  stopDeflating(owner: DeflateOwner): void {
    this.#deflater.stop(owner);
  }
}
