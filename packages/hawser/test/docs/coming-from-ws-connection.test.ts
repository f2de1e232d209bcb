// Connections in "Coming from ws": each snippet is run at a server's end, and both of a pair do the same.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { Connection } from "hawser";
import { describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { filler } from "../support/bytes.ts";
import { ends } from "./coming-from-ws-support.ts";

describe("the next message", () => {
  async function viaWs(ws: WebSocket) {
    // #region next: ws
    const [data] = await once(ws, "message");
    const message = String(data);
    // #endregion
    return message;
  }

  async function viaHawser(ws: Connection) {
    // #region next: Hawser
    const message = await ws.receive(); // undefined once the connection has ended
    // #endregion
    return message;
  }

  test.each(ends(viaWs, viaHawser))("%s", async (_, start) => {
    const { peer, run } = await start();
    const message = run();
    await peer.send("hello");
    expect(await message).toBe("hello");
  });
});

describe("text and binary", () => {
  async function viaWs(ws: WebSocket, log: unknown[]) {
    // #region kinds: ws
    ws.on("message", (data: Buffer, isBinary) => {
      if (isBinary) log.push(data.length);
      else log.push(data.toString().toUpperCase());
    });
    // #endregion
  }

  async function viaHawser(ws: Connection, log: unknown[]) {
    // #region kinds: Hawser
    for await (const message of ws) {
      if (typeof message === "string") log.push(message.toUpperCase());
      else log.push(message.length);
    }
    // #endregion
  }

  const log: unknown[] = [];
  test.each(
    ends(
      (ws) => viaWs(ws, log),
      (ws) => viaHawser(ws, log),
    ),
  )("%s", async (_, start) => {
    log.length = 0;
    const { peer, run } = await start();
    const done = run();
    await peer.send("hello");
    await peer.send(new Uint8Array(3));
    await peer.close(1000);
    await peer.closed();
    await done;
    expect(log).toEqual(["HELLO", 3]);
  });
});

describe("sending", () => {
  const bytes = Buffer.from("grüß");

  function viaWs(ws: WebSocket) {
    // #region send: ws
    ws.send("text");
    ws.send(bytes); // binary
    ws.send(bytes, { binary: false }); // text
    // #endregion
  }

  function viaHawser(ws: Connection) {
    // #region send: Hawser
    ws.send("text");
    ws.send(bytes); // binary
    ws.send(bytes.toString()); // text
    // #endregion
  }

  test.each(ends(viaWs, viaHawser))("%s", async (_, start) => {
    const { peer, run } = await start();
    run();
    expect([await peer.receive(), await peer.receive(), await peer.receive()]).toEqual([
      "text",
      bytes,
      "grüß",
    ]);
  });
});

describe("no faster than the peer reads", () => {
  const rows = Array.from({ length: 40 }, (_, row) => filler(64 * 1024).fill(row, 0, 9));

  async function viaWs(ws: WebSocket) {
    // #region wait: ws
    for (const row of rows) {
      await new Promise<void>((resolve, reject) => {
        ws.send(row, (error) => (error ? reject(error) : resolve()));
      });
    }
    // #endregion
  }

  async function viaHawser(ws: Connection) {
    // #region wait: Hawser
    for (const row of rows) {
      if (!ws.send(row) && !(await ws.drain())) break;
    }
    // #endregion
  }

  test.each(ends(viaWs, viaHawser))("%s", async (_, start) => {
    const { peer, run } = await start();
    const sent = run();
    for (const row of rows) expect(Buffer.from(row).equals((await peer.receive()) as Buffer)).toBe(true);
    await sent;
  });
});

describe("a message in fragments", () => {
  async function viaWs(ws: WebSocket) {
    // #region fragments: ws
    ws.send("once upon ", { fin: false });
    ws.send("a time", { fin: true });
    // #endregion
  }

  async function viaHawser(ws: Connection) {
    // #region fragments: Hawser
    await ws.sendStream("text", ["once upon ", "a time"]);
    // #endregion
  }

  test.each(ends(viaWs, viaHawser))("%s", async (_, start) => {
    const { peer, run } = await start();
    void run();
    expect(await peer.receive()).toBe("once upon a time");
  });
});

describe("one message after the other", () => {
  const stored: string[] = [];
  const store = async (data: unknown) => {
    const message = String(data);
    stored.push(`begin ${message}`);
    await new Promise(setImmediate);
    stored.push(`end ${message}`);
  };

  async function viaWs(ws: WebSocket) {
    // #region in order: ws
    let last = Promise.resolve();
    ws.on("message", (data) => {
      ws.pause(); // what was read already still comes
      last = last.then(() => store(data)).finally(() => ws.resume());
    });
    // #endregion
  }

  async function viaHawser(ws: Connection) {
    // #region in order: Hawser
    for await (const message of ws) await store(message);
    // #endregion
  }

  test.each(ends(viaWs, viaHawser))("%s", async (_, start) => {
    stored.length = 0;
    const { peer, run } = await start();
    const done = run();
    await Promise.all(["a", "b", "c"].map((message) => peer.send(message)));
    await expect
      .poll(() => stored)
      .toEqual(["a", "b", "c"].flatMap((message) => [`begin ${message}`, `end ${message}`]));
    await peer.close(1000);
    await done;
  });
});
