// Pings, ends and streams in "Coming from ws": each snippet is run at a server's end, and both of a pair do the same.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type Connection, toDuplex } from "hawser";
import { describe, expect, test, vi } from "vitest";
import { createWebSocketStream, type WebSocket } from "ws";
import { filler } from "../support/bytes.ts";
import { ends } from "./coming-from-ws-support.ts";

describe("the round trip", () => {
  async function viaWs(ws: WebSocket) {
    // #region ping: ws
    const sentAt = performance.now();
    ws.ping();
    await once(ws, "pong");
    const milliseconds = performance.now() - sentAt;
    // #endregion
    return milliseconds;
  }

  async function viaHawser(ws: Connection) {
    // #region ping: Hawser
    const milliseconds = await ws.ping(); // and keepalive leaves that of its last ping in ws.latency
    // #endregion
    return milliseconds;
  }

  test.each(ends(viaWs, viaHawser))("%s", async (_, start) => {
    const { run } = await start();
    const before = performance.now();
    const milliseconds = await run();
    expect(milliseconds).toBeGreaterThanOrEqual(0);
    expect(milliseconds).toBeLessThanOrEqual(performance.now() - before);
  });
});

describe("closing", () => {
  async function viaWs(ws: WebSocket) {
    // #region close: ws
    ws.close(4001, "log in again");
    const [code, reason] = await once(ws, "close");
    console.log(code, String(reason));
    // #endregion
    return { code, reason: String(reason) };
  }

  async function viaHawser(ws: Connection) {
    // #region close: Hawser
    const { code, reason } = await ws.close(4001, "log in again");
    console.log(code, reason);
    // #endregion
    return { code, reason };
  }

  test.each(ends(viaWs, viaHawser))("%s", async (_, start) => {
    const log = vi.spyOn(console, "log").mockReturnValue();
    const { peer, run } = await start();
    const ended = { code: 4001, reason: "log in again" };
    expect(await run()).toEqual(ended);
    expect(await peer.closed()).toEqual(ended);
    expect(log).toHaveBeenCalledExactlyOnceWith(4001, "log in again");
  });
});

describe("dropping", () => {
  function viaWs(ws: WebSocket) {
    // #region drop: ws
    ws.terminate();
    // #endregion
  }

  function viaHawser(ws: Connection) {
    // #region drop: Hawser
    void ws.terminate(); // resolves with the close report
    // #endregion
  }

  test.each(ends(viaWs, viaHawser))("%s", async (_, start) => {
    const { peer, run } = await start();
    run();
    expect(await peer.closed()).toEqual({ code: 1006, reason: "" });
  });
});

describe("a Node stream", () => {
  function viaWs(ws: WebSocket) {
    // #region stream: ws
    const stream = createWebSocketStream(ws);
    stream.on("error", console.error);
    stream.pipe(stream);
    // #endregion
  }

  function viaHawser(ws: Connection) {
    // #region stream: Hawser
    const stream = toDuplex(ws);
    stream.on("error", console.error);
    stream.pipe(stream);
    // #endregion
  }

  test.each(ends(viaWs, viaHawser))("%s", async (_, start) => {
    const { peer, run } = await start();
    run();
    for (const bytes of [filler(10), filler(100_000)]) {
      await peer.send(bytes);
      expect(Buffer.from(bytes).equals((await peer.receive()) as Buffer)).toBe(true);
    }
    await peer.close(1000);
    expect((await peer.closed()).code).toBe(1000);
  });
});
