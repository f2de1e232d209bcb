// toDuplex: a connection as a Node stream.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type Duplex, PassThrough, Readable, Transform } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { type AnyConnection, ConnectionClosedError, type Message, run, testPair, toDuplex } from "hawser";
import { describe, expect, test, vi } from "vitest";
import { pumpOf } from "../../src/connection/connection.ts";
import { filler } from "../support/bytes.ts";
import { masked } from "../support/frames.ts";
import { collect, deferred, endpoint, pairOf, stateOf, turns } from "./support.ts";

/** A stream whose error, at the latest that of the connection's end after the test, somebody hears. */
const streamOver: typeof toDuplex = (ws, options) => toDuplex(ws, options).on("error", () => undefined);

/** Everything that a stream says, by name. */
function eventsOf(stream: Duplex): string[] {
  const events: string[] = [];
  for (const name of ["end", "finish", "error", "close"]) stream.on(name, () => events.push(name));
  return events;
}

/** What a stream was destroyed with. */
async function failureOf(stream: Duplex): Promise<ConnectionClosedError> {
  const [error] = await once(stream, "error");
  expect(error).toBeInstanceOf(ConnectionClosedError);
  return error;
}

const textOf = (message: Message = "") => Buffer.from(message as string).toString();

const write = (stream: Duplex, chunk: unknown, encoding: BufferEncoding = "utf8") =>
  new Promise<Error | undefined>((resolve) => {
    stream.write(chunk, encoding, (error) => resolve(error ?? undefined));
  });

