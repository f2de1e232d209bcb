// The codec of permessage-deflate against zlib's streams and against a reader of its own: messages, pieces, windows, limits.
import { AsyncLocalStorage } from "node:async_hooks";
import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  deflateRawSync,
  type InflateRaw,
  inflateRawSync,
} from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { defaultCompression } from "../../src/handshake/compression.ts";
import type { DeflateAgreement } from "../../src/handshake/deflate-params.ts";
import { DeflateCodec, deflateCodec } from "../../src/transport/deflate.ts";
import { DeflateWork } from "../../src/transport/deflate-work.ts";
import { stored, withoutTail } from "../../src/transport/zlib-calls.ts";
import type { DeflateOwner, InflateOwner } from "../../src/wire/codec.ts";
import { LimitError, ProtocolError } from "../../src/wire/errors.ts";
import { bytes, filler } from "../support/bytes.ts";
import { inflatePlainly } from "../support/plain-inflate.ts";
import { Random } from "../support/random.ts";

const TAIL = bytes`00 00 ff ff`;
const MiB = 1024 * 1024;

interface Setting {
  readonly takeover?: boolean;
  readonly bits?: number;
  readonly level?: number;
  readonly memLevel?: number;
  /** The turn of the loop is over: nothing more is done at once. */
  readonly late?: boolean;
}

function make({ takeover = false, bits = 12, level = 1, memLevel = 4, late = false }: Setting = {}) {
  const direction = { contextTakeover: takeover, windowBits: bits };
  const agreement: DeflateAgreement = { send: direction, receive: direction };
  const work = new DeflateWork((act) => setImmediate(act));
  if (late) work.spent(MiB);
  return new DeflateCodec(agreement, { ...defaultCompression, level, memLevel, windowBits: bits }, work);
}

/** An owner, and a promise of what it is given. */
function owner<Result>() {
  let give: (result: Result) => void = () => undefined;
  const given = new Promise<Result>((resolve) => {
    give = resolve;
  });
  return { given, inflated: (result: Result) => give(result), deflated: (result: Result) => give(result) };
}

async function inflate(
  codec: DeflateCodec,
  input: Uint8Array,
  max = MiB,
): Promise<Uint8Array | ProtocolError | LimitError> {
  const waits = owner<Uint8Array | ProtocolError | LimitError>();
  return codec.inflate(input, max, waits) ?? (await waits.given);
}

async function deflate(codec: DeflateCodec, input: Uint8Array): Promise<Uint8Array> {
  const waits = owner<Uint8Array>();
  return codec.deflate(input, waits) ?? (await waits.given);
}

/** As peers do it: one stream of zlib's for the whole connection. */
function streamOf<Stream extends DeflateRaw | InflateRaw>(stream: Stream) {
  return (input: Uint8Array, flush: number = constants.Z_SYNC_FLUSH): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const collect = (chunk: Buffer) => chunks.push(chunk);
      stream.on("data", collect);
      stream.once("error", reject);
      stream.write(input);
      stream.flush(flush, () => {
        stream.off("data", collect);
        stream.off("error", reject);
        resolve(Buffer.concat(chunks));
      });
    });
}

/** Messages of all kinds: what compresses well, what does not, what refers to the one before. */
function messages(random: Random, sizes: readonly number[]): Buffer[] {
  const words = ["message", "user", "水", "time", "{", "}", '":"', "0123456789", "\n"];
  return sizes.map((size) => {
    if (random.oneIn(4)) return Buffer.from(random.bytes(size));
    let text = "";
    while (text.length < size) text += random.pick(words);
    return Buffer.from(text.slice(0, size));
  });
}

const SIZES = [1, 20, 300, 2000, 5000, 40_000, 3000, 70_000, 100, 17_000, 200];

const settings: Setting[] = [8, 9, 10, 12, 15].flatMap((bits) =>
  [true, false].flatMap((takeover) => [
    { bits, takeover },
    { bits, takeover, level: 9, memLevel: 9, late: true },
  ]),
);

