// Compressed conversations against what was put into them: every split of their bytes, and conversations that fast-check makes up.
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { broadcast, type CompressionOptions, type Message } from "hawser";
import type { Kind, Role } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { resolveCompression } from "../../src/handshake/compression.ts";
import { acceptDeflate, checkDeflate, offerDeflate } from "../../src/handshake/deflate-params.ts";
import { DeflateCodec } from "../../src/transport/deflate.ts";
import { DeflateWork } from "../../src/transport/deflate-work.ts";
import { filler } from "../support/bytes.ts";
import { comparable } from "../support/expectations.ts";
import { Session } from "../support/session.ts";
import { underEverySplit } from "../support/splits.ts";
import { pairOf } from "./support.ts";

const options: readonly CompressionOptions[] = [
  { threshold: 1 },
  { threshold: 1, contextTakeover: true, windowBits: 8 },
  { threshold: 1, contextTakeover: true, windowBits: 15, level: 9 },
];

/** The codecs of both ends; each has time for everything, so that all is done at once. */
function codecsFor(given: CompressionOptions): Record<Role, DeflateCodec> {
  const settings = resolveCompression(given, false)!;
  const offers = offerDeflate(settings);
  const { extension, agreement } = acceptDeflate(offers, settings)!;
  const client = checkDeflate(offers, extension, settings);
  if (typeof client === "string") throw new Error(client);
  const codec = (agreed: typeof client) =>
    new DeflateCodec(agreed, settings, new DeflateWork(() => undefined));
  return { server: codec(agreement), client: codec(client) };
}

describe.each(options)("with %j", (given) => {
  test.each(["server", "client"] as const)("a %s hears the same however the bytes are cut", (role) => {
    const other = role === "server" ? "client" : "server";
    const sender = new Session({ role: other, codec: codecsFor(given)[other] });
    const { wire } = sender;
    wire.sendText("Hello Hello Hello");
    wire.sendText("");
    wire.sendBinary(filler(40));
    wire.sendFragment("text", Buffer.from("Hello "), false);
    wire.ping(Buffer.from("p"), sender.now);
    wire.sendFragment("text", Buffer.from("again 水水水"), true);
    wire.sendText("Hello Hello Hello", false);
    wire.sendText("é水😀".repeat(20));
    wire.sendBinary(new Uint8Array(300));
    wire.close(1000, "bye", sender.now);
    const events = underEverySplit(
      sender.sink.take(),
      (chunks) => new Session({ role, codec: codecsFor(given)[role] }).receive(...chunks).sink.events,
    );
    const heard = events.flatMap((event) => (event.type === "message" ? [comparable(event.data)] : []));
    expect(heard).toEqual(
      [
        "Hello Hello Hello",
        "",
        filler(40),
        "Hello again 水水水",
        "Hello Hello Hello",
        "é水😀".repeat(20),
        new Uint8Array(300),
      ].map(comparable),
    );
  });
});

/** One thing that an application does. */
type Act =
  | { readonly act: "send" | "broadcast"; readonly message: Message; readonly compress: boolean }
  | {
      readonly act: "stream";
      readonly kind: Kind;
      readonly pieces: readonly string[];
      readonly compress: boolean;
    };

const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(1023, 1024, 9000, 40_000, 70_000));
const text = fc
  .tuple(size, fc.constantFrom("ab", "水é", "0123456789", "x"))
  .map(([count, word]) => word.repeat(Math.ceil(count / word.length)));
const bytes = fc
  .tuple(size, fc.integer({ min: 1, max: 300 }))
  .map(
    ([count, period]): Uint8Array =>
      Uint8Array.from({ length: count }, (_, at) => ((at % period) * 167) & 0xff),
  );
const compress = fc.boolean();
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    act: fc.constantFrom("send" as const, "broadcast" as const),
    message: fc.oneof(text, bytes),
    compress,
  }),
  fc.record({
    act: fc.constant("stream" as const),
    kind: fc.constantFrom<Kind>("text", "binary"),
    pieces: fc.array(text, { maxLength: 4 }),
    compress,
  }),
);
const compression: fc.Arbitrary<CompressionOptions> = fc.record({
  threshold: fc.constantFrom(0, 1, 1024),
  contextTakeover: fc.boolean(),
  windowBits: fc.integer({ min: 8, max: 15 }),
  level: fc.constantFrom(1, 6, 9),
  memLevel: fc.constantFrom(1, 4, 9),
});

test("whatever is sent arrives, in order, at both ends at once", async () => {
  const limits = { sendBuffer: 64 * 1024 * 1024, inbox: 64 * 1024 * 1024 };
  await fc.assert(
    fc.asyncProperty(
      compression,
      fc.array(act, { maxLength: 12 }),
      fc.constantFrom(100, 997, 5000, 65_536),
      async (given, acts, split) => {
        const { server, client } = pairOf({
          compression: given,
          server: { limits },
          client: { limits },
          toServer: { split },
          toClient: { split },
        });
        const sent: Message[] = [];
        const streams: Promise<boolean>[] = [];
        for (const one of acts) {
          for (const ws of [server, client]) {
            if (one.act === "stream") {
              const pieces = one.kind === "text" ? one.pieces : one.pieces.map((piece) => Buffer.from(piece));
              streams.push(ws.sendStream(one.kind, pieces, { compress: one.compress }));
            } else if (one.act === "send") {
              ws.send(one.message, { compress: one.compress });
            } else {
              broadcast([ws], one.message, { compress: one.compress });
            }
          }
          if (one.act === "stream") {
            // What is sent before a stream has begun goes before it.
            await Promise.all(streams);
            const whole = one.pieces.join("");
            sent.push(one.kind === "text" ? whole : Buffer.from(whole));
          } else {
            sent.push(one.message);
          }
        }
        const expected = sent.map(comparable);
        for (const ws of [server, client]) {
          const got: string[] = [];
          while (got.length < expected.length) {
            const message = await ws.receive();
            if (message === undefined) throw new Error(`it ended: ${JSON.stringify(await ws.closed)}`);
            got.push(comparable(message));
          }
          if (got.some((message, index) => message !== expected[index]))
            expect.fail("another conversation arrived");
        }
        void client.close();
        expect(await server.closed).toMatchObject({ clean: true });
      },
    ),
    { seed: 7692, numRuns: 25 },
  );
}, 60_000);