describe("writing", () => {
  test.each(["server", "client"] as const)("each chunk is a binary message, at the %s", async (role) => {
    const pair = pairOf();
    const [us, them] = role === "server" ? [pair.server, pair.client] : [pair.client, pair.server];
    const stream = streamOver(us);
    stream.write(new Uint8Array([1, 2]));
    stream.write("é");
    stream.write("ff00", "hex");
    stream.write("");
    expect([await them.receive(), await them.receive(), await them.receive(), await them.receive()]).toEqual([
      new Uint8Array([1, 2]),
      new Uint8Array([0xc3, 0xa9]),
      new Uint8Array([0xff, 0]),
      new Uint8Array([]),
    ]);
  });

  test("chunks that were corked keep their boundaries, and go out in one piece", async () => {
    const { ws, peer } = endpoint();
    const stream = streamOver(ws);
    stream.cork();
    for (const text of ["a", "b", "c"]) stream.write(text);
    await turns();
    expect(peer.chunks).toEqual([]);
    stream.uncork();
    await turns();
    expect(peer.frames.map(({ payload }) => payload.toString())).toEqual(["a", "b", "c"]);
    expect(peer.chunks).toHaveLength(1);
  });

  test('kind: "text" sends text, and cuts no character', async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server, { kind: "text" });
    stream.write("\uFEFFwhole");
    const [first, second] = [Buffer.from("a😀b").subarray(0, 3), Buffer.from("a😀b").subarray(3)];
    stream.write(first);
    stream.write(second.subarray(0, 1));
    stream.write(second.subarray(1));
    stream.write("");
    stream.end();
    expect(await collect(client)).toEqual(["\uFEFFwhole", "a", "😀b", ""]);
    await finished(stream.resume());
  });

  test.each([
    ["in a chunk", [0x61, 0xff]],
    ["at the end", [0x61, 0xc3]],
  ])('kind: "text" fails on what is not UTF-8, %s', async (_, bytes) => {
    const { server, client } = pairOf();
    const stream = streamOver(server, { kind: "text" });
    stream.end(new Uint8Array(bytes));
    await expect(finished(stream)).rejects.toThrow(TypeError);
    expect((await client.closed).code).toBe(1011);
  });

  test("objectMode: a string is text, bytes are binary, and nothing else is a message", async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server, { objectMode: true });
    stream.write("");
    stream.write("text");
    stream.write(new Uint8Array([1]));
    stream.write(new Uint16Array([0x0202]).buffer);
    stream.write({ no: "message" });
    await expect(finished(stream)).rejects.toThrow(/a message must be a string.* not an object/);
    const got: unknown[] = [];
    for (let message = await client.receive(); message !== undefined; message = await client.receive())
      got.push(message);
    expect(got).toEqual(["", "text", new Uint8Array([1]), new Uint8Array([2, 2])]);
    expect(await client.closed).toMatchObject({ code: 1011, reason: "internal error" });
    expect(await server.closed).toMatchObject({ cause: "fault", error: expect.any(TypeError) });
  });

  test("waits while more than limits.sendMark waits", async () => {
    const { server, client, toClient } = pairOf({ server: { limits: { sendMark: 1000 } } });
    const stream = streamOver(server);
    toClient.stall();
    const under = write(stream, filler(1000 - 4));
    await turns();
    expect(await stateOf(under)).toBe("resolved");
    const over = write(stream, filler(100));
    const behind = write(stream, filler(100));
    await turns();
    expect([await stateOf(over), await stateOf(behind)]).toEqual(["pending", "pending"]);
    // The one that passed the mark was sent, the one behind it was not.
    expect(server.bufferedAmount).toBe(1000 + 102);
    client.discard();
    toClient.unstall();
    expect([await over, await behind]).toEqual([undefined, undefined]);
  });

  test("memory stays bounded however fast a source is, and all of it arrives", async () => {
    const { server, client, toClient } = pairOf();
    const stream = streamOver(server);
    let made = 0;
    const source = new Readable({
      read() {
        made += 1;
        this.push(made > 1000 ? null : filler(10_000));
      },
    });
    toClient.stall();
    const done = pipeline(source, stream.resume());
    await turns(100);
    // limits.sendMark and one message; the buffers of both streams.
    expect(server.bufferedAmount).toBeLessThan(64 * 1024 + 2 * 10_010);
    expect(made).toBeLessThan(20);
    toClient.unstall();
    let received = 0;
    for await (const message of client) received += message.length;
    await done;
    expect(received).toBe(10_000_000);
  });

  test("a write to a connection that is closing fails with how it ended", async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server);
    const failure = failureOf(stream);
    void client.close(1000, "enough");
    void server.close(1000);
    const error = await write(stream, "too late");
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(await failure).toBe(error);
    expect((await failure).report.code).toBe(1000);
  });

  test("a write that waits when the connection is lost fails as well, and one before a normal end does not", async () => {
    for (const normal of [true, false]) {
      const { server, client, toClient } = pairOf({ server: { limits: { sendMark: 1 } } });
      const stream = streamOver(server);
      toClient.stall();
      const accepted = write(stream, "accepted");
      const refused = write(stream, "refused");
      if (normal) void client.close();
      else void client.terminate();
      await turns();
      toClient.unstall();
      expect(await refused).toBeInstanceOf(ConnectionClosedError);
      if (normal) expect(await accepted).toBeUndefined();
      else expect(await accepted).toBeInstanceOf(ConnectionClosedError);
    }
  });
});