describe("with zlib's streams at the other end", () => {
  it.each(settings)("what it sends can be inflated: %j", async (setting) => {
    const codec = make(setting);
    const random = new Random(setting.bits ?? 0);
    const read = streamOf(createInflateRaw({ windowBits: Math.max(setting.bits ?? 12, 9) }));
    let window = Buffer.alloc(0);
    for (const message of messages(random, SIZES)) {
      const sent = await deflate(codec, message);
      if (sent.length >= message.length) {
        expect(Buffer.compare(sent, message)).toBe(0);
        continue;
      }
      const whole = Buffer.concat([sent, TAIL]);
      // The plain reader takes its time.
      if (message.length < 6000) {
        const plain = inflatePlainly(whole, setting.takeover === true ? window : undefined);
        expect(plain.output.equals(message)).toBe(true);
        expect(plain.farthest).toBeLessThanOrEqual(2 ** (setting.bits ?? 12));
      } else if (setting.takeover !== true) {
        const options = { finishFlush: constants.Z_SYNC_FLUSH };
        expect(inflateRawSync(whole, options).equals(message)).toBe(true);
      }
      if (setting.takeover !== true) continue;
      expect((await read(whole)).equals(message)).toBe(true);
      window = Buffer.concat([window, message]).subarray(-(2 ** 15));
    }
  });

  it.each(settings)("what they send is inflated: %j", async (setting) => {
    const codec = make(setting);
    const random = new Random(setting.bits ?? 0);
    const { bits = 12, takeover, level = 6 } = setting;
    const write = streamOf(createDeflateRaw({ windowBits: Math.max(bits, 9), level }));
    for (const message of messages(random, SIZES)) {
      const flush = takeover === true ? constants.Z_SYNC_FLUSH : constants.Z_FULL_FLUSH;
      const received = withoutTail(await write(message, flush));
      const plain = await inflate(codec, received);
      if (!(plain instanceof Uint8Array)) throw plain;
      expect(Buffer.compare(plain, message)).toBe(0);
    }
  });
});

describe("Z11: a window of 8 bits", () => {
  it.each([
    ["random", (size: number) => randomFillSync(Buffer.alloc(size))],
    ["few letters", (size: number) => randomFillSync(Buffer.alloc(size)).map((byte) => 97 + (byte & 3))],
    ["a period of 250", (size: number) => Buffer.alloc(size, filler(250))],
    ["a period of 256", (size: number) => Buffer.alloc(size, filler(256))],
    ["a period of 400", (size: number) => Buffer.alloc(size, filler(400))],
    ["one byte", (size: number) => Buffer.alloc(size, 7)],
  ])("no distance is over 250, of messages that stand alone or not: %s", async (_what, data) => {
    for (const level of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      for (const takeover of [false, true]) {
        const codec = make({ bits: 8, level, takeover, memLevel: level });
        let window = Buffer.alloc(0);
        for (const size of [100, 700, 3000, 300]) {
          const message = Buffer.from(data(size));
          const sent = await deflate(codec, message);
          if (sent.length >= size) continue;
          const plain = inflatePlainly(Buffer.concat([sent, TAIL]), takeover ? window : undefined);
          expect(plain.output.equals(message)).toBe(true);
          expect(plain.farthest).toBeLessThanOrEqual(250);
          window = Buffer.concat([window, message]).subarray(-256);
        }
      }
    }
  });
});

