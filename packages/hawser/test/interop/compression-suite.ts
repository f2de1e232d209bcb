// What every peer is put to where messages are compressed: a conversation under each set of parameters, and what was agreed on.
import { Buffer } from "node:buffer";
import { type CompressionOptions, type Connection, type Message, serve } from "hawser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filler } from "../support/bytes.ts";
import { Mailbox } from "../support/mailbox.ts";
import type { DeflateOffer, Peer, PeerKind, PeerSocket } from "./peer.ts";

const text = (size: number) => 'compressed, {"é":"水"}, 0123456789. '.repeat(size / 32 + 1).slice(0, size);

/** Small and large, text and binary, what compresses and what does not, and the same again. */
export const conversation: readonly Message[] = [
  "",
  "short",
  text(500),
  text(500),
  text(2000),
  filler(3000),
  filler(3000),
  text(60_000),
  new Uint8Array(200_000),
  Uint8Array.from({ length: 5000 }, (_, index) => Math.imul(index * index + 7, 2_654_435_761) >>> 24),
  text(501),
];

/** Equal kinds and equal contents. */
export function expectSame(actual: Message | undefined, expected: Message): void {
  expect(typeof actual).toBe(typeof expected);
  const same =
    typeof expected === "string" ? actual === expected : Buffer.from(expected).equals(actual as Buffer);
  if (!same) throw new Error(`the message of ${expected.length} came back another one`);
}

/** What our end is told. */
export const ourOptions: readonly CompressionOptions[] = [
  {},
  { threshold: 0 },
  { threshold: 0, contextTakeover: true },
  { threshold: 0, contextTakeover: true, windowBits: 9 },
  { threshold: 0, contextTakeover: true, windowBits: 15, level: 9, memLevel: 9 },
];

const bits = [9, 12, 15];

/** What peers offer that can be told: all combinations of context, and of windows. (To ws `false` would mean: never.) */
export const offers: readonly DeflateOffer[] = [
  {},
  { serverNoContextTakeover: true },
  { clientNoContextTakeover: true },
  { serverNoContextTakeover: true, clientNoContextTakeover: true },
  ...bits.flatMap((serverMaxWindowBits) =>
    [true as const, ...bits].map((clientMaxWindowBits) => ({ serverMaxWindowBits, clientMaxWindowBits })),
  ),
];

/** The suite of one kind of peer at our server. */
export function describeCompressedPeer(kind: PeerKind, told: readonly DeflateOffer[]): void {
  const where = kind.isThere ? kind.name : `${kind.name} (missing; ${kind.install})`;
  describe.skipIf(!kind.isThere)(where, () => {
    let peer: Peer;
    beforeAll(async () => {
      peer = await kind.start();
    });
    afterAll(() => peer?.stop());

    describe.each(ourOptions)("at a server with %j", (compression) => {
      const arrivals = new Mailbox<Connection<Message>>();
      let server: Awaited<ReturnType<typeof serve>>;
      beforeAll(async () => {
        server = await serve(
          { port: 0, host: "127.0.0.1", origins: "any", compression },
          async (ws: Connection<Message>) => {
            arrivals.put(ws);
            await ws.closed;
          },
        );
      });
      afterAll(() => server.close({ deadline: 1000 }));

      const talk = async (deflate: DeflateOffer | undefined) => {
        const [socket, ws] = await Promise.all([
          peer.connect(`${server.url}/`, { deflate }),
          arrivals.take(),
        ]);
        expect(ws.can.compression).toBe(true);
        await converse(socket, ws);
        await socket.close(1000, "done");
        expect(await ws.closed).toMatchObject({ code: 1000, clean: true });
      };

      test("what it always offers", () => talk(undefined));

      if (told.length > 0) {
        test("everything it can be told to offer", async () => {
          for (const offer of told) await talk(offer);
        });
      }
    });
  });

  async function converse(socket: PeerSocket, ws: Connection<Message>): Promise<void> {
    for (const message of conversation) {
      await socket.send(message);
      expectSame(await ws.receive(), message);
      ws.send(message);
      expectSame(await socket.receive(), message);
    }
    // Many at once.
    for (const message of conversation) ws.send(message);
    for (const message of conversation) expectSame(await socket.receive(), message);
    const pieces = [text(1000), "", "水", text(30_000)];
    await ws.sendStream("text", pieces);
    expectSame(await socket.receive(), pieces.join(""));
    ws.send(text(3000), { compress: false });
    expectSame(await socket.receive(), text(3000));
    if (!kind.can.fragments) return;
    await socket.sendFragments(pieces);
    expectSame(await ws.receive(), pieces.join(""));
  }
}