describe("reading", () => {
  test("each message is a chunk of bytes, whatever its kind and however it is read", async () => {
    const read: Record<string, (stream: Duplex) => Promise<unknown[]>> = {
      iterator: (stream) => collect(stream),
      async data(stream) {
        const got: unknown[] = [];
        stream.on("data", (chunk) => got.push(chunk));
        await once(stream, "end");
        return got;
      },
      async readable(stream) {
        const got: unknown[] = [];
        stream.on("readable", () => {
          for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) got.push(chunk);
        });
        await once(stream, "end");
        return got;
      },
      pipe: (stream) => collect(stream.pipe(new PassThrough({ readableObjectMode: true }))),
      web: (stream) => collect<unknown>(Readable.toWeb(stream)).then((got) => got.map(asBuffer)),
    };
    for (const [name, reader] of Object.entries(read)) {
      const { server, client } = pairOf();
      const chunks = reader(streamOver(server));
      for (let count = 0; count < 20; count += 1) client.send(`é${count}`);
      client.send(new Uint8Array([0xff]));
      void client.close();
      const expected = [...Array.from({ length: 20 }, (_, count) => `é${count}`), Buffer.of(0xff)];
      expect(await chunks, name).toEqual(expected.map((chunk) => Buffer.from(chunk as string)));
    }
  });

  function asBuffer(chunk: unknown): unknown {
    return chunk instanceof Uint8Array ? Buffer.from(chunk) : chunk;
  }

  test("objectMode gives messages as they are, the empty ones too", async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server, { objectMode: true });
    const messages = ["", "text", new Uint8Array([]), new Uint8Array([1])];
    for (const message of messages) client.send(message);
    void client.close();
    expect(await collect(stream)).toEqual(messages);
  });

  test("setEncoding joins characters that messages cut", async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server).setEncoding("utf8");
    for (const byte of Buffer.from("a😀")) client.send(Buffer.of(byte));
    client.send("é");
    void client.close();
    const got = await collect<unknown>(stream);
    expect(got).toEqual(["a", "😀", "é"]);
  });

  test("finds what came before the stream was made", async () => {
    const { server, client } = pairOf();
    client.send("early");
    await client.close();
    expect(await server.closed).toMatchObject({ code: 1000 });
    expect((await collect(streamOver(server))).map(String)).toEqual(["early"]);
  });

  test("a slow reader holds the peer back", async () => {
    const limits = { inbox: 10_000, sendMark: 10_000 };
    const { server, client } = pairOf({ server: { limits }, client: { limits } });
    const stream = streamOver(server);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 1000; sent += 1) if (!client.send(filler(1000))) await client.drain();
      await client.close();
    })();
    await turns(200);
    // The inbox, the sender's mark, and one read of the transport.
    const most = sent;
    expect(most).toBeLessThan(120);
    expect(stream.readableLength).toBe(1000);
    await turns(200);
    expect(sent).toBe(most);
    let received = 0;
    for await (const chunk of stream) received += chunk.length;
    expect(received).toBe(1_000_000);
    await sending;
  });

  test("echoes as much as comes, with both ends as streams", async () => {
    // As `connect` has it: two ends that both wait for the other to read would do so for ever.
    const { server, client } = pairOf({ client: { coupled: false } });
    const echo = streamOver(server);
    const ours = streamOver(client);
    const echoing = pipeline(echo, new Transform({ transform: (chunk, _, done) => done(null, chunk) }), echo);
    const pieces = Array.from({ length: 200 }, (_, index) => filler(index * 50));
    let back = 0;
    const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
    ours.on("data", (chunk) => {
      back += chunk.length;
      if (back === total) ours.end();
    });
    for (const piece of pieces) if (!ours.write(piece)) await once(ours, "drain");
    await Promise.all([finished(ours), echoing]);
    expect(back).toBe(total);
  });

  test("a listener that throws is an uncaught exception, and disturbs nothing", async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server);
    const thrown = deferred<unknown>();
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException").once("uncaughtException", thrown.resolve);
    const got: string[] = [];
    const mistake = new Error("a mistake");
    stream.on("data", (chunk) => {
      got.push(String(chunk));
      if (got.length === 1) throw mistake;
    });
    await turns();
    client.send("one");
    client.send("two");
    try {
      expect(await thrown.promise).toBe(mistake);
    } finally {
      for (const listener of listeners) process.on("uncaughtException", listener);
    }
    await turns();
    expect(got).toEqual(["one", "two"]);
    expect(server.phase).toBe("open");
  });
});

