// What conformance suites ask of compression: messages of all sizes, whole and in fragments, under every parameter, at either end.
// Categories 12 (one set of parameters, many payloads) and 13 (many sets) of the suites that everybody knows.
import { Buffer } from "node:buffer";
import type { CompressionOptions } from "hawser";
import type { Role } from "hawser/wire";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { filler } from "../support/bytes.ts";
import { DeflateStream, InflateStream } from "../support/deflate.ts";
import { framesFor } from "../support/frames.ts";
import type { RawClient } from "../support/raw-client.ts";
import { type EchoEnd, hearOut } from "./questions.ts";

vi.setConfig({ testTimeout: 60_000 });

const KiB = 1024;

/** An echo, and what the handshake is to agree on, seen from the one who asks. */
interface CompressedEnd extends EchoEnd {
  /** A connection, with this in the peer's part of the handshake. Gives what was agreed on, as a header line. */
  negotiate(extensions: string): Promise<{ peer: RawClient; agreed: string }>;
}

/** How to start an echo with an option. */
export type StartCompressed = (compression: CompressionOptions) => Promise<CompressedEnd>;

/** What the peer says: a client's offer, or a server's answer. */
interface Parameters {
  readonly option: CompressionOptions;
  readonly offer: string;
  readonly answer: string;
}

const base = "permessage-deflate";
const keep = { contextTakeover: true, windowBits: 15, threshold: 0 } as const;

/** Category 13: with the context of either end, of both and of none, and with windows of every size. */
const parameterSets: readonly Parameters[] = [
  { option: { threshold: 0 }, offer: base, answer: `${base}; server_no_context_takeover` },
  { option: keep, offer: base, answer: base },
  { option: keep, offer: `${base}; client_max_window_bits`, answer: `${base}; client_max_window_bits=9` },
  {
    option: keep,
    offer: `${base}; server_no_context_takeover`,
    answer: `${base}; server_no_context_takeover`,
  },
  {
    option: keep,
    offer: `${base}; client_no_context_takeover`,
    answer: `${base}; client_no_context_takeover`,
  },
  {
    option: { ...keep, level: 9, memLevel: 9 },
    offer: `${base}; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=8`,
    answer: `${base}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8`,
  },
  ...[8, 9, 10, 12, 15].map((windowBits) => ({
    option: { ...keep, windowBits },
    offer: `${base}; server_max_window_bits=${windowBits}; client_max_window_bits`,
    answer: `${base}; server_max_window_bits=${windowBits}; client_max_window_bits=${windowBits}`,
  })),
];

/** Category 12: the sizes of messages, and how many of each. */
const SIZES: readonly (readonly [size: number, count: number])[] = [
  [16, 100],
  [64, 100],
  [256, 100],
  [KiB, 60],
  [4 * KiB, 30],
  [8 * KiB, 20],
  [16 * KiB, 12],
  [32 * KiB, 8],
  [64 * KiB, 6],
  [128 * KiB, 4],
];

/** Text that compresses like text, with characters of all lengths. */
const text = Buffer.from(
  Array.from(
    { length: 4000 },
    (_, nth) => `{"nth":${nth},"name":"é水${nth % 7}😀","text":"compression of messages 0123456789 "},`,
  ).join(""),
);

function textOf(size: number, nth: number): string {
  // Where a character is cut, as many bytes of another are there.
  return text.toString("utf8", nth, nth + size).replaceAll("\ufffd", "?");
}

/** What a message is made of: text, bytes that repeat, bytes that do not compress. */
function payloadOf(kind: "text" | "binary", size: number, nth: number): Buffer {
  if (kind === "text") return Buffer.from(textOf(size, nth));
  return nth % 3 === 0 ? noise(size, nth) : filler(size + nth).subarray(nth);
}

