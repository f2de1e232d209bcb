// send() and bufferedAmount: what goes out, in what order, and what is counted for how long.
import { Buffer } from "node:buffer";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { BufferedAmount } from "../../../src/client/whatwg/buffered-amount.ts";
import { WebSocket } from "../../../src/client/whatwg/websocket.ts";
import { plain } from "../../support/frames.ts";
import { later, loosely, next, record, schemes, scripted, serveWith, thrownBy } from "./support.ts";

/** An open WebSocket, and what the server gets from it: text as it is, binary in hex. */
async function sending(
  act: (ws: WebSocket) => unknown,
  options: { scheme?: "ws" | "wss" } = {},
): Promise<string[]> {
  const got: string[] = [];
  const place = await serveWith(options.scheme ?? "ws", async (session) => {
    for await (const message of session) {
      got.push(typeof message === "string" ? message : `0x${Buffer.from(message).toString("hex")}`);
    }
  });
  const ws = new WebSocket(place.url, place.options);
  await next(ws, "open");
  await act(ws);
  const { closed } = record(ws);
  ws.close();
  expect(await closed).toMatchObject({ wasClean: true });
  return got;
}

describe.each(schemes)("over %s, send()", (scheme) => {
  test("takes everything that Web IDL takes", async () => {
    const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
    const values: [unknown, string][] = [
      ["text", "text"],
      ["", ""],
      ["¥¥¥\uD801\uDC07", "¥¥¥\uD801\uDC07"],
      ["a\uDC00b\uD800", "a\uFFFDb\uFFFD"],
      [null, "null"],
      [undefined, "undefined"],
      [5, "5"],
      [{ toString: () => "own" }, "own"],
      [new SharedArrayBuffer(2), "[object SharedArrayBuffer]"],
      [bytes.buffer, "0x0001020304050607"],
      [bytes.subarray(1, 3), "0x0102"],
      [new Uint16Array(bytes.buffer, 2, 2), "0x02030405"],
      [new DataView(bytes.buffer, 6), "0x0607"],
      [Buffer.from("buffer"), `0x${Buffer.from("buffer").toString("hex")}`],
      [new ArrayBuffer(0), "0x"],
      [new Blob(["blob"]), `0x${Buffer.from("blob").toString("hex")}`],
      [new Blob([]), "0x"],
    ];
    const got = await sending(
      (ws) => {
        for (const [value] of values) ws.send(loosely(value));
      },
      { scheme },
    );
    expect(got).toEqual(values.map(([, text]) => text));
  });

  test("takes 65 KiB and more, as text and as binary", async () => {
    const size = 200_000;
    const got = await sending(
      (ws) => {
        ws.send("x".repeat(size));
        ws.send(new Uint8Array(size));
        ws.send(new Blob([new Uint8Array(size)]));
      },
      { scheme },
    );
    expect(got.map((message) => message.length)).toEqual([size, 2 + 2 * size, 2 + 2 * size]);
  });

  test("takes bytes as they are at the call", async () => {
    const small = Uint8Array.of(1, 2, 3);
    const large = new Uint8Array(20_000).fill(1);
    const behind = Uint8Array.of(4);
    const got = await sending(
      (ws) => {
        ws.send(small);
        ws.send(large);
        ws.send(new Blob([small]));
        ws.send(behind);
        for (const bytes of [small, large, behind]) bytes.fill(0xff);
      },
      { scheme },
    );
    expect([got[0], got[1]?.slice(0, 6), got[2], got[3]]).toEqual(["0x010203", "0x0101", "0x010203", "0x04"]);
  });
});

describe("Blobs", () => {
  test("keep their place among other messages", async () => {
    const got = await sending((ws) => {
      ws.send("one");
      ws.send(new Blob(["\x02"]));
      ws.send("three");
      ws.send(new Blob(["\x04"]));
      ws.send(new Blob(["\x05"]));
      ws.send(Uint8Array.of(6));
    });
    expect(got).toEqual(["one", "0x02", "three", "0x04", "0x05", "0x06"]);
  });

  test("are sent before the Close, whatever was sent behind them", async () => {
    const got = await sending((ws) => {
      for (let index = 0; index < 20; index += 1) ws.send(new Blob([Uint8Array.of(index)]));
      ws.send("last");
    });
    expect(got).toHaveLength(21);
    expect(got.at(-1)).toBe("last");
  });

  test("that cannot be read fail the connection", async () => {
    const place = await serveWith("ws");
    const ws = new WebSocket(place.url);
    await next(ws, "open");
    const blob = new Blob(["never"]);
    blob.arrayBuffer = () => Promise.reject(new Error("gone"));
    ws.send(blob);
    ws.send("behind");
    const { events, closed } = record(ws);
    await closed;
    expect(events).toEqual(["error 3", "close 3 1006 "]);
    expect(ws.bufferedAmount).toBe("never".length + "behind".length);
  });
});