describe("a normal end", () => {
  test("end() sends what was written, closes with 1000, and finishes with the closing handshake", async () => {
    const { server, client, toClient } = pairOf();
    const stream = streamOver(server).resume();
    const events = eventsOf(stream);
    toClient.stall();
    stream.write(filler(200_000));
    stream.end("last");
    await turns();
    expect(events).toEqual([]);
    toClient.unstall();
    expect((await collect(client)).map((message) => message.length)).toEqual([200_000, 4]);
    expect(await client.closed).toMatchObject({ code: 1000, clean: true, initiator: "peer" });
    await once(stream, "close");
    expect(events.toSorted()).toEqual(["close", "end", "finish"]);
    expect(events.at(-1)).toBe("close");
  });

  test("end() is content with a peer that ends the transport in place of a Close", async () => {
    const { ws, peer } = endpoint();
    const stream = streamOver(ws);
    const events = eventsOf(stream);
    stream.end("last");
    await turns();
    expect(peer.closes).toEqual([1000]);
    expect(events).toEqual([]);
    peer.transport.end();
    await once(stream, "close");
    expect(events.toSorted()).toEqual(["close", "end", "finish"]);
    expect((await ws.closed).cause).toBe("lost");
  });

  test("end() fails when the connection is reset behind it", async () => {
    const { ws, peer, out } = endpoint();
    const stream = streamOver(ws);
    const failure = failureOf(stream);
    stream.end("last");
    await turns();
    expect(peer.closes).toEqual([1000]);
    out.cut();
    expect((await failure).report).toMatchObject({ cause: "lost", phase: "closing" });
  });

  test("end() fails when the transport is gone before it took everything", async () => {
    const { ws, out } = endpoint();
    const stream = streamOver(ws);
    const failure = failureOf(stream);
    out.stall();
    stream.end(filler(50_000));
    await turns();
    expect(ws.phase).toBe("closing");
    // As a stream tells it that closes without a word of why.
    pumpOf(ws).lost(undefined);
    expect((await failure).report).toMatchObject({ cause: "lost", phase: "closing", error: undefined });
  });

  test("end() fails when nobody answers it", async () => {
    const { server, client, clock, toClient } = pairOf();
    const stream = streamOver(server).resume();
    const failure = failureOf(stream);
    toClient.stall();
    stream.end("?");
    await turns();
    clock.advance(5000);
    expect((await failure).report.cause).toBe("close-timeout");
    await client.terminate();
  });

  test("what came before end() can be read after it, what comes later is dropped", async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server);
    for (const text of ["one", "two", "three"]) client.send(text);
    await turns();
    stream.end();
    client.send("late");
    const report = await client.closed;
    expect(report).toMatchObject({ code: 1000, messages: { sent: 4 } });
    expect((await collect(stream)).map(String)).toEqual(["one", "two", "three"]);
    await turns();
    expect(stream.closed).toBe(true);
  });

  test.each([1000, 1001])(
    "the peer's Close with %d ends both sides, for who only writes too",
    async (code) => {
      const { server, client } = pairOf();
      const stream = streamOver(server);
      const events = eventsOf(stream);
      void client.close(code);
      await once(stream, "close");
      expect(events).toEqual(["end", "finish", "close"]);
    },
  );

  test("a Close without a code is a normal end", async () => {
    const { ws, peer } = endpoint();
    const stream = streamOver(ws).resume();
    const events = eventsOf(stream);
    await peer.send(masked.close());
    peer.transport.end();
    await once(stream, "close");
    expect(events).toEqual(["end", "finish", "close"]);
  });

  test("a pipeline into it knows when the peer closed too early", async () => {
    const { server, client } = pairOf();
    const source = new PassThrough();
    source.write("a beginning");
    const done = pipeline(source, streamOver(server));
    expect(textOf(await client.receive())).toBe("a beginning");
    void client.close();
    await expect(done).rejects.toThrow("Premature close");
  });

  test("a pipeline out of it is done when the peer has closed", async () => {
    const { server, client } = pairOf();
    const target = new PassThrough();
    const done = pipeline(streamOver(server), target);
    client.send("one");
    client.send("two");
    void client.close();
    await done;
    expect(String(target.read())).toBe("onetwo");
  });

  test("close() of the connection ends the stream", async () => {
    const { server } = pairOf();
    const stream = streamOver(server);
    const events = eventsOf(stream);
    void server.close();
    await once(stream, "close");
    expect(events).toEqual(["end", "finish", "close"]);
  });
});

