// The moment between a connection and its open event, in which the program may still change its mind.
import { type TestPair, testPair } from "hawser";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connect } from "../../../src/client/connect.ts";
import { WebSocket } from "../../../src/client/whatwg/websocket.ts";
import { WebSocketStream } from "../../../src/client/whatwg/websocket-stream.ts";
import { record } from "./support.ts";

vi.mock("../../../src/client/connect.ts");

let pair: TestPair;

beforeEach(() => {
  pair = testPair();
  vi.mocked(connect).mockResolvedValue(pair.client);
});

afterEach(async () => {
  await pair.client.terminate();
  await pair.server.closed;
  expect(pair.clock.pending).toBe(0);
});

/** Lets so many microtasks run that the connection is there, and no task. */
async function handedOver(): Promise<void> {
  for (let hops = 0; hops < 20; hops += 1) await Promise.resolve();
  expect(connect).toHaveBeenCalled();
}

describe("a WebSocket", () => {
  test("that is left alone opens", async () => {
    const ws = new WebSocket("ws://example.org/");
    const { events, closed } = record(ws);
    await handedOver();
    expect([ws.readyState, events]).toEqual([0, []]);
    pair.server.send("early");
    void pair.server.close(1000);
    await closed;
    expect(events).toEqual(["open 1", "message 1 early", "close 3 1000  clean"]);
  });

  test("that is closed fails, and the connection is dropped", async () => {
    const ws = new WebSocket("ws://example.org/");
    const { events, closed } = record(ws);
    await handedOver();
    ws.close();
    expect(ws.readyState).toBe(WebSocket.CLOSING);
    expect(await closed).toEqual({ code: 1006, reason: "", wasClean: false });
    expect(events).toEqual(["error 3", "close 3 1006 "]);
    expect(await pair.server.closed).toMatchObject({ code: 1006, cause: "lost" });
  });

  test("whose connection has ended already is told everything, in order", async () => {
    pair.server.send("one");
    pair.server.send("two");
    await pair.server.close(3000, "over");
    await pair.client.closed;
    const { events, closed } = record(new WebSocket("ws://example.org/"));
    await closed;
    expect(events).toEqual(["open 1", "message 1 one", "message 1 two", "close 3 3000 over clean"]);
  });
});

describe("a WebSocketStream", () => {
  test("that is closed rejects, and the connection is dropped", async () => {
    const wss = new WebSocketStream("ws://example.org/");
    await handedOver();
    wss.close();
    await expect(wss.opened).rejects.toMatchObject({ name: "WebSocketError" });
    await expect(wss.closed).rejects.toMatchObject({ name: "WebSocketError" });
    expect(await pair.server.closed).toMatchObject({ code: 1006, cause: "lost" });
  });

  test("whose signal is aborted rejects with its reason, and the connection is dropped", async () => {
    const controller = new AbortController();
    const wss = new WebSocketStream("ws://example.org/", { signal: controller.signal });
    await handedOver();
    const reason = new Error("changed my mind");
    controller.abort(reason);
    await expect(wss.opened).rejects.toBe(reason);
    await expect(wss.closed).rejects.toBe(reason);
    expect(await pair.server.closed).toMatchObject({ code: 1006, cause: "lost" });
  });

  test("whose connection has ended already can still be read", async () => {
    pair.server.send("one");
    pair.server.send("two");
    await pair.server.close(3000, "over");
    await pair.client.closed;
    const wss = new WebSocketStream("ws://example.org/");
    const read: unknown[] = [];
    for await (const message of (await wss.opened).readable) read.push(message);
    expect(read).toEqual(["one", "two"]);
    expect(await wss.closed).toEqual({ closeCode: 3000, reason: "over" });
  });
});