describe("in each state", () => {
  test("CONNECTING: InvalidStateError, and nothing is counted", () => {
    const ws = new WebSocket("ws://localhost:1/");
    expect(thrownBy(() => ws.send("x"))).toMatchObject({ name: "InvalidStateError", code: 11 });
    expect(thrownBy(() => ws.send(new Blob(["x"]))).name).toBe("InvalidStateError");
    expect(ws.bufferedAmount).toBe(0);
  });

  test("what cannot be sent is a TypeError in any state", () => {
    const ws = new WebSocket("ws://localhost:1/");
    expect(() => loosely(ws).send()).toThrow(TypeError);
    expect(() => ws.send(loosely(Symbol("s")))).toThrow(TypeError);
    expect(() => ws.send(new Uint8Array(new SharedArrayBuffer(4)))).toThrow(TypeError);
    const resizable: ArrayBuffer = Reflect.construct(ArrayBuffer, [4, { maxByteLength: 8 }]);
    expect(() => ws.send(resizable)).toThrow(TypeError);
    ws.close();
    expect(() => ws.send(loosely(Symbol("s")))).toThrow(TypeError);
  });

  test("CLOSING and CLOSED: not sent, but counted, for ever", async () => {
    const ws = new WebSocket("ws://localhost:1/");
    const { closed } = record(ws);
    ws.close();
    ws.send("abc");
    expect(ws.bufferedAmount).toBe(3);
    ws.send(new Uint8Array(4));
    ws.send(new Blob(["12345"]));
    expect(ws.bufferedAmount).toBe(12);
    await closed;
    expect([ws.readyState, ws.bufferedAmount]).toEqual([3, 12]);
    ws.send("¥");
    await turn();
    expect(ws.bufferedAmount).toBe(14);
  });

  test("CLOSING since the server closes: not sent, but counted", async () => {
    let last: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      last = resolve;
    });
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(plain.close(1000));
      await peer.frame();
      await gone;
      peer.socket.end();
    });
    const ws = new WebSocket(url);
    const { closed } = record(ws);
    await next(ws, "open");
    await vi.waitFor(() => expect(ws.readyState).toBe(WebSocket.CLOSING));
    ws.send("late");
    expect(ws.bufferedAmount).toBe(4);
    last?.();
    await closed;
    await turn();
    expect(ws.bufferedAmount).toBe(4);
  });
});