describe("any other end", () => {
  test.each<[string, (ends: { server: AnyConnection; client: AnyConnection }) => unknown, object]>([
    ["a lost connection", ({ client }) => client.terminate(), { cause: "lost", code: 1006 }],
    ["a Close with another code", ({ client }) => client.close(4000, "no"), { cause: "close", code: 4000 }],
    ["terminate()", ({ server }) => server.terminate(), { cause: "terminated", code: 1006 }],
  ])("%s destroys the stream with its report", async (_, act, report) => {
    const ends = pairOf();
    const stream = streamOver(ends.server);
    const events = eventsOf(stream);
    const failure = failureOf(stream);
    void act(ends);
    expect((await failure).report).toMatchObject(report);
    await turns();
    expect(events).toEqual(["error", "close"]);
  });

  test("is told of as well when it is past", async () => {
    const { server, client } = pairOf();
    await client.terminate();
    await server.closed;
    expect((await failureOf(streamOver(server))).report.cause).toBe("lost");
  });

  test("comes after the messages before it, for a reader who takes his time", async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server);
    for (const text of ["one", "two", "three"]) client.send(text);
    void client.close(4000);
    await server.closed;
    const got: string[] = [];
    const reading = (async () => {
      for await (const chunk of stream) {
        got.push(String(chunk));
        await turns();
      }
    })();
    await expect(reading).rejects.toThrow(ConnectionClosedError);
    expect(got).toEqual(["one", "two", "three"]);
  });

  test("fails end(), also while messages wait to be read", async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server);
    client.send("unread");
    await turns();
    await client.terminate();
    await server.closed;
    expect(stream.destroyed).toBe(false);
    stream.end();
    expect((await failureOf(stream)).report.cause).toBe("lost");
  });

  test("rejects a pipeline out of it", async () => {
    const { server, client } = pairOf();
    const done = pipeline(streamOver(server), new PassThrough().resume());
    client.send("half");
    await turns();
    void client.terminate();
    await expect(done).rejects.toThrow(ConnectionClosedError);
  });
});

describe("destroy", () => {
  test("without an error terminates", async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server);
    const events = eventsOf(stream);
    stream.destroy();
    expect((await server.closed).cause).toBe("terminated");
    expect((await client.closed).code).toBe(1006);
    await turns();
    expect(events).toEqual(["close"]);
  });

  test("leaving a loop over the stream destroys it, as with any stream", async () => {
    const { server, client } = pairOf();
    client.send("one");
    client.send("two");
    for await (const chunk of streamOver(server)) {
      expect(String(chunk)).toBe("one");
      break;
    }
    expect((await server.closed).cause).toBe("terminated");
  });

  test("a loop that is told not to destroy the stream leaves the rest", async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server);
    client.send("one");
    client.send("two");
    void client.close();
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      expect(String(chunk)).toBe("one");
      break;
    }
    expect((await collect(stream)).map(String)).toEqual(["two"]);
    expect((await server.closed).code).toBe(1000);
  });

  test("an aborted pipeline terminates", async () => {
    const { server, client } = pairOf();
    const controller = new AbortController();
    const done = pipeline(new PassThrough(), streamOver(server), { signal: controller.signal });
    controller.abort();
    await expect(done).rejects.toThrow("aborted");
    expect((await server.closed).cause).toBe("terminated");
    expect((await client.closed).code).toBe(1006);
  });

  test("with an error sends what was written, and closes with 1011", async () => {
    const { server, client } = pairOf();
    const stream = streamOver(server);
    const events = eventsOf(stream);
    const error = new Error("the disk is full");
    stream.write("half");
    stream.destroy(error);
    expect(textOf(await client.receive())).toBe("half");
    expect(await client.closed).toMatchObject({ code: 1011, reason: "internal error" });
    expect(await server.closed).toMatchObject({ cause: "fault", error });
    expect(events).toEqual(["error", "close"]);
    expect(stream.errored).toBe(error);
  });

  test("drops what waits to be read, and what still comes", async () => {
    const { server, client, toClient } = pairOf({ server: { limits: { inbox: 1000 } } });
    const stream = streamOver(server).on("error", () => undefined);
    const push = vi.spyOn(stream, "push");
    for (let count = 0; count < 50; count += 1) client.send(filler(500));
    await turns();
    expect(push).toHaveBeenCalledTimes(1);
    toClient.stall();
    stream.destroy(new Error("enough"));
    client.send("more");
    await turns();
    expect(push).toHaveBeenCalledTimes(1);
    toClient.unstall();
    expect((await client.closed).code).toBe(1011);
    // Nor is any of it kept.
    await server.closed;
    expect(pumpOf(server).inbox.finished).toBe(true);
  });

  test("a source that fails, fails the peer's connection", async () => {
    const { server, client } = pairOf();
    const source = Readable.from(
      (function* () {
        yield "half";
        throw new Error("no more");
      })(),
    );
    await expect(pipeline(source, streamOver(server))).rejects.toThrow("no more");
    expect((await client.closed).code).toBe(1011);
  });
});

