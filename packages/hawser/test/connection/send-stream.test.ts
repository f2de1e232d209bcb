// sendStream: one message in fragments, as fast as the peer takes it.
import { Buffer } from "node:buffer";
import { getEventListeners } from "node:events";
import { run } from "hawser";
import { Opcode } from "hawser/wire";
import { describe, expect, test } from "vitest";
import type { Sendable } from "../../src/connection/bytes.ts";
import { filler } from "../support/bytes.ts";
import { masked } from "../support/frames.ts";
import { deferred, endpoint, pairOf, stateOf, turns } from "./support.ts";

/** Pieces that a test hands out one by one. */
class Source implements AsyncIterable<Sendable> {
  asked = 0;
  returned = 0;
  #given = 0;
  readonly #results: ReturnType<typeof deferred<IteratorResult<Sendable>>>[] = [];

  async give(piece: Sendable): Promise<void> {
    this.#result(this.#given++).resolve({ done: false, value: piece });
    await turns(2);
  }

  async finish(): Promise<void> {
    this.#result(this.#given++).resolve({ done: true, value: undefined });
    await turns(2);
  }

  async fail(error: unknown): Promise<void> {
    this.#result(this.#given++).reject(error);
    await turns(2);
  }

  [Symbol.asyncIterator](): AsyncIterator<Sendable> {
    return {
      next: () => this.#result(this.asked++).promise,
      return: () => {
        this.returned += 1;
        return new Promise(() => undefined);
      },
    };
  }

  #result(index: number) {
    this.#results[index] ??= deferred<IteratorResult<Sendable>>();
    return this.#results[index];
  }
}

describe("the message", () => {
  test("is one message to the peer, of text or bytes, from any iterable", async () => {
    const { server, client } = pairOf();
    expect(await server.sendStream("text", ["a", "", "b"])).toBe(true);
    expect(await client.receive()).toBe("ab");
    const bytes = [new Uint8Array([1]), Buffer.from([2]), new Uint8Array([3, 4]).buffer, new Uint8Array(0)];
    expect(await client.sendStream("binary", bytes)).toBe(true);
    expect(await server.receive()).toEqual(new Uint8Array([1, 2, 3, 4]));
    async function* later() {
      yield "x";
      await turns(1);
      yield "y";
    }
    expect(await server.sendStream("text", later())).toBe(true);
    expect(await client.receive()).toBe("xy");
    expect(await server.sendStream("text", "abc")).toBe(true);
    expect(await client.receive()).toBe("abc");
  });

  test("of no pieces is empty", async () => {
    const { server, client } = pairOf();
    expect(await server.sendStream("text", [])).toBe(true);
    expect(await server.sendStream("binary", [new Uint8Array(0)])).toBe(true);
    expect(await client.receive()).toBe("");
    expect(await client.receive()).toEqual(new Uint8Array(0));
  });

  test("goes out as fragments: each piece at once, the end by itself", async () => {
    const { ws, peer } = endpoint();
    const source = new Source();
    const sent = ws.sendStream("text", source);
    await source.give("a");
    await source.give("b");
    expect(peer.frames).toMatchObject([
      { opcode: Opcode.text, fin: false, payload: Buffer.from("a") },
      { opcode: Opcode.continuation, fin: false, payload: Buffer.from("b") },
    ]);
    expect(await stateOf(sent)).toBe("pending");
    await source.finish();
    expect(await sent).toBe(true);
    expect(peer.frames.slice(2)).toMatchObject([{ opcode: Opcode.continuation, fin: true }]);
    expect(source.returned).toBe(0);
  });

  test("surrogates may be cut between pieces", async () => {
    const { ws, peer } = endpoint();
    const [high = "", low = ""] = "😀".split("");
    expect(await ws.sendStream("text", [`a${high}`, `${low}b`, high, low, high])).toBe(true);
    await turns();
    const frames = peer.frames.map(({ payload }) => payload);
    expect(Buffer.concat(frames).toString()).toBe("a😀b😀\uFFFD");
    // No fragment but the last ends inside a character.
    for (const payload of frames.slice(0, -1)) expect(payload.toString()).not.toContain("\uFFFD");
  });

  test("leaves nothing behind on the connection's signal", async () => {
    const { server } = pairOf();
    await server.sendStream("text", ["a", "b", "c"]);
    expect(getEventListeners(server.signal, "abort")).toHaveLength(0);
  });

  test("counts as one", async () => {
    const { server, client } = pairOf();
    await server.sendStream("text", ["a", "b", "c"]);
    await turns();
    void server.close();
    expect((await server.closed).messages.sent).toBe(1);
    expect((await client.closed).messages.received).toBe(1);
  });
});

