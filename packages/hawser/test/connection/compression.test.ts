// Compressed connections in memory: messages of all sizes in order, options of one message, broadcast, backpressure, endings.
import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";
import { type AnyConnection, broadcast, type CompressionOptions, type Message, testPair } from "hawser";
import { describe, expect, it } from "vitest";
import { pumpOf } from "../../src/connection/connection.ts";
import { filler } from "../support/bytes.ts";
import { pairOf, turns } from "./support.ts";

const KiB = 1024;
const limits = { message: 64 * KiB * KiB, sendBuffer: 64 * KiB * KiB };

/** Both ends, with compression. */
function pair(compression: CompressionOptions | boolean = true) {
  return pairOf({ compression, server: { limits }, client: { limits } });
}

/** So many messages. */
async function take(ws: AnyConnection, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  while (messages.length < count) {
    const message = await ws.receive();
    if (message === undefined) throw new Error(`the connection ended: ${JSON.stringify(await ws.closed)}`);
    messages.push(message);
  }
  return messages;
}

function same(got: readonly Message[], sent: readonly Message[]): void {
  expect(got.length).toBe(sent.length);
  for (const [index, message] of sent.entries()) {
    const other = got[index]!;
    expect(typeof other).toBe(typeof message);
    if (Buffer.compare(Buffer.from(other as Uint8Array), Buffer.from(message as Uint8Array)) !== 0)
      expect.fail(`message ${index} is another`);
  }
}

const text = (size: number) =>
  "compressed text, 水, number 0123456789. ".repeat(size / 40 + 1).slice(0, size);

/** Text and binary of all sizes: below the threshold, done at once, done on the pool, and what does not compress. */
const conversation: readonly Message[] = [
  "",
  "short",
  text(1000),
  text(2000),
  filler(5000),
  text(100_000),
  "right behind",
  new Uint8Array(300_000),
  new Uint8Array(randomFillSync(Buffer.alloc(2000))),
  new Uint8Array(randomFillSync(Buffer.alloc(100_000))),
  text(1500),
  text(1_000_000),
  "last",
];

const settings: CompressionOptions[] = [
  {},
  { threshold: 0 },
  { contextTakeover: true },
  { contextTakeover: true, windowBits: 8, threshold: 0 },
  { contextTakeover: true, windowBits: 15, level: 9, memLevel: 9 },
  { windowBits: 15, level: 6, memLevel: 8 },
];

describe.each(settings)("with %j", (compression) => {
  it("messages arrive as they were sent, in order, both ways at once", async () => {
    const { server, client } = pair(compression);
    for (const message of conversation) {
      client.send(message);
      server.send(message);
    }
    const [atServer, atClient] = await Promise.all([
      take(server, conversation.length),
      take(client, conversation.length),
    ]);
    same(atServer, conversation);
    same(atClient, conversation);
  });

  it("messages in pieces too, with others between them", async () => {
    const { server, client } = pair(compression);
    const pieces = [text(3000), "", "水", text(50_000), text(20)];
    async function* source() {
      for (const piece of pieces) {
        yield piece;
        if (piece === "水") client.send("behind");
      }
    }
    await client.sendStream("text", source());
    client.send(text(5000));
    await client.sendStream("binary", [filler(100), filler(40_000)], { compress: false });
    await client.sendStream("binary", []);
    same(await take(server, 5), [
      pieces.join(""),
      "behind",
      text(5000),
      Buffer.concat([filler(100), filler(40_000)]),
      new Uint8Array(0),
    ]);
  });
});

/** What travels: how large what was sent is on the wire. */
async function onTheWire(ws: AnyConnection, other: AnyConnection, send: () => unknown): Promise<number> {
  const report = ws.closed;
  send();
  await take(other, 1);
  void ws.close();
  return (await report).bytes.sent;
}

describe("one message", () => {
  it("is compressed, unless it is not to be", async () => {
    const message = text(10_000);
    const compressed = pair();
    expect(
      await onTheWire(compressed.client, compressed.server, () => compressed.client.send(message)),
    ).toBeLessThan(700);
    const plain = pair();
    const send = () => plain.client.send(message, { compress: false });
    expect(await onTheWire(plain.client, plain.server, send)).toBeGreaterThan(10_000);
    const streamed = pair();
    const stream = () => streamed.client.sendStream("text", [message], { compress: false });
    expect(await onTheWire(streamed.client, streamed.server, stream)).toBeGreaterThan(10_000);
    const cast = pair();
    const broadcastPlain = () => broadcast([cast.server], message, { compress: false });
    expect(await onTheWire(cast.server, cast.client, broadcastPlain)).toBeGreaterThan(10_000);
  });

  it("has no options but that", () => {
    const { client } = pair();
    const wrong = (options: unknown) => () => Reflect.apply(client.send, client, ["", options]);
    expect(wrong({ compres: false })).toThrow('send() has no option "compres"; there are compress');
    expect(wrong({ compress: 1 })).toThrow(new TypeError("compress must be true or false, not the number 1"));
    expect(wrong(null)).toThrow(TypeError);
    const cast = () => Reflect.apply(broadcast, undefined, [[client], "", { compress: "no" }]);
    expect(cast).toThrow(new TypeError('compress must be true or false, not the string "no"'));
  });

  it("in pieces has none but that either", async () => {
    const { client } = pair();
    const stream = Reflect.apply(client.sendStream, client, ["text", [], { level: 1 }]) as Promise<boolean>;
    await expect(stream).rejects.toThrow('sendStream() has no option "level"; there are compress');
  });
});