describe("the promise of a connection", () => {
  test("what was written waits for it, and goes out in order", async () => {
    const { server, client } = pairOf();
    const coming = deferred<AnyConnection>();
    const stream = streamOver(coming.promise).resume();
    stream.write("one");
    stream.write("two");
    stream.end("three");
    await turns();
    coming.resolve(server);
    expect((await collect(client)).map(textOf)).toEqual(["one", "two", "three"]);
    await finished(stream);
  });

  test("an end alone waits for it as well", async () => {
    const { server, client } = pairOf();
    const coming = deferred<AnyConnection>();
    const stream = streamOver(coming.promise).resume();
    stream.end();
    await turns();
    coming.resolve(server);
    expect((await client.closed).code).toBe(1000);
    await finished(stream);
  });

  test("who listens already gets what the connection has", async () => {
    const { server, client } = pairOf();
    client.send("early");
    await turns();
    const stream = streamOver(Promise.resolve(server));
    const [chunk] = await once(stream, "data");
    expect(String(chunk)).toBe("early");
  });

  test("what it rejects with destroys the stream", async () => {
    const refused = new Error("refused");
    const stream = streamOver(Promise.reject(refused));
    const events = eventsOf(stream);
    const writing = write(stream, "never");
    const [error] = await once(stream, "error");
    expect(error).toBe(refused);
    expect(await writing).toBe(refused);
    expect(await write(stream, "later")).toBeInstanceOf(Error);
    await turns();
    expect(events).toEqual(["error", "close"]);
  });

  test("what it rejects with may be anything", async () => {
    const coming = deferred<AnyConnection>();
    const failed = once(streamOver(coming.promise), "error");
    coming.reject("no");
    const [error] = await failed;
    expect(error).toBeInstanceOf(Error);
    expect(error.cause).toBe("no");
  });

  test("a stream that was destroyed meanwhile closes at once, and the connection ends with it", async () => {
    const { server, client } = pairOf();
    const coming = deferred<AnyConnection>();
    const stream = streamOver(coming.promise);
    const events = eventsOf(stream);
    const writing = write(stream, "never");
    stream.destroy();
    expect((await writing)?.message).toBe("the stream was destroyed before it had a connection");
    await turns();
    expect(events).toEqual(["close"]);
    coming.resolve(server);
    expect((await client.closed).code).toBe(1006);
    expect((await server.closed).cause).toBe("terminated");
  });

  test("a stream that was destroyed meanwhile does not hear of a rejection", async () => {
    const coming = deferred<AnyConnection>();
    const stream = streamOver(coming.promise);
    const events = eventsOf(stream);
    stream.destroy();
    coming.reject(new Error("refused"));
    await turns();
    expect(events).toEqual(["close"]);
  });

  test("what is no connection destroys the stream", async () => {
    const [error] = await once(streamOver(Promise.resolve(7 as never)), "error");
    expect(error).toEqual(new TypeError("toDuplex() takes a connection, not the number 7"));
  });
});

describe("mistakes", () => {
  test.each<[string, () => unknown, string]>([
    ["no connection", () => toDuplex({} as never), "toDuplex() takes a connection, not an object"],
    [
      "no option",
      () => toDuplex(testPair().server, { encoding: "utf8" } as never),
      'toDuplex() has no option "encoding"; there are kind, objectMode',
    ],
    [
      "no kind",
      () => toDuplex(testPair().server, { kind: "utf8" as never }),
      'kind must be one of binary, text, not the string "utf8"',
    ],
    [
      "no boolean",
      () => toDuplex(testPair().server, { objectMode: 1 as never }),
      "objectMode must be true or false, not the number 1",
    ],
    [
      "both",
      () => toDuplex(testPair().server, { objectMode: true, kind: "text" }),
      "kind and objectMode exclude each other: with objectMode each chunk says its kind",
    ],
  ])("%s", (_, act, message) => {
    expect(act).toThrow(new TypeError(message));
  });

  test("a connection has one who takes its messages", async () => {
    const { server, client } = pairOf();
    streamOver(server);
    expect(() => toDuplex(server)).toThrow("another handler takes the messages");
    void run(client, { message: () => undefined });
    expect(() => toDuplex(client)).toThrow("another handler takes the messages");
    const other = pairOf();
    other.server.messages();
    expect(() => toDuplex(other.server)).toThrow("messages() takes the messages of this connection");
  });
});
