// The connected pair in memory: that it behaves like a socket without faults, and what each fault does.
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../src/transport/manual-clock.ts";
import { type MemoryPairOptions, memoryPair } from "../../src/transport/memory.ts";
import { put, record, turns } from "./support.ts";

function setUp(options?: MemoryPairOptions) {
  const pair = memoryPair(options);
  return { ...pair, atClient: record(pair.client), atServer: record(pair.server) };
}

const KiB = 1024;

describe("without faults", () => {
  test("bytes arrive by themselves, in order, one flush as one chunk", async () => {
    const { client, server, atClient, atServer } = setUp();
    put(client, "one ");
    client.write(Buffer.from("two "));
    put(client, "three");
    await atServer.until(() => atServer.bytes === 13);
    expect(atServer.events).toEqual(["received 13"]);
    expect(atServer.text).toBe("one two three");
    put(server, "a");
    server.flush();
    put(server, "b");
    await atClient.until(() => atClient.bytes === 2);
    expect(atClient.events).toEqual(["received 1", "received 1"]);
    expect([client.buffered, client.taken, server.buffered, server.taken]).toEqual([0, 13, 0, 2]);
    expect(client.remoteAddress).toBeUndefined();
  });

  test("nothing is delivered inside a call", async () => {
    const { client, server, atClient, atServer } = setUp();
    const calls: string[] = [];
    atServer.onEvent = atClient.onEvent = () => calls.push("event");
    const call = (name: string, run: () => void) => {
      run();
      calls.push(name);
    };
    call("reserve", () => put(client, "a"));
    call("write", () => client.write(Buffer.alloc(200 * KiB)));
    call("flush", () => client.flush());
    call("end", () => client.end());
    call("resume", () => server.resume());
    call("destroy", () => server.destroy());
    expect(calls).toEqual(["reserve", "write", "flush", "end", "resume", "destroy"]);
    await atServer.until(() => atServer.isLost);
  });

  test("what waits for a promise runs between two chunks", async () => {
    const { client, atServer } = setUp({ toServer: { split: 1 } });
    const seen: string[] = [];
    atServer.onEvent = (event) => {
      seen.push(event);
      void Promise.resolve().then(() => seen.push("then"));
    };
    put(client, "ab");
    await atServer.until(() => atServer.bytes === 2);
    await turns(1);
    expect(seen).toEqual(["received 1", "then", "received 1", "then"]);
  });

  test("the receiver owns its chunks, and the sender's bytes stay as they are", async () => {
    const { client, atServer } = setUp({ toServer: { split: 2 } });
    const shared = Buffer.from("shared");
    client.write(shared);
    atServer.onEvent = () => atServer.chunks.at(-1)?.fill("#");
    await atServer.until(() => atServer.bytes === 6);
    expect(shared.toString()).toBe("shared");
    expect(new Set(atServer.chunks.map((chunk) => chunk.buffer)).size).toBe(3);
  });

  test("bytes wait for the start and for the end of a pause, the end too", async () => {
    const { client, server } = memoryPair();
    put(client, "early");
    client.end();
    await turns();
    server.pause();
    const atServer = record(server);
    await turns();
    expect(atServer.events).toEqual([]);
    server.resume();
    await atServer.until(() => atServer.has("end"));
    expect(atServer.events).toEqual(["received 5", "end"]);
  });

  test("both ends, then the loss", async () => {
    const { client, server, atClient, atServer } = setUp();
    put(client, "bye");
    client.end();
    client.end();
    await atServer.until(() => atServer.has("end"));
    put(server, "bye bye");
    server.end();
    await atClient.until(() => atClient.isLost);
    await atServer.until(() => atServer.isLost);
    expect(atClient.events).toEqual(["received 7", "end", "lost"]);
    expect(atServer.events).toEqual(["received 3", "end", "lost"]);
  });

  test("a second start hands over, a past end and a past loss too", async () => {
    const { client, server, atServer } = setUp();
    put(client, "first");
    await atServer.until(() => atServer.bytes === 5);
    put(client, "second");
    client.end();
    client.flush();
    const second = record(server);
    await second.until(() => second.has("end"));
    server.pause();
    const third = record(server);
    await turns();
    expect(third.events).toEqual([]);
    server.resume();
    server.resume();
    await third.until(() => third.has("end"));
    server.end();
    await third.until(() => third.isLost);
    const fourth = record(server);
    await fourth.until(() => fourth.isLost);
    const heard = [atServer, second, third, fourth].map((recorder) => recorder.events);
    expect(heard).toEqual([["received 5"], ["received 6", "end"], ["end", "lost"], ["lost"]]);
  });

  test("destroy: the loss here, the end there, and a reset once the other sends", async () => {
    const { client, server, atClient, atServer } = setUp();
    put(client, "last");
    client.flush();
    put(client, "never flushed");
    client.destroy();
    client.destroy();
    await atServer.until(() => atServer.has("end"));
    expect(atClient.events).toEqual(["lost"]);
    expect(atServer.text).toBe("last");
    expect([client.buffered, client.taken]).toEqual([13, 4]);
    put(server, "hello?");
    await atServer.until(() => atServer.isLost);
    expect(atServer.events).toEqual(["received 4", "end", "lost ECONNRESET"]);
    for (const call of ["flush", "end", "pause", "resume", "destroy"] as const) client[call]();
    await turns();
    expect(atClient.events).toEqual(["lost"]);
  });

  test("a loss before the start is told after it", async () => {
    const { client, server, toClient } = memoryPair();
    client.destroy();
    toClient.cut();
    await turns();
    const atClient = record(client);
    const atServer = record(server);
    expect([atClient.events, atServer.events]).toEqual([[], []]);
    await atServer.until(() => atServer.isLost);
    expect(atClient.events).toEqual(["lost"]);
    expect(atServer.events).toEqual(["lost ECONNRESET"]);
  });

  test("a paused receiver fills the pipe, then the sender's buffer, and drains both", async () => {
    const { client, server, atClient, atServer, toServer } = setUp({ toServer: { capacity: 1000 } });
    server.pause();
    put(client, "x".repeat(1500));
    client.write(Buffer.alloc(4000, "y"));
    await turns();
    expect([client.buffered, client.taken, toServer.inFlight, toServer.delivered]).toEqual([
      4500, 1000, 1000, 0,
    ]);
    client.end();
    server.resume();
    await atServer.until(() => atServer.has("end"));
    expect(atServer.text).toBe("x".repeat(1500) + "y".repeat(4000));
    await turns();
    expect([client.buffered, client.taken, toServer.inFlight, toServer.delivered]).toEqual([
      0, 5500, 0, 5500,
    ]);
    expect(atClient.events).toEqual(["drained"]);
  });
});