describe("bufferedAmount", () => {
  test.each([
    ["text", "hello", 5],
    ["text, as UTF-8", "¥\uD801\uDC07", 6],
    ["lone surrogates, as what they become", "\uD800", 3],
    ["65 KB", "x".repeat(65_000), 65_000],
    ["a buffer", new ArrayBuffer(10), 10],
    ["the part that a view shows", new Uint8Array(new ArrayBuffer(10), 2, 3), 3],
    ["a Blob", new Blob(["12345678"]), 8],
    ["a megabyte", new Uint8Array(2 ** 20), 2 ** 20],
  ])("counts %s, and falls in a later task", async (_, data, size) => {
    const { url } = await serveWith("ws");
    const ws = new WebSocket(url);
    await next(ws, "open");
    ws.send(data);
    expect(ws.bufferedAmount).toBe(size);
    ws.send(data);
    for (let hops = 0; hops < 5; hops += 1) await Promise.resolve();
    expect(ws.bufferedAmount).toBe(2 * size);
    await next(ws, "message");
    await next(ws, "message");
    expect(ws.bufferedAmount).toBe(0);
    ws.close();
  });

  test("stays high while the server does not read, and falls as it does", async () => {
    const size = 1024 * 1024;
    const count = 16;
    const { url } = await scripted("ws", async (peer) => {
      peer.socket.pause();
      peer.socket.resume();
      await peer.accept();
      peer.socket.pause();
      reading = () => peer.socket.resume();
    });
    let reading: () => void = () => undefined;
    const ws = new WebSocket(url);
    later(() => ws.close());
    await next(ws, "open");
    for (let index = 0; index < count; index += 1) ws.send(new Uint8Array(size));
    expect(ws.bufferedAmount).toBe(count * size);
    // The system takes some megabytes by itself.
    for (let turns = 0; turns < 20; turns += 1) await turn();
    const stuck = ws.bufferedAmount;
    expect(stuck).toBeGreaterThan(size);
    expect(stuck).toBeLessThan(count * size);
    reading();
    await vi.waitFor(() => expect(ws.bufferedAmount).toBe(0), { timeout: 10_000 });
  });

  test("is not reset when the connection is lost with bytes waiting", async () => {
    const size = 8 * 1024 * 1024;
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      peer.socket.pause();
      lose = () => peer.socket.resetAndDestroy();
    });
    let lose: () => void = () => undefined;
    const ws = new WebSocket(url);
    const { events, closed } = record(ws);
    await next(ws, "open");
    ws.send(new Uint8Array(size));
    ws.send("behind");
    for (let turns = 0; turns < 20; turns += 1) await turn();
    lose();
    await closed;
    expect(events.slice(1)).toEqual(["error 3", "close 3 1006 "]);
    const left = ws.bufferedAmount;
    expect(left).toBeGreaterThan("behind".length);
    expect(left).toBeLessThanOrEqual(size + "behind".length);
    ws.send("more");
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(ws.bufferedAmount).toBe(left + "more".length);
  });
});

describe("the count", () => {
  /** An amount with a connection whose waiting bytes are set by hand. */
  function counting(): { amount: BufferedAmount; send(size: number): void; state: { waiting: number } } {
    const amount = new BufferedAmount();
    const state = { waiting: 0 };
    amount.waiting = () => state.waiting;
    return {
      amount,
      state,
      send(size) {
        amount.sent(size);
        // A header of a client's: 6, 8 or 14 bytes.
        state.waiting += size + (size < 126 ? 6 : size < 65536 ? 8 : 14);
        amount.handedOver(size);
      },
    };
  }

  test("leaves out headers, of each size", async () => {
    const { amount, send, state } = counting();
    for (const size of [0, 1, 125, 126, 65535, 65536]) send(size);
    const total = 1 + 125 + 126 + 65535 + 65536;
    expect(amount.value).toBe(total);
    await turn();
    expect(amount.value).toBe(total);
    // The first four are gone, and half of the fifth.
    state.waiting = 30_000 + 65536 + 14;
    expect(amount.value).toBe(total);
    await turn();
    expect(amount.value).toBe(30_000 + 65536);
    await turn();
    state.waiting = 65536 + 14;
    expect(amount.value).toBe(65536);
    await turn();
    state.waiting = 7;
    expect(amount.value).toBe(7);
    await turn();
    state.waiting = 0;
    expect(amount.value).toBe(0);
  });

  test("is not lowered by pongs that wait, and not raised for long", async () => {
    const { amount, send, state } = counting();
    send(100);
    state.waiting += 50;
    await turn();
    expect(amount.value).toBe(100);
    state.waiting = 50;
    await turn();
    expect(amount.value).toBeLessThanOrEqual(100);
    state.waiting = 0;
    await turn();
    expect(amount.value).toBe(0);
  });

  test("keeps up with a stream that never stands still", async () => {
    const { amount, send, state } = counting();
    for (let round = 0; round < 2000; round += 1) {
      send(100);
      state.waiting = Math.min(state.waiting, 10 * 106);
      if (round % 100 === 0) await turn();
    }
    await turn();
    expect(amount.value).toBe(1000);
  });

  test("what no connection got stays", async () => {
    const { amount, send, state } = counting();
    amount.sent(7);
    send(100);
    await turn();
    state.waiting = 20;
    expect(amount.value).toBe(27);
    amount.end();
    state.waiting = 0;
    await turn();
    expect(amount.value).toBe(27);
  });
});