describe("compressing", () => {
  const noOwner: DeflateOwner = {
    deflated: () => {
      throw new Error("called");
    },
  };

  it("gives a message back that does not become shorter, and does not remember it", async () => {
    const codec = make({ takeover: true });
    const noise = randomFillSync(Buffer.alloc(500));
    expect(codec.deflate(noise, noOwner)).toBe(noise);
    const second = codec.deflate(Buffer.concat([noise, Buffer.alloc(500)]), noOwner)!;
    expect(
      inflatePlainly(Buffer.concat([second, TAIL]))
        .output.subarray(0, 500)
        .equals(noise),
    ).toBe(true);
  });

  it("does small messages at once, and large ones elsewhere with bytes of its own", async () => {
    const codec = make();
    expect(codec.deflate(Buffer.alloc(8 * 1024), noOwner)).toBeInstanceOf(Uint8Array);
    const large = Buffer.alloc(8 * 1024 + 1, 1);
    const waits = owner<Uint8Array>();
    expect(codec.deflate(large, waits)).toBeUndefined();
    large.fill(2);
    const { output } = inflatePlainly(Buffer.concat([await waits.given, TAIL]));
    expect(output.equals(Buffer.alloc(large.length, 1))).toBe(true);
  });

  it("leaves small ones for the next turn where this one has no time left", async () => {
    const codec = make({ late: true });
    const waits = owner<Uint8Array>();
    expect(codec.deflate(Buffer.alloc(100), waits)).toBeUndefined();
    expect((await waits.given).length).toBeLessThan(100);
  });

  it("an empty message is 00 (§7.2.3.6) where it has to be compressed, as the last piece of another", () => {
    const codec = make();
    const first = codec.deflatePiece(Buffer.from("abc"), false, noOwner)!;
    expect(codec.deflatePiece(Buffer.alloc(0), true, noOwner)).toEqual(bytes`00`);
    expect(inflatePlainly(Buffer.concat([first, bytes`00`, TAIL])).output.toString()).toBe("abc");
  });

  it.each([true, false])("pieces refer to those before them, contextTakeover %s", async (takeover) => {
    const codec = make({ takeover });
    const piece = filler(900);
    const one = codec.deflatePiece(piece, false, noOwner)!;
    const two = codec.deflatePiece(piece, false, noOwner)!;
    const end = codec.deflatePiece(piece, true, noOwner)!;
    expect(two.length).toBeLessThan(50);
    const whole = Buffer.concat([one, two, end, TAIL]);
    expect(inflatePlainly(whole).output.equals(Buffer.concat([piece, piece, piece]))).toBe(true);
    const next = codec.deflate(Buffer.concat([piece, Buffer.alloc(100)]), noOwner)!;
    if (takeover) expect(next.length).toBeLessThan(50);
    else
      expect(
        inflatePlainly(Buffer.concat([next, TAIL]))
          .output.subarray(0, 900)
          .equals(piece),
      ).toBe(true);
  });

  it("large pieces are compressed elsewhere, and keep the window", async () => {
    const codec = make({ bits: 15 });
    const [first, last] = [owner<Uint8Array>(), owner<Uint8Array>()];
    const piece = filler(20_000);
    expect(codec.deflatePiece(piece, false, first)).toBeUndefined();
    const one = await first.given;
    expect(codec.deflatePiece(piece, true, last)).toBeUndefined();
    const two = await last.given;
    expect(inflatePlainly(Buffer.concat([one, two, TAIL])).output.equals(Buffer.concat([piece, piece]))).toBe(
      true,
    );
  });

  it("what is shared refers to nothing, and is remembered when it was sent", async () => {
    const codec = make({ takeover: true });
    const message = filler(900);
    codec.deflate(Buffer.concat([message, Buffer.alloc(100)]), noOwner);
    const shared = codec.deflateShared(Buffer.concat([message, Buffer.alloc(300)]), noOwner)!;
    expect(inflatePlainly(Buffer.concat([shared, TAIL])).output.length).toBe(1200);
    const news = Buffer.alloc(1000, "news of the day, ");
    codec.sentShared(news);
    expect(codec.deflate(news, noOwner)!.length).toBeLessThan(30);
    const alone = make();
    alone.sentShared(news);
    expect(inflatePlainly(Buffer.concat([alone.deflate(news, noOwner)!, TAIL])).output.equals(news)).toBe(
      true,
    );
  });

  it("has one setting for what compresses alike", () => {
    expect(make({ takeover: true }).setting).toBe(make().setting);
    expect(
      new Set(
        [make(), make({ bits: 11 }), make({ level: 2 }), make({ memLevel: 5 })].map((codec) => codec.setting),
      ).size,
    ).toBe(4);
    const direction = { contextTakeover: false, windowBits: 10 };
    const agreed = new DeflateCodec({ send: direction, receive: direction }, defaultCompression);
    expect(agreed.setting).toBe(make({ bits: 10 }).setting);
  });

  it("is one for all connections whose messages stand alone, and each one's own where they do not", () => {
    const codecs = [false, true].flatMap((contextTakeover) => {
      const direction = { contextTakeover, windowBits: 12 };
      const agreement = { send: { ...direction, contextTakeover: false }, receive: direction };
      return [deflateCodec(agreement, defaultCompression), deflateCodec(agreement, defaultCompression)];
    });
    expect(codecs[1]).toBe(codecs[0]);
    expect(codecs[3]).not.toBe(codecs[2]);
    const narrow = { contextTakeover: false, windowBits: 9 };
    const other = deflateCodec({ send: narrow, receive: narrow }, defaultCompression);
    expect(other).not.toBe(codecs[0]);
    expect(other.setting).toBe(make({ bits: 9 }).setting);
    expect(deflateCodec({ send: narrow, receive: narrow }, { ...defaultCompression })).not.toBe(other);
  });

  it("results come in the async context in which they were asked for, not in that of the job before", async () => {
    const context = new AsyncLocalStorage<string>();
    const codec = make();
    const seen: string[] = [];
    const large = Buffer.alloc(50_000);
    const packed = Buffer.from(
      deflateRawSync(large, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4),
    );
    const ask = (name: string, begin: (owner: DeflateOwner & InflateOwner) => unknown) =>
      new Promise<void>((resolve) => {
        const told = () => {
          seen.push(`${name} in ${context.getStore()}`);
          resolve();
        };
        context.run(name, () => begin({ deflated: told, inflated: told }));
      });
    await Promise.all([
      ...["a", "b", "c"].map((name) => ask(name, (owner) => codec.deflate(large, owner))),
      ...["d", "e", "f"].map((name) => ask(name, (owner) => codec.inflate(packed, MiB, owner))),
    ]);
    const late = make({ late: true });
    await Promise.all([
      ask("g", (owner) => late.deflate(large.subarray(0, 1000), owner)),
      ask("h", (owner) => late.inflate(packed.subarray(0), MiB, owner)),
    ]);
    expect(seen.sort()).toEqual(["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => `${name} in ${name}`));
  });

  it("several owners: each has its own messages in fragments, and stops for itself alone", async () => {
    const codec = make();
    const [one, other] = [owner<Uint8Array>(), owner<Uint8Array>()];
    const piece = filler(900);
    const first = codec.deflatePiece(piece, false, one)!;
    const alone = codec.deflatePiece(piece, true, other)!;
    expect(inflatePlainly(Buffer.concat([alone, TAIL])).output.equals(piece)).toBe(true);
    const last = codec.deflatePiece(piece, true, one)!;
    expect(last.length).toBeLessThan(50);
    const whole = inflatePlainly(Buffer.concat([first, last, TAIL])).output;
    expect(whole.equals(Buffer.concat([piece, piece]))).toBe(true);

    codec.deflatePiece(piece, false, one);
    codec.stopDeflating(one);
    const anew = codec.deflatePiece(piece, true, one)!;
    expect(inflatePlainly(Buffer.concat([anew, TAIL])).output.equals(piece)).toBe(true);

    codec.deflate(Buffer.alloc(50_000), noOwner);
    codec.deflate(Buffer.alloc(50_000), other);
    codec.stopDeflating(noOwner);
    expect((await other.given).length).toBeLessThan(400);
  });

  it("Z19: calls nobody after it was stopped, but does what is shared", async () => {
    const codec = make();
    const shared = owner<Uint8Array>();
    codec.deflateShared(Buffer.alloc(50_000), shared);
    codec.deflate(Buffer.alloc(50_000), noOwner);
    codec.stopDeflating(noOwner);
    codec.stopDeflating(noOwner);
    expect((await shared.given).length).toBeLessThan(400);
    // Behind it in line: had it not been dropped, it would be done by now.
    expect((await deflate(codec, Buffer.alloc(60_000))).length).toBeLessThan(400);
  });

  it("where zlib has no memory, a message goes out in stored blocks", () => {
    for (const size of [0, 1, 65_535, 65_536, 200_000]) {
      const input = filler(size);
      const { output, blocks } = inflatePlainly(stored(input));
      expect(output.equals(input)).toBe(true);
      expect(new Set(blocks)).toEqual(new Set([0]));
    }
  });
});

describe("inflating", () => {
  const noOwner: InflateOwner = {
    inflated: () => {
      throw new Error("called");
    },
  };
  const compressed = (plain: Uint8Array, options = {}) =>
    withoutTail(deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH, ...options }));

  it("does small messages at once, and elsewhere what is large by what comes in or by what comes out", async () => {
    const codec = make();
    expect(codec.inflate(compressed(filler(5000)), MiB, noOwner)).toHaveLength(5000);
    const waits = owner<Uint8Array | ProtocolError | LimitError>();
    const noise = randomFillSync(Buffer.alloc(20_000));
    const lent = compressed(noise);
    expect(codec.inflate(lent, MiB, waits)).toBeUndefined();
    lent.fill(0);
    expect(await waits.given).toEqual(noise);
    const zeros = owner<Uint8Array | ProtocolError | LimitError>();
    expect(codec.inflate(compressed(Buffer.alloc(32_769)), MiB, zeros)).toBeUndefined();
    expect(await zeros.given).toHaveLength(32_769);
  });

  it("leaves small ones for the next turn where this one has no time left", async () => {
    const codec = make({ late: true });
    expect(codec.inflate(compressed(filler(5000)), MiB, noOwner)).toBeUndefined();
    codec.stopInflating(noOwner);
    expect(await inflate(make({ late: true }), compressed(filler(5000)))).toHaveLength(5000);
    expect(await inflate(make({ late: true }), compressed(Buffer.alloc(MiB)))).toHaveLength(MiB);
    expect(await inflate(make({ late: true }), bytes`ff`)).toBeInstanceOf(ProtocolError);
  });

  it.each([100, 32_768, 32_769, 300_000])("Z1: holds to the limit to the byte: %i", async (max) => {
    for (const late of [false, true]) {
      expect(await inflate(make({ late }), compressed(Buffer.alloc(max)), max)).toHaveLength(max);
      const result = await inflate(make({ late }), compressed(Buffer.alloc(max + 1)), max).catch(
        (error: unknown) => error,
      );
      expect(result).toBeInstanceOf(LimitError);
      expect(result).toMatchObject({
        closeCode: 1009,
        limit: "limits.message",
        message: `the message is over ${max} bytes`,
      });
    }
  });

  it("may have no limit but the engine's", async () => {
    expect(await inflate(make(), compressed(Buffer.alloc(100_000)), Number.POSITIVE_INFINITY)).toHaveLength(
      100_000,
    );
  });

  it.each([
    ["Z3: garbage", bytes`ff ff ff ff`],
    ["Z3: an invalid block", bytes`07 00`],
    ["cut in the middle of a block", compressed(filler(100)).subarray(0, 50)],
    ["cut right before its last byte", compressed(Buffer.from("hello hello hello")).subarray(0, -1)],
    ["with the tail that should have been left out", Buffer.concat([compressed(filler(100)), TAIL])],
    ["Z15, Z16: referring to what is not there", bytes`02 13 00 00`],
  ])("%s → 1007", async (_what, input) => {
    const result = await inflate(make(), input).catch((error: unknown) => error);
    expect(result).toMatchObject({ violation: "invalid-deflate", closeCode: 1007 });
    expect(await inflate(make({ late: true }), input)).toMatchObject({ violation: "invalid-deflate" });
    expect(() => make().inflateNow(input, MiB)).toThrow(ProtocolError);
  });

  it.each([true, false])(
    "Z4: a block with BFINAL set is inflated, and so is the next message: takeover %s",
    async (takeover) => {
      const codec = make({ takeover });
      const text = Buffer.from("Hello Hello Hello");
      const final = Buffer.concat([deflateRawSync(text), bytes`00`]);
      for (const input of [final, deflateRawSync(text), final, compressed(text)]) {
        expect(await inflate(codec, input)).toEqual(text);
      }
      if (!takeover) return;
      const dictionary = Buffer.concat([text, text, text, text]);
      expect(await inflate(codec, compressed(text, { dictionary }))).toEqual(text);
    },
  );

  it("Z5: what is behind the final block is ignored", async () => {
    const input = Buffer.concat([deflateRawSync(Buffer.from("Hello")), bytes`ff ff 12 34`]);
    expect(String(await inflate(make(), input))).toBe("Hello");
  });

  it("Z15: without takeover nothing of the message before can be referred to", async () => {
    const secret = Buffer.from("a secret of the message before");
    const codec = make();
    expect(await inflate(codec, compressed(secret))).toEqual(secret);
    await expect(inflate(codec, compressed(secret, { dictionary: secret }))).rejects.toMatchObject({
      closeCode: 1007,
    });
  });

  it("Z16: farther back than agreed there is nothing, not even of this connection", async () => {
    const codec = make({ takeover: true, bits: 9 });
    const old = filler(400);
    await inflate(codec, compressed(old));
    await inflate(codec, compressed(Buffer.alloc(400)));
    const dictionary = Buffer.concat([old, Buffer.alloc(400)]);
    await expect(inflate(codec, compressed(old.subarray(0, 200), { dictionary }))).rejects.toMatchObject({
      closeCode: 1007,
    });
  });

  it("finishes at once what is under way, and calls nobody", async () => {
    const codec = make({ takeover: true });
    const large = Buffer.alloc(100_000, 5);
    expect(codec.inflate(compressed(large), MiB, noOwner)).toBeUndefined();
    expect(Buffer.compare(codec.finishInflating(noOwner), large)).toBe(0);
    expect(codec.inflate(compressed(large), 99_999, noOwner)).toBeUndefined();
    expect(() => codec.finishInflating(noOwner)).toThrow(LimitError);
    expect(() => codec.finishInflating(noOwner)).toThrow("nothing is being inflated");
    expect(await inflate(codec, compressed(large))).toHaveLength(100_000);
  });

  it("Z2: what the end of a transport has inflated counts toward the turn of the loop", async () => {
    const codec = make();
    const bomb = compressed(Buffer.alloc(300_000));
    expect(codec.inflate(bomb, MiB, noOwner)).toBeUndefined();
    expect(codec.hasTime).toBe(true);
    codec.finishInflating(noOwner);
    expect(codec.hasTime).toBe(false);
    await nextTurn();
    await nextTurn();
    expect(codec.hasTime).toBe(true);
    expect(() => codec.inflateNow(bomb, 299_999)).toThrow(LimitError);
    expect(codec.hasTime).toBe(false);
  });

  it("Z19: calls nobody after it was stopped", async () => {
    const codec = make();
    expect(codec.inflate(compressed(Buffer.alloc(100_000)), MiB, noOwner)).toBeUndefined();
    codec.stopInflating(noOwner);
    codec.stopInflating(noOwner);
    expect(await inflate(codec, compressed(Buffer.alloc(200_000)))).toHaveLength(200_000);
  });

  it("several owners: each stops for itself alone", async () => {
    const codec = make();
    const other = owner<Uint8Array | ProtocolError | LimitError>();
    const large = compressed(Buffer.alloc(100_000));
    codec.inflate(large, MiB, noOwner);
    codec.inflate(large, MiB, other);
    codec.stopInflating(noOwner);
    expect(await other.given).toHaveLength(100_000);
  });

  it("Z17: many blocks of nothing take the time of their bytes", async () => {
    const codec = make();
    const blocks = Buffer.concat([...Array.from({ length: 3000 }, () => bytes`00 00 00 ff ff`), bytes`00`]);
    expect(await inflate(codec, blocks)).toHaveLength(0);
  });
});

it("a mistake of ours in the middle of a turn is not taken for the peer's", async () => {
  vi.spyOn(DeflateWork.prototype, "spent").mockImplementation(() => {
    throw new Error("a bug");
  });
  expect(() => make().inflate(bytes`00`, MiB, { inflated: () => undefined })).toThrow("a bug");
});