describe("split", () => {
  const sizes = async (split: MemoryPairOptions["toServer"], ...flushes: number[]) => {
    const { client, atServer } = setUp({ toServer: split });
    for (const size of flushes) {
      client.write(Buffer.alloc(size, "abc"));
      client.flush();
    }
    const total = flushes.reduce((sum, size) => sum + size, 0);
    await atServer.until(() => atServer.bytes === total);
    expect(atServer.chunks.every((chunk) => chunk.length > 0)).toBe(true);
    return atServer.chunks.map((chunk) => chunk.length);
  };

  test("byte by byte", async () => {
    expect(await sizes({ split: 1 }, 3, 2)).toEqual([1, 1, 1, 1, 1]);
  });

  test("across flushes", async () => {
    expect(await sizes({ split: 4 }, 3, 3, 3)).toEqual([4, 4, 1]);
  });

  test("by a list, then as sent", async () => {
    expect(await sizes({ split: [1, 2] }, 5, 6)).toEqual([1, 2, 2, 6]);
  });

  test("by a function, held to what is there", async () => {
    const asked: number[] = [];
    const split = (available: number) => {
      asked.push(available);
      return asked.length === 1 ? 0 : 4.5;
    };
    expect(await sizes({ split }, 10)).toEqual([1, 4, 4, 1]);
    expect(asked).toEqual([10, 9, 5, 1]);
  });

  test("no chunk is larger than a socket's", async () => {
    expect(await sizes({ capacity: 200 * KiB }, 150 * KiB)).toEqual([64 * KiB, 64 * KiB, 22 * KiB]);
  });
});

describe("delay", () => {
  test("holds bytes and the end for as long as the clock says, and keeps their order", async () => {
    const clock = new ManualClock();
    const { client, atServer, toServer } = setUp({ clock, toServer: { delay: 100 } });
    put(client, "slow");
    client.flush();
    toServer.delay = 0;
    clock.advance(10);
    put(client, "fast");
    client.end();
    await turns();
    clock.advance(89);
    await turns();
    expect(atServer.events).toEqual([]);
    clock.advance(1);
    await atServer.until(() => atServer.has("end"));
    expect(atServer.events).toEqual(["received 4", "received 4", "end"]);
    expect(clock.pending).toBe(0);
  });

  test("leaves no timer behind a reset", async () => {
    const clock = new ManualClock();
    const { client, atServer, toServer } = setUp({ clock, toServer: { delay: 100 } });
    put(client, "never");
    await turns();
    expect(clock.pending).toBe(1);
    toServer.cut();
    await atServer.until(() => atServer.isLost);
    expect(clock.pending).toBe(0);
    expect(atServer.events).toEqual(["lost ECONNRESET"]);
  });
});

