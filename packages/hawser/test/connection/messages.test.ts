// messages(): each message as a stream of its pieces.
import { Buffer } from "node:buffer";
import { ConnectionClosedError, type MessageStream } from "hawser";
import { describe, expect, test } from "vitest";
import { filler } from "../support/bytes.ts";
import { masked } from "../support/frames.ts";
import { collect, endpoint, pairOf, stateOf, turns } from "./support.ts";

async function first(streams: AsyncIterable<MessageStream>): Promise<MessageStream> {
  for await (const stream of streams) return stream;
  throw new Error("no message came");
}

const emoji = "a😀é漢";

describe("pieces", () => {
  test("come as their bytes do, before the message has ended", async () => {
    const { ws, peer } = endpoint();
    const streams = ws.messages()[Symbol.asyncIterator]();
    const next = streams.next();
    await peer.send(masked.binary(new Uint8Array([1, 2]), { fin: false }));
    const stream: MessageStream = (await next).value;
    expect(stream.kind).toBe("binary");
    const pieces = stream[Symbol.asyncIterator]();
    expect((await pieces.next()).value).toEqual(new Uint8Array([1, 2]));
    const later = pieces.next();
    expect(await stateOf(later)).toBe("pending");
    await peer.send(masked.more(new Uint8Array([3])));
    expect((await later).value).toEqual(new Uint8Array([3]));
    await peer.send(masked.last(new Uint8Array([])));
    expect((await pieces.next()).done).toBe(true);
    expect((await pieces.next()).done).toBe(true);
  });

  test("of text are strings, never cut inside a character, whatever the split", async () => {
    for (let size = 1; size < 9; size += 1) {
      const { ws, peer, back } = endpoint();
      back.split = size;
      const streams = ws.messages();
      await peer.send(masked.text(emoji));
      await turns(20);
      const stream = await first(streams);
      expect(stream.kind).toBe("text");
      const pieces = await collect(stream);
      expect(pieces.join("")).toBe(emoji);
      for (const piece of pieces) expect(Buffer.from(String(piece)).toString()).toBe(piece);
    }
  });

  test("a byte order mark is kept", async () => {
    const { server, client } = pairOf();
    const streams = server.messages();
    client.send("\uFEFFx");
    expect(await collect(await first(streams))).toEqual(["\uFEFFx"]);
  });

  test("an empty message is a stream without pieces", async () => {
    const { server, client } = pairOf();
    const streams = server.messages();
    client.send("");
    client.send(new Uint8Array(0));
    const got: unknown[] = [];
    void client.close();
    for await (const stream of streams) got.push([stream.kind, await collect(stream)]);
    expect(got).toEqual([
      ["text", []],
      ["binary", []],
    ]);
  });
});

describe("text() and bytes()", () => {
  test("give the whole", async () => {
    const { ws, peer, back } = endpoint();
    back.split = 3;
    const streams = ws.messages();
    await peer.send(masked.text(emoji), masked.text(emoji), masked.binary(filler(10)));
    await peer.send(masked.binary(Buffer.from(emoji)), masked.binary(new Uint8Array([0xff])));
    await turns(60);
    expect(await (await first(streams)).text()).toBe(emoji);
    expect(await (await first(streams)).bytes()).toEqual(new Uint8Array(Buffer.from(emoji)));
    expect(await (await first(streams)).bytes()).toEqual(new Uint8Array(filler(10)));
    expect(await (await first(streams)).text()).toBe(emoji);
    expect(await (await first(streams)).text()).toBe("�");
  });

  test("give what was not read yet, with no character cut", async () => {
    const { ws, peer, back } = endpoint();
    back.split = 9;
    const streams = ws.messages();
    // 6 bytes of header and key, then "a" and half of the emoji.
    await peer.send(masked.text(emoji));
    await turns(8);
    const stream = await first(streams);
    for await (const piece of stream) {
      expect(piece).toBe("a");
      break;
    }
    expect(await stream.text()).toBe("😀é漢");
    expect(await stream.text()).toBe("");
  });
});