function noise(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = (seed + 1) * 2_654_435_761;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** The streams of the one who asks, by what was agreed on. */
function streamsFor(role: Role, agreed: string, option: CompressionOptions) {
  const bits = (name: string) => Number(new RegExp(`${name}_max_window_bits=(\\d+)`).exec(agreed)?.[1] ?? 15);
  const keeps = (name: string) => !agreed.includes(`${name}_no_context_takeover`);
  const [own, other] = role === "server" ? ["client", "server"] : ["server", "client"];
  return {
    deflate: new DeflateStream({ takeover: keeps(own), windowBits: bits(own) }),
    // Where takeover was allowed and the option says no, what comes can be read all the same.
    inflate: new InflateStream({
      takeover: keeps(other) && option.contextTakeover === true,
      windowBits: bits(other),
    }),
  };
}

/** Describes an echo that compresses. */
export function describeCompression(name: string, role: Role, start: StartCompressed): void {
  describe.each(parameterSets)(
    `${name}, $option, offered $offer, answered $answer`,
    ({ option, offer, answer }) => {
      const maker = framesFor(role);
      let end: CompressedEnd;
      const closing: { close(): void }[] = [];
      beforeAll(async () => {
        end = await start(option);
      });
      afterAll(() => end.close());
      afterEach(() => {
        for (const stream of closing.splice(0)) stream.close();
      });

      const meet = async () => {
        const { peer, agreed } = await end.negotiate(role === "server" ? offer : answer);
        const streams = streamsFor(role, agreed, option);
        closing.push(streams.deflate, streams.inflate);
        return { peer, ...streams };
      };

      test.each(["text", "binary"] as const)("12, 13: %s of all sizes comes back", async (kind) => {
        const { peer, deflate, inflate } = await meet();
        const opcode = kind === "text" ? 1 : 2;
        let sent = 0;
        for (const [size, count] of SIZES) {
          for (let nth = 0; nth < count; nth += 1) {
            const payload = payloadOf(kind, size, nth);
            const data = await deflate.message(payload);
            const cut = nth % 4 === 3 ? Math.floor(data.length / 2) : data.length;
            const frames = [
              maker.frame({ opcode, rsv: 0x40, fin: cut === data.length, payload: data.subarray(0, cut) }),
            ];
            if (cut < data.length) frames.push(maker.ping("between"), maker.last(data.subarray(cut)));
            await peer.send(Buffer.concat(frames), nth % 10 === 9 ? 997 : "whole");
            if (cut < data.length) expect((await peer.frame())?.opcode).toBe(10);
            const back = await peer.frame();
            expect([back?.opcode, back?.fin]).toEqual([opcode, true]);
            const plain = back?.rsv === 0x40 ? await inflate.message(back.payload) : back?.payload;
            if (plain?.equals(payload) !== true)
              expect.fail(`${size} bytes, number ${nth}: another came back`);
            sent += 1;
          }
        }
        await peer.send(maker.close(1000));
        expect(await hearOut(end, peer)).toEqual(["close 1000"]);
        await peer.hangUp();
        expect(await end.reports.take()).toMatchObject({ clean: true, messages: { sent, received: sent } });
      });

      test("many at once come back in order, large and small, compressed and not", async () => {
        const { peer, deflate, inflate } = await meet();
        const payloads = Array.from({ length: 120 }, (_, nth) =>
          payloadOf("binary", [20, 3000, 40_000][nth % 3]!, nth),
        );
        const frames: Buffer[] = [];
        for (const [nth, payload] of payloads.entries()) {
          const plainly = nth % 5 === 4;
          const data = plainly ? payload : await deflate.message(payload);
          frames.push(maker.binary(data, plainly ? {} : { rsv: 0x40 }));
        }
        await peer.send(Buffer.concat(frames));
        for (const [nth, payload] of payloads.entries()) {
          const back = await peer.frame();
          const plain = back?.rsv === 0x40 ? await inflate.message(back.payload) : back?.payload;
          if (plain?.equals(payload) !== true) expect.fail(`number ${nth}: another came back`);
        }
        await peer.send(maker.close(1000));
        await hearOut(end, peer);
        await peer.hangUp();
        expect(await end.reports.take()).toMatchObject({ clean: true });
      });
    },
  );
}