describe("faults", () => {
  test("stall: nothing arrives and nothing is taken, until unstall", async () => {
    const { client, atClient, atServer, toServer } = setUp();
    put(client, "before");
    await atServer.until(() => atServer.bytes === 6);
    toServer.stall();
    put(client, "during");
    client.write(Buffer.alloc(10));
    client.end();
    await turns();
    expect([client.buffered, client.taken, atServer.bytes, atServer.has("end")]).toEqual([16, 6, 6, false]);
    toServer.unstall();
    await atServer.until(() => atServer.has("end"));
    expect([client.buffered, client.taken, atServer.bytes]).toEqual([0, 22, 22]);
    expect(atClient.events).toEqual(["drained"]);
  });

  test("stall leaves the other direction alone", async () => {
    const { server, atClient, toServer } = setUp();
    toServer.stall();
    put(server, "still here");
    await atClient.until(() => atClient.text === "still here");
  });

  test("freeze: bytes and the end vanish, and look taken", async () => {
    const { client, atClient, atServer, toServer } = setUp({ toServer: { capacity: 3 } });
    put(client, "in flight and waiting");
    client.flush();
    toServer.freeze();
    put(client, "later");
    client.end();
    await turns();
    expect([client.buffered, client.taken]).toEqual([0, 26]);
    expect(atServer.events).toEqual([]);
    expect(atClient.events).toEqual(["drained"]);
  });

  test("end: the receiver sees an end behind what is in flight, and nothing of what is sent later", async () => {
    const { client, atServer, toServer } = setUp();
    put(client, "before");
    client.flush();
    toServer.end();
    put(client, "after");
    client.end();
    await turns();
    expect(atServer.events).toEqual(["received 6", "end"]);
    expect(client.taken).toBe(11);
  });

  test("cut: both ends are lost with ECONNRESET, not inside the call", async () => {
    const { client, server, atClient, atServer, toClient } = setUp();
    put(client, "x");
    put(server, "y");
    client.flush();
    toClient.cut();
    toClient.cut();
    expect([atClient.events, atServer.events]).toEqual([[], []]);
    await turns();
    expect(atClient.events).toEqual(["lost ECONNRESET"]);
    expect(atServer.events).toEqual(["lost ECONNRESET"]);
    expect(atClient.error).toHaveProperty("code", "ECONNRESET");
  });

  test("truncate: so many bytes, then the end", async () => {
    const { client, atServer, toServer } = setUp();
    toServer.truncate(5);
    put(client, "123");
    client.flush();
    put(client, "4567");
    await atServer.until(() => atServer.has("end"));
    put(client, "89");
    await turns();
    expect(atServer.text).toBe("12345");
    expect(client.taken).toBe(9);
  });

  test("truncate: so many bytes, then silence", async () => {
    const { client, atServer, toServer } = setUp();
    toServer.truncate(5, "freeze");
    put(client, "1234567");
    client.end();
    await turns();
    expect(atServer.events).toEqual(["received 5"]);
  });

  test("truncate: so many bytes, then a reset", async () => {
    const { client, atClient, atServer, toServer } = setUp();
    toServer.truncate(5, "cut");
    put(client, "1234");
    await turns();
    put(client, "567");
    await turns();
    expect(atServer.events).toEqual(["received 4", "lost ECONNRESET"]);
    expect(atClient.events).toEqual(["lost ECONNRESET"]);
  });

  test("truncate at once", async () => {
    const { client, atServer, toServer } = setUp();
    toServer.truncate(0);
    put(client, "x");
    await turns();
    expect(atServer.events).toEqual(["end"]);
  });

  test("capacity: more of it lets more through at once", async () => {
    const { client, server, toServer } = setUp({ toServer: { capacity: 10 } });
    server.pause();
    client.write(Buffer.alloc(30));
    await turns();
    expect([client.buffered, toServer.capacity]).toEqual([20, 10]);
    toServer.capacity = 25;
    await turns();
    expect(client.buffered).toBe(5);
  });
});