describe("from one message to the next", () => {
  test("what was not read is skipped", async () => {
    const { server, client } = pairOf({ toServer: { split: 100 } });
    const streams = server.messages();
    client.send(filler(1000));
    client.send("second");
    client.send(filler(1000));
    void client.close();
    const got: string[] = [];
    for await (const stream of streams) {
      if (stream.kind === "text") got.push(await stream.text());
      else for await (const _ of stream) break;
    }
    expect(got).toEqual(["second"]);
  });

  test("skip() reads to the end", async () => {
    const { ws, peer } = endpoint();
    const streams = ws.messages();
    await peer.send(masked.text("a", { fin: false }));
    const stream = await first(streams);
    const skipped = stream.skip();
    expect(await stateOf(skipped)).toBe("pending");
    await peer.send(masked.last("b"));
    await skipped;
  });

  test("leaving inside a message does not make its rest a message", async () => {
    const { ws, peer } = endpoint();
    const streams = ws.messages();
    await peer.send(masked.text("1", { fin: false }));
    for await (const stream of streams) {
      expect(stream.kind).toBe("text");
      break;
    }
    await peer.send(masked.more("2"), masked.last("3"), masked.text("next"));
    expect(await (await first(ws.messages())).text()).toBe("next");
  });

  test("whole messages that came before streaming are streams of one piece", async () => {
    const { server, client } = pairOf();
    client.send("before");
    client.send(new Uint8Array([7]));
    await turns();
    const streams = server.messages();
    client.send("after");
    void client.close();
    const got: unknown[] = [];
    for await (const stream of streams) got.push(await collect(stream));
    expect(got).toEqual([["before"], [new Uint8Array([7])], ["after"]]);
  });

  test("a message that began before messages() comes whole", async () => {
    const { ws, peer } = endpoint();
    await peer.send(masked.text("be", { fin: false }));
    const streams = ws.messages();
    await peer.send(masked.last("gun"));
    expect(await collect(await first(streams))).toEqual(["begun"]);
  });
});

describe("ends", () => {
  test("a message larger than limits.inbox streams through, the socket paused while nobody reads", async () => {
    const { server, client, toServer } = pairOf({ server: { limits: { inbox: 1000 } } });
    const streams = server.messages();
    toServer.split = 500;
    client.send(filler(50_000));
    await turns(150);
    expect(toServer.delivered).toBeLessThan(2000);
    const whole = first(streams).then((stream) => stream.bytes());
    await turns(300);
    expect(await whole).toEqual(new Uint8Array(filler(50_000)));
  });

  test("limits.message holds for streams too", async () => {
    const { server, client } = pairOf({ server: { limits: { message: 1000 } } });
    const streams = server.messages();
    client.send(filler(1001));
    await expect(first(streams)).rejects.toBeInstanceOf(ConnectionClosedError);
    expect(await server.closed).toMatchObject({ code: 1009, limit: "limits.message" });
  });

  test.each([
    ["lost", (peer: { transport: { end(): void } }) => peer.transport.end(), 1006],
    [
      "closed normally",
      (peer: { transport: { write(bytes: Uint8Array): void; end(): void } }) => {
        peer.transport.write(masked.close(1000));
        peer.transport.end();
      },
      1000,
    ],
  ])("a connection %s in the middle of a message throws there", async (_, end, code) => {
    for (const read of ["text", "bytes", "skip"] as const) {
      const { ws, peer } = endpoint();
      const streams = ws.messages();
      await peer.send(masked.text("half", { fin: false }));
      const stream = await first(streams);
      const reading = stream[read]();
      end(peer);
      await expect(reading).rejects.toMatchObject({ report: { code } });
      await expect(reading).rejects.toBeInstanceOf(ConnectionClosedError);
    }
  });

  test("our own close in the middle of a message throws there too", async () => {
    const { ws, peer } = endpoint();
    const streams = ws.messages();
    await peer.send(masked.text("half", { fin: false }));
    const reading = collect(await first(streams));
    void ws.close(1000);
    await peer.send(masked.last("!"), masked.close(1000));
    peer.transport.end();
    await expect(reading).rejects.toMatchObject({ report: { code: 1000, clean: true } });
  });

  test("after a normal end between messages the streams end; after another they throw", async () => {
    const normal = pairOf();
    const ended = collect(normal.server.messages());
    void normal.client.close(1001);
    expect(await ended).toEqual([]);
    const other = pairOf();
    const thrown = collect(other.server.messages());
    void other.client.close(3000);
    await expect(thrown).rejects.toMatchObject({ report: { code: 3000 } });
  });
});

test("what nobody awaits yet is no unhandled rejection when the peer goes", async () => {
  const waits = [
    (stream: MessageStream) => stream[Symbol.asyncIterator]().next(),
    (stream: MessageStream) => stream.text(),
    (stream: MessageStream) => stream.bytes(),
    (stream: MessageStream) => stream.skip(),
  ];
  for (const wait of waits) {
    const { ws, peer } = endpoint();
    const streams = ws.messages();
    await peer.send(masked.binary(new Uint8Array(0), { fin: false }), masked.more("a"));
    const stream = await first(streams);
    await stream[Symbol.asyncIterator]().next();
    const waiting = wait(stream);
    peer.transport.destroy();
    // An unhandled rejection would fail this run.
    await turns();
    await expect(waiting).rejects.toThrow(ConnectionClosedError);
  }
  const { ws, peer } = endpoint();
  const next = ws.messages()[Symbol.asyncIterator]().next();
  peer.transport.destroy();
  await turns();
  await expect(next).rejects.toThrow(ConnectionClosedError);
});
