// Messages in: receive, for await, what waits for a consumer, and how much may.
import { Buffer } from "node:buffer";
import { getEventListeners } from "node:events";
import { ConnectionClosedError, type Message } from "hawser";
import { describe, expect, test } from "vitest";
import { filler } from "../support/bytes.ts";
import { masked } from "../support/frames.ts";
import { collect, endpoint, pairOf, stateOf, turns } from "./support.ts";

describe("receive", () => {
  test("gives messages in order, waiting for them or not", async () => {
    const { server, client } = pairOf();
    const first = server.receive();
    client.send("a");
    client.send("");
    client.send(Buffer.from([1, 2]));
    expect(await first).toBe("a");
    expect(await server.receive()).toBe("");
    expect(await server.receive()).toEqual(new Uint8Array([1, 2]));
    const next = server.receive();
    expect(await stateOf(next)).toBe("pending");
    client.send("b");
    expect(await next).toBe("b");
  });

  test("many that wait are served in the order they came", async () => {
    const { server, client } = pairOf();
    const waiting = [server.receive(), server.receive(), server.receive()];
    for (const text of ["1", "2", "3", "4"]) client.send(text);
    expect(await Promise.all(waiting)).toEqual(["1", "2", "3"]);
    expect(await server.receive()).toBe("4");
  });

  test("nobody overtakes one that waits, when output is let under its mark without having drained", async () => {
    const { server, client, toClient } = pairOf({
      server: { limits: { sendMark: 100 } },
      toClient: { capacity: 50 },
    });
    toClient.stall();
    server.send(filler(120));
    await turns();
    client.send("1");
    client.send("2");
    await turns();
    const first = server.receive();
    expect(await stateOf(first)).toBe("pending");
    toClient.unstall();
    // One turn: 50 of 122 bytes are taken, 72 wait.
    await turns(2);
    const second = server.receive();
    expect([await first, await second]).toEqual(["1", "2"]);
  });

  test("R11: messages that came before anybody asked are kept", async () => {
    const { server, client } = pairOf();
    client.send("early");
    client.send("bird");
    await turns();
    expect([await server.receive(), await server.receive()]).toEqual(["early", "bird"]);
  });

  test("undefined once the connection has ended for any reason, after all was taken, and ever after", async () => {
    for (const end of ["close", "terminate"] as const) {
      const { server, client } = pairOf();
      const waiting = [server.receive(), server.receive(), server.receive()];
      client.send("last");
      await turns();
      void client[end]();
      expect(await Promise.all(waiting)).toEqual(["last", undefined, undefined]);
      expect(await server.receive()).toBeUndefined();
    }
  });

  test("what was received before the end can be taken after it", async () => {
    const { server, client } = pairOf();
    client.send("1");
    client.send("2");
    await client.close(4000);
    await server.closed;
    expect(await server.receive()).toBe("1");
    expect(await server.receive()).toBe("2");
    expect(await server.receive()).toBeUndefined();
  });

  test("a signal ends only its own wait, with its own reason, and nothing is lost", async () => {
    const { server, client } = pairOf();
    const controller = new AbortController();
    const reason = new Error("no longer");
    const given = server.receive({ signal: controller.signal });
    const other = server.receive();
    controller.abort(reason);
    await expect(given).rejects.toBe(reason);
    client.send("for the other");
    expect(await other).toBe("for the other");
    expect(server.phase).toBe("open");
  });

  test("a signal aborted before takes nothing; one aborted after does nothing", async () => {
    const { server, client } = pairOf();
    client.send("kept");
    await turns();
    const reason = new Error("too late");
    await expect(server.receive({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const message = server.receive({ signal: controller.signal });
    controller.abort();
    expect(await message).toBe("kept");
  });

  test("a signal aborted in the turn the message came takes the message", async () => {
    const { server, client } = pairOf();
    const controller = new AbortController();
    const waiting = server.receive({ signal: controller.signal });
    const settled = waiting.then((message) => message);
    client.send("now");
    await turns();
    controller.abort();
    expect(await settled).toBe("now");
  });

  test("a signal that serves many receives is left as it was", async () => {
    const { server, client } = pairOf();
    const { signal } = new AbortController();
    for (let round = 0; round < 20; round += 1) {
      const message = server.receive({ signal });
      expect(getEventListeners(signal, "abort")).toHaveLength(1);
      client.send("x");
      await message;
    }
    client.send("y");
    await turns();
    await server.receive({ signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("the end does not reject what waits with a signal", async () => {
    const { server, client } = pairOf();
    const waiting = server.receive({ signal: new AbortController().signal });
    void client.terminate();
    expect(await waiting).toBeUndefined();
  });

  test("a binary message is a plain Uint8Array that fills its own memory", async () => {
    const { server, client } = pairOf({ toServer: { split: [7, 1, 30] } });
    for (const size of [0, 5, 300, 70_000]) {
      client.send(filler(size));
      const got = await server.receive();
      expect(got).toEqual(new Uint8Array(filler(size)));
      if (!(got instanceof Uint8Array)) throw new Error("not binary");
      expect([got.constructor, got.byteOffset, got.buffer.byteLength]).toEqual([Uint8Array, 0, size]);
    }
  });

  test("once messages() was called, receive says where messages come from", async () => {
    const { server, client } = pairOf();
    server.messages();
    client.send("piece");
    const message = "messages() has been called: from then on messages come from there, piece by piece";
    await expect(server.receive()).rejects.toThrow(new TypeError(message));
  });
});

describe("for await", () => {
  test.each([
    ["1000", 1000],
    ["1001", 1001],
  ])("ends after %s", async (_, code) => {
    const { server, client } = pairOf();
    client.send("a");
    client.send(Buffer.from("b"));
    void client.close(code);
    expect(await collect(server)).toEqual(["a", new Uint8Array([98])]);
    expect((await server.closed).code).toBe(code);
  });

  test("ends after a Close without a code", async () => {
    const { ws, peer } = endpoint();
    const all = collect(ws);
    await peer.send(masked.text("a"), masked.close());
    peer.transport.end();
    expect(await all).toEqual(["a"]);
    expect(await ws.closed).toMatchObject({ code: 1005, clean: true, cause: "close" });
  });

  test("a next() that nobody awaits yet is no unhandled rejection when the peer goes", async () => {
    const { server, client } = pairOf();
    const next = server[Symbol.asyncIterator]().next();
    void client.terminate();
    // An unhandled rejection would fail this run.
    await turns();
    await expect(next).rejects.toThrow(ConnectionClosedError);
  });

  test("ends after our own close", async () => {
    const { server, client } = pairOf();
    const all = collect(server);
    client.send("a");
    await turns();
    await server.close();
    expect(await all).toEqual(["a"]);
  });

  test.each([
    [
      "another code",
      { code: 4001, cause: "close" },
      (peer: { close(code: number): unknown }) => peer.close(4001),
    ],
    ["1011", { code: 1011, cause: "close" }, (peer: { close(code: number): unknown }) => peer.close(1011)],
    ["no Close", { code: 1006, cause: "lost" }, (peer: { terminate(): unknown }) => peer.terminate()],
  ])("throws after %s, once all was taken", async (_, report, end) => {
    const { server, client } = pairOf();
    client.send("a");
    const got: Message[] = [];
    const loop = (async () => {
      for await (const message of server) got.push(message);
    })();
    await turns();
    end(client);
    const error = await loop.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    if (!(error instanceof ConnectionClosedError)) return;
    expect(error.report).toBe(await server.closed);
    expect(error.report).toMatchObject(report);
    expect(error.code).toBe("ERR_HAWSER_CONNECTION_CLOSED");
    expect(error.name).toBe("ConnectionClosedError");
    expect(got).toEqual(["a"]);
  });

  test("throws after a violation, with the violation as its cause", async () => {
    const { ws, peer } = endpoint();
    const all = collect(ws);
    const failed = expect(all).rejects.toMatchObject({ cause: { code: "ERR_HAWSER_PROTOCOL" } });
    await peer.send(masked.frame({ opcode: 3 }));
    peer.transport.end();
    await failed;
  });

  test("leaving the loop does not close, and another loop goes on", async () => {
    const { server, client } = pairOf();
    for (const text of ["a", "b", "c"]) client.send(text);
    for await (const message of server) if (message === "b") break;
    expect(server.phase).toBe("open");
    void client.close();
    expect(await collect(server)).toEqual(["c"]);
  });

  test("a loop that begins after the end takes what is left", async () => {
    const { server, client } = pairOf();
    client.send("left");
    await client.close();
    await server.closed;
    expect(await collect(server)).toEqual(["left"]);
    expect(await collect(server)).toEqual([]);
  });
});

describe("the inbox", () => {
  test("holds limits.inbox, each message with 64 bytes beside its own, then the socket is paused", async () => {
    const { server, client, toServer } = pairOf({
      server: { limits: { inbox: 10 * 74 } },
      toServer: { split: 16 },
    });
    // 10 bytes each: ten of them are not above the mark, the eleventh is. On the wire each takes 16 bytes.
    for (let sent = 0; sent < 100; sent += 1) client.send("0123456789");
    await turns(150);
    expect(toServer.delivered).toBe(11 * 16);
    // Room is made when it is half empty: when six of eleven were taken five remain.
    for (let taken = 0; taken < 5; taken += 1) await server.receive();
    await turns(150);
    expect(toServer.delivered).toBe(11 * 16);
    await server.receive();
    await turns(150);
    expect(toServer.delivered).toBe(17 * 16);
  });

  test("empty messages fill it too", async () => {
    const { ws, peer, back } = endpoint({ limits: { inbox: 640 } });
    back.split = 6;
    for (let sent = 0; sent < 50; sent += 1) peer.transport.write(masked.text(""));
    await turns(100);
    expect(back.delivered).toBe(11 * 6);
    let taken = 0;
    while (taken < 50 && (await ws.receive()) === "") taken += 1;
    expect(taken).toBe(50);
  });

  test("one chunk with more than fits is held in the machine, and nothing is lost", async () => {
    const { server, client } = pairOf({ server: { limits: { inbox: 200 } } });
    const sent = Array.from({ length: 500 }, (_, index) => `message ${index}`);
    for (const text of sent) client.send(text);
    await turns();
    void client.close();
    expect(await collect(server)).toEqual(sent);
  });

  test("a flood in one chunk is delivered in order, with turns for others in between", async () => {
    const { ws, peer, back } = endpoint({ limits: { inbox: 1e6 } });
    back.capacity = 1e6;
    const flood = Array.from({ length: 3000 }, (_, index) => masked.text(String(index)));
    peer.transport.write(Buffer.concat(flood));
    await turns(2);
    const early = ws.receive();
    expect(await early).toBe("0");
    await turns(8);
    const got: unknown[] = [];
    for (let at = 1; at < 3000; at += 1) got.push(await ws.receive());
    expect(got).toEqual(Array.from({ length: 2999 }, (_, index) => String(index + 1)));
  });
});

test.each([1e6, 640, 1])("a flood leaves turns to others, whatever the inbox holds (%d)", async (inbox) => {
  const { ws, peer } = endpoint({ limits: { inbox } });
  let count = 0;
  const all = (async () => {
    for await (const _ of ws) count += 1;
  })();
  peer.transport.write(Buffer.concat(Array.from({ length: 5000 }, () => masked.text(""))));
  const counts: number[] = [];
  while (count < 5000) {
    const before = count;
    await turns(1);
    counts.push(count - before);
  }
  expect(Math.max(...counts)).toBeLessThan(1100);
  void ws.close();
  await peer.send(masked.close(1000));
  peer.transport.end();
  await all;
});

describe("accepts", () => {
  test.each([
    ["text", masked.binary(new Uint8Array([1])), masked.text("yes"), "yes"],
    ["binary", masked.text("no"), masked.binary(new Uint8Array([1])), new Uint8Array([1])],
  ] as const)("%s: the other kind ends the connection with 1003", async (accepts, wrong, right, message) => {
    const { ws, peer } = endpoint({ accepts });
    await peer.send(right, wrong);
    peer.transport.end();
    expect(await ws.receive()).toEqual(message);
    expect(await ws.receive()).toBeUndefined();
    expect(await ws.closed).toMatchObject({
      code: 1003,
      cause: "protocol",
      initiator: "local",
      clean: false,
    });
    expect(peer.closes).toEqual([1003]);
  });
});

describe("discard", () => {
  test("drops what waits and what comes, and keeps reading", async () => {
    const { server, client, toServer } = pairOf({ server: { limits: { inbox: 100 } } });
    for (let sent = 0; sent < 20; sent += 1) client.send(filler(1000));
    await turns();
    const before = toServer.delivered;
    server.discard();
    for (let sent = 0; sent < 20; sent += 1) client.send(filler(1000));
    await turns(30);
    expect(toServer.delivered).toBeGreaterThan(before + 20_000);
    void client.close(1000);
    expect(await server.receive()).toBeUndefined();
    expect(await server.closed).toMatchObject({ messages: { received: 40 } });
  });

  test("what waited for a message hears of the end", async () => {
    const { server, client } = pairOf();
    const waiting = server.receive();
    server.discard();
    client.send("dropped");
    await turns();
    expect(await stateOf(waiting)).toBe("pending");
    void client.close();
    expect(await waiting).toBeUndefined();
  });

  test("output over its mark does not keep the peer's Close from being read", async () => {
    const { server, client, toClient } = pairOf({ server: { limits: { sendMark: 10, inbox: 100 } } });
    toClient.stall();
    server.discard();
    server.send(filler(70_000));
    server.send(filler(70_000));
    for (let sent = 0; sent < 20; sent += 1) client.send(filler(100));
    void client.close(4000);
    await turns(20);
    expect(server.phase).toBe("closing");
  });
});

test("options that there are not are a mistake", () => {
  const { server } = pairOf();
  const options: object = { sginal: 1 };
  expect(() => server.receive(options)).toThrow('receive() has no option "sginal"; there are signal');
});

test("pieces that are none are a mistake", async () => {
  const { server } = pairOf();
  await expect(Reflect.apply(server.sendStream, server, ["text", 5])).rejects.toThrow(
    "the pieces of a message come in an iterable, async or not, not in the number 5",
  );
  expect(server.phase).toBe("open");
});