describe("what else is sent meanwhile", () => {
  test("waits behind it, in order; pings and pongs do not", async () => {
    const { ws, peer } = endpoint();
    const source = new Source();
    const sent = ws.sendStream("text", source);
    await source.give("one ");
    expect(ws.send("two")).toBe(true);
    expect(ws.send(new Uint8Array([3]))).toBe(true);
    void ws.ping("p");
    await peer.send(masked.ping("q"));
    // With their headers.
    expect(ws.bufferedAmount).toBe(8);
    await source.give("more");
    await source.finish();
    await sent;
    await turns();
    expect(peer.frames.map(({ opcode, payload }) => [opcode, String(payload)])).toEqual([
      [Opcode.text, "one "],
      [Opcode.ping, "p"],
      [Opcode.pong, "q"],
      [Opcode.continuation, "more"],
      [Opcode.continuation, ""],
      [Opcode.text, "two"],
      [Opcode.binary, "\u0003"],
    ]);
  });

  test("another stream begins when the first is done", async () => {
    const { server, client } = pairOf();
    const [first, second] = [new Source(), new Source()];
    const sent = [server.sendStream("text", first), server.sendStream("text", second)];
    await first.give("1");
    expect(second.asked).toBe(0);
    await first.finish();
    await second.give("2");
    await second.finish();
    expect(await Promise.all(sent)).toEqual([true, true]);
    expect([await client.receive(), await client.receive()]).toEqual(["1", "2"]);
  });

  test("does not hold the stream up, however much of it waits", async () => {
    const { server, client } = pairOf({ server: { limits: { sendMark: 100 } } });
    const source = new Source();
    const sent = server.sendStream("text", source);
    await source.give("a");
    expect(server.send(filler(200))).toBe(false);
    const drained = server.drain();
    await source.give("b");
    await source.give("c");
    expect(await stateOf(drained)).toBe("pending");
    await source.finish();
    expect(await sent).toBe(true);
    expect(await drained).toBe(true);
    expect(await client.receive()).toBe("abc");
    expect(await client.receive()).toEqual(new Uint8Array(filler(200)));
  });

  test("holds back nothing that is received: the pieces of the stream may be made of that", async () => {
    const { server, client } = pairOf({ server: { limits: { sendMark: 100 } } });
    const source = new Source();
    const sent = server.sendStream("text", source);
    await source.give("a");
    expect(server.send(filler(200))).toBe(false);
    client.send("next");
    expect(await server.receive()).toBe("next");
    await source.finish();
    expect(await sent).toBe(true);
  });

  test("an echo of streams goes on, however much else is sent meanwhile", async () => {
    const { server, client } = pairOf({ server: { limits: { sendMark: 100 } } });
    void run(server, async (ws) => {
      for await (const message of ws.messages()) await ws.sendStream(message.kind, message);
    });
    const source = new Source();
    const asked = client.sendStream("text", source);
    await source.give("one ");
    await turns();
    for (let count = 0; count < 5; count += 1) server.send(filler(200));
    await source.give("two");
    await source.finish();
    expect(await asked).toBe(true);
    expect(await client.receive()).toBe("one two");
    for (let count = 0; count < 5; count += 1)
      expect(await client.receive()).toEqual(Uint8Array.from(filler(200)));
  });

  test("counts as waiting, though the transport has drained", async () => {
    const { server, toClient } = pairOf({ server: { limits: { sendMark: 100 } } });
    toClient.stall();
    const source = new Source();
    const sent = server.sendStream("text", source);
    await source.give("x".repeat(1000));
    server.send(filler(200));
    const drained = server.drain();
    toClient.unstall();
    await turns();
    expect(source.asked).toBe(2);
    expect(await stateOf(drained)).toBe("pending");
    await source.finish();
    expect(await sent).toBe(true);
    expect(await drained).toBe(true);
  });

  test("is counted as unsent when the connection closes before the stream is done", async () => {
    const { ws } = endpoint({ limits: { sendMark: 100 } });
    const source = new Source();
    void ws.sendStream("text", source);
    await source.give("a");
    ws.send(filler(200));
    void ws.close();
    await turns();
    expect(ws.phase).toBe("closing");
    expect((await ws.terminate()).unsent.bytes).toBe(204);
  });

  test("is held to limits.sendBuffer", async () => {
    const { server, client } = pairOf({ server: { limits: { sendBuffer: 1000 } } });
    const source = new Source();
    const sent = server.sendStream("text", source);
    await source.give("a");
    server.send(filler(2000));
    expect(server.send("x")).toBe(false);
    expect(await sent).toBe(false);
    expect((await client.closed).code).toBe(1008);
    const report = await server.closed;
    expect(report).toMatchObject({ code: 1008, limit: "limits.sendBuffer" });
    // What had waited behind the stream never went out; nor did the rest of the stream, and the message too many.
    expect(report.unsent).toEqual({ messages: 2, bytes: 2004 });
  });
});