it("says whether it can, and what was agreed on", () => {
  expect(testPair().server.can.compression).toBe(false);
  const { server, client } = pair({ contextTakeover: true });
  for (const ws of [server, client]) {
    expect(ws.can.compression).toBe(true);
    expect(ws.response.headers.get("sec-websocket-extensions")).toBe(
      "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
    );
  }
});

describe("broadcast", () => {
  it.each([4000, 20_000])("takes %d bytes as they are at the call, for the window too", async (size) => {
    const { server, client } = pair({ contextTakeover: true, windowBits: 15 });
    const before = new Uint8Array(30_000).fill(1);
    const bytes = filler(size);
    const after = new Uint8Array(size).fill(7);
    // Behind this one the shared frame has to wait.
    server.send(before);
    const given = new Uint8Array(bytes);
    broadcast([server], given);
    given.fill(7);
    const shared = await take(client, 2);
    same(shared, [before, bytes]);
    server.send(after);
    same(await take(client, 1), [after]);
  });

  it.each([2000, 200_000])(
    "of %i bytes compresses once for all that agreed on the same, and keeps every order",
    async (size) => {
      const message = text(size);
      const pairs = [
        ...Array.from({ length: 4 }, () => pair()),
        pair({ contextTakeover: true }),
        pair({ windowBits: 10 }),
        pair(false),
      ];
      const servers = pairs.map(({ server }) => server);
      expect(new Set(servers.map((ws) => pumpOf(ws).wire.sharing)).size).toBe(3);
      for (const ws of servers) ws.send(text(1200));
      expect(broadcast(servers, message)).toBe(servers.length);
      for (const ws of servers) ws.send(text(1300));
      for (const { client } of pairs) same(await take(client, 3), [text(1200), message, text(1300)]);
    },
  );

  it("reaches clients of ours too, each for itself", async () => {
    const { server, client } = pair();
    expect(broadcast([client], text(5000))).toBe(1);
    same(await take(server, 1), [text(5000)]);
  });

  it("goes on though the first of the connections has gone", async () => {
    const [one, other] = [pair(), pair()];
    broadcast([one.server, other.server], text(200_000));
    void one.server.terminate();
    same(await take(other.client, 1), [text(200_000)]);
  });
});

describe("backpressure", () => {
  it("what waits to be compressed counts, and drain waits for it", async () => {
    const { server, client } = pairOf({
      compression: true,
      client: { limits: { ...limits, sendMark: 100_000 } },
      server: { limits },
    });
    expect(client.send(text(90_000))).toBe(true);
    expect(client.send(text(20_000))).toBe(false);
    expect(client.bufferedAmount).toBeGreaterThanOrEqual(110_000);
    expect(await client.drain()).toBe(true);
    expect(client.bufferedAmount).toBeLessThan(100_000);
    same(await take(server, 2), [text(90_000), text(20_000)]);
  });

  it("a stream of large pieces waits for them to be compressed", async () => {
    const { server, client } = pairOf({
      compression: true,
      client: { limits: { sendMark: 64 * KiB, sendBuffer: 256 * KiB } },
      server: { limits },
    });
    const pieces = Array.from({ length: 40 }, () => text(40_000));
    expect(await client.sendStream("text", pieces)).toBe(true);
    same(await take(server, 1), [pieces.join("")]);
  });

  it("more than limits.sendBuffer waiting ends the connection with 1008", async () => {
    const { client } = pairOf({ compression: true, client: { limits: { sendBuffer: 100_000 } } });
    client.send(text(90_000));
    client.send(text(20_000));
    client.send("one too many");
    expect(await client.closed).toMatchObject({ cause: "limit", limit: "limits.sendBuffer" });
  });

  it("a coupled consumer of large messages gets the next when its answer has gone out", async () => {
    const { server, client } = pairOf({ compression: true, server: { limits }, client: { limits } });
    const echo = (async () => {
      for await (const message of server) server.send(message);
    })();
    const messages = Array.from({ length: 10 }, (_, index) => `${index} ${text(200_000)}`);
    for (const message of messages) client.send(message);
    same(await take(client, 10), messages);
    void client.close();
    await echo;
  });
});

describe("endings", () => {
  it("a Close goes out behind what is being compressed, at either end", async () => {
    for (const end of ["server", "client"] as const) {
      const ends = pair();
      const [ws, other] = end === "server" ? [ends.server, ends.client] : [ends.client, ends.server];
      ws.send(text(200_000));
      ws.send("last");
      void ws.close(1000, "done");
      expect(ws.send("never")).toBe(false);
      same(await take(other, 2), [text(200_000), "last"]);
      expect(await ws.closed).toMatchObject({ code: 1000, clean: true, unsent: { messages: 1, bytes: 0 } });
      expect(await other.closed).toMatchObject({ code: 1000, clean: true });
    }
  });

  it("the answer to a Close waits as well", async () => {
    const { server, client } = pair();
    server.send(text(200_000));
    void client.close(1000);
    expect(await server.closed).toMatchObject({ code: 1000, clean: true });
    expect(await client.closed).toMatchObject({ code: 1000, clean: true });
  });

  it("Z19: terminate drops what is being inflated and compressed: nobody is called, and it is on the books", async () => {
    const { server, client } = pair();
    client.send(text(300_000));
    await turns(2);
    server.send(text(100_000));
    const report = await server.terminate();
    expect(report).toMatchObject({ cause: "terminated", messages: { received: 0 } });
    expect(report.unsent.bytes).toBeGreaterThanOrEqual(100_000);
    await turns(20);
    expect(await server.receive()).toBeUndefined();
  });

  it("a large message and a Close right before the end of the transport are not lost", async () => {
    const { server, client } = pair();
    client.send(text(300_000));
    void client.close(1000);
    same(await take(server, 1), [text(300_000)]);
    expect(await server.closed).toMatchObject({ code: 1000 });
  });
});