describe("backpressure", () => {
  test("the next piece is asked for when the transport has room", async () => {
    const { server, client, toClient } = pairOf({ server: { limits: { sendMark: 1000 } } });
    toClient.stall();
    const source = new Source();
    const sent = server.sendStream("binary", source);
    await source.give(filler(500));
    expect(source.asked).toBe(2);
    await source.give(filler(600));
    await turns();
    expect(source.asked).toBe(2);
    toClient.unstall();
    await turns();
    expect(source.asked).toBe(3);
    await source.finish();
    expect(await sent).toBe(true);
    expect(await client.receive()).toHaveLength(1100);
  });
});

describe("what goes wrong", () => {
  test("pieces that throw end the connection with 1011 and reject", async () => {
    const { server, client } = pairOf();
    const error = new Error("the disk is gone");
    const source = new Source();
    const sent = server.sendStream("text", source);
    await source.give("half");
    const rejected = expect(sent).rejects.toBe(error);
    await source.fail(error);
    await rejected;
    expect(await server.closed).toMatchObject({ code: 1011, cause: "fault", error, initiator: "local" });
    expect(await client.closed).toMatchObject({ code: 1011, reason: "a message broke off" });
    expect(source.returned).toBe(0);
  });

  test("if nothing has gone out yet, only the promise rejects", async () => {
    const { server, client } = pairOf();
    const error = new Error("no such file");
    async function* missing(): AsyncGenerator<string> {
      yield "";
      throw error;
    }
    await expect(server.sendStream("text", missing())).rejects.toBe(error);
    expect(server.send("sorry")).toBe(true);
    expect(await client.receive()).toBe("sorry");
  });

  test.each([
    ["text", new Uint8Array(1), "a piece of a text message must be a string, not an instance of Uint8Array"],
    ["binary", "text", "a piece of a binary message must be bytes, not a string"],
    ["text", undefined, "a piece of a text message must be a string, not undefined"],
  ] as const)("%s: a piece that is %o", async (kind, wrong, message) => {
    const { server } = pairOf();
    const right = kind === "text" ? "right" : new Uint8Array(1);
    let returned = false;
    function* pieces() {
      try {
        yield right;
        yield wrong as string;
      } finally {
        returned = true;
      }
    }
    await expect(server.sendStream(kind, pieces())).rejects.toThrow(new TypeError(message));
    expect(returned).toBe(true);
    expect(await server.closed).toMatchObject({ code: 1011, cause: "fault" });
  });

  test("a kind that is none, and pieces that are none", async () => {
    const { server } = pairOf();
    const kind = server.sendStream("blob" as "text", []);
    await expect(kind).rejects.toThrow(
      new TypeError('a message is "text" or "binary", not the string "blob"'),
    );
    await expect(server.sendStream("text", 5 as unknown as string)).rejects.toThrow(TypeError);
    await expect(server.sendStream("text", null as unknown as string)).rejects.toThrow(TypeError);
    expect(server.phase).toBe("open");
  });

  test("a stream behind one that failed is not begun", async () => {
    const { server } = pairOf();
    const second = new Source();
    const failed = server.sendStream("text", ["a", 5 as unknown as string]);
    const behind = server.sendStream("text", second);
    await expect(failed).rejects.toThrow(TypeError);
    expect(await behind).toBe(false);
    expect(second.asked).toBe(0);
  });
});

describe("the end of the connection", () => {
  test.each(["close", "terminate"] as const)("%s: false, though the pieces never go on", async (end) => {
    const { server } = pairOf();
    const source = new Source();
    const sent = server.sendStream("text", source);
    await source.give("half");
    void server[end]();
    expect(await sent).toBe(false);
    expect(source.returned).toBe(1);
    expect((await server.closed).unsent.messages).toBe(end === "close" ? 1 : 0);
  });

  test("by the peer, while the transport has no room", async () => {
    const { server, client, toClient } = pairOf({ server: { limits: { sendMark: 100 } } });
    toClient.stall();
    const source = new Source();
    const sent = server.sendStream("text", source);
    await source.give("x".repeat(1000));
    await turns();
    void client.terminate();
    expect(await sent).toBe(false);
    expect(source.returned).toBe(1);
  });

  test("before: nothing is asked for", async () => {
    const { server } = pairOf();
    const source = new Source();
    await server.terminate();
    expect(await server.sendStream("text", source)).toBe(false);
    expect(source.asked).toBe(0);
  });

  test("pieces that fail after the end change nothing", async () => {
    const { server } = pairOf();
    const source = new Source();
    const sent = server.sendStream("text", source);
    await source.give("half");
    void server.close(4000);
    expect(await sent).toBe(false);
    await source.fail(new Error("too late"));
    expect(await server.closed).toMatchObject({ code: 4000, cause: "close" });
  });

  test("close in the middle of a stream: the Close comes behind the fragments that went out", async () => {
    const { ws, peer } = endpoint();
    const source = new Source();
    const sent = ws.sendStream("text", source);
    await source.give("half");
    void ws.close(4000, "enough");
    expect(await sent).toBe(false);
    await turns();
    expect(peer.frames.map(({ opcode }) => opcode)).toEqual([Opcode.text, Opcode.close]);
  });
});
