// close() in every state, with every argument, and how often it is told.
import { Buffer } from "node:buffer";
import { describe, expect, test, vi } from "vitest";
import { WebSocket } from "../../../src/client/whatwg/websocket.ts";
import { plain, type ReadFrame } from "../../support/frames.ts";
import { loosely, next, record, schemes, scripted, serveWith, thrownBy } from "./support.ts";

/** A server that answers a Close with the same, and what Close it got. */
async function closable(scheme: "ws" | "wss" = "ws") {
  const got: ReadFrame[] = [];
  const place = await scripted(scheme, async (peer) => {
    await peer.accept();
    const frame = await peer.frame();
    if (frame === undefined) return;
    got.push(frame);
    peer.socket.end(plain.frame({ opcode: 8, payload: frame.payload }));
  });
  return { ...place, got };
}

describe.each(schemes)("over %s, close()", (scheme) => {
  test.each([
    ["nothing", [], "", 1005, ""],
    ["undefined", [undefined], "", 1005, ""],
    ["undefined twice", [undefined, undefined], "", 1005, ""],
    ["an empty reason alone", [undefined, ""], "", 1005, ""],
    ["a reason alone, which needs a code", [undefined, "why"], "03e8776879", 1000, "why"],
    ["1000", [1000], "03e8", 1000, ""],
    ["3000", [3000], "0bb8", 3000, ""],
    ["4999 and a reason", [4999, "bye"], "1387627965", 4999, "bye"],
    ["a number in a string", ["3000"], "0bb8", 3000, ""],
    ["999.5, which [Clamp] rounds to the even side", [999.5], "03e8", 1000, ""],
    ["null for a reason", [1000, null], "03e86e756c6c", 1000, "null"],
    ["lone surrogates", [1000, "\uD807"], "03e8efbfbd", 1000, "\uFFFD"],
    ["123 bytes", [1000, `${"é".repeat(61)}x`], undefined, 1000, `${"é".repeat(61)}x`],
  ])("with %s", async (_, given, hex, code, reason) => {
    const { url, options, got } = await closable(scheme);
    const ws = new WebSocket(url, options);
    const { events, closed } = record(ws);
    await next(ws, "open");
    expect(loosely(ws).close(...given)).toBeUndefined();
    expect(ws.readyState).toBe(WebSocket.CLOSING);
    expect(await closed).toEqual({ code, reason, wasClean: true });
    expect(ws.readyState).toBe(WebSocket.CLOSED);
    expect(events).toHaveLength(2);
    if (hex !== undefined) expect(got[0]?.payload.toString("hex")).toBe(hex);
  });
});

describe("close() refuses", () => {
  test.each([0, 1, 500, 999, 1001, 1005, 1006, 1015, 2999, 5000, -1, 65536 + 1000, Number.NaN, "text", null])(
    "%s, in any state, with an InvalidAccessError",
    (code) => {
      const ws = new WebSocket("ws://localhost:1/");
      expect(thrownBy(() => ws.close(loosely(code)))).toMatchObject({ name: "InvalidAccessError", code: 15 });
      expect(ws.readyState).toBe(WebSocket.CONNECTING);
      ws.close();
      expect(thrownBy(() => ws.close(loosely(code))).name).toBe("InvalidAccessError");
    },
  );

  test.each([
    ["124 characters", "x".repeat(124)],
    ["124 bytes in fewer characters", "é".repeat(62)],
  ])("%s, in any state, with a SyntaxError", (_, reason) => {
    const ws = new WebSocket("ws://localhost:1/");
    expect(thrownBy(() => ws.close(1000, reason))).toMatchObject({ name: "SyntaxError", code: 12 });
    expect(thrownBy(() => ws.close(undefined, reason)).name).toBe("SyntaxError");
    expect(ws.readyState).toBe(WebSocket.CONNECTING);
  });

  test("the code first", () => {
    const ws = new WebSocket("ws://localhost:1/");
    expect(thrownBy(() => ws.close(999, "x".repeat(124))).name).toBe("InvalidAccessError");
    expect(() => ws.close(loosely(Symbol("s")))).toThrow(TypeError);
    expect(() => ws.close(loosely(1000n))).toThrow(TypeError);
    expect(() => ws.close(1000, loosely(Symbol("s")))).toThrow(TypeError);
  });
});

describe("while CONNECTING", () => {
  test("the connection fails, later", async () => {
    let hungUp: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      hungUp = resolve;
    });
    const { url, connections } = await scripted("ws", (peer) => {
      peer.socket.on("end", () => hungUp?.());
    });
    const ws = new WebSocket(url);
    const { events, closed } = record(ws);
    while (connections() === 0) await new Promise((resolve) => setImmediate(resolve));
    ws.close();
    expect([ws.readyState, events]).toEqual([WebSocket.CLOSING, []]);
    expect(await closed).toEqual({ code: 1006, reason: "", wasClean: false });
    expect(events).toEqual(["error 3", "close 3 1006 "]);
    await gone;
  });

  test("in the turn of the constructor, it fails as well", async () => {
    const { url } = await serveWith("ws");
    const ws = new WebSocket(url);
    const { events, closed } = record(ws);
    ws.close(3000, "never mind");
    ws.close();
    await closed;
    expect(events).toEqual(["error 3", "close 3 1006 "]);
  });

  test("at any moment of the handshake there is either an open event first, or none", async () => {
    const { url, size } = await serveWith("ws");
    for (let turns = 0; turns < 40; turns += 1) {
      const ws = new WebSocket(url);
      const { events, closed } = record(ws);
      for (let turn = 0; turn < turns && ws.readyState === WebSocket.CONNECTING; turn += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        // In the middle of the microtasks in which the connection is handed over, too.
        for (let hops = 0; hops < turns % 7; hops += 1) await Promise.resolve();
      }
      const opened = ws.readyState === WebSocket.OPEN;
      ws.close();
      await closed;
      expect(events).toEqual(opened ? ["open 1", "close 3 1005  clean"] : ["error 3", "close 3 1006 "]);
    }
    // Whatever the server had opened by then is dropped.
    await vi.waitFor(() => expect(size()).toBe(0));
  });
});

describe("again and again", () => {
  test("in every handler, it is told once", async () => {
    const { url } = await serveWith("ws");
    const ws = new WebSocket(url);
    const { events, closed } = record(ws);
    ws.addEventListener("open", () => {
      ws.close(3000, "first");
      ws.close(3001, "second");
      expect(ws.readyState).toBe(WebSocket.CLOSING);
    });
    ws.addEventListener("close", () => {
      ws.close();
      expect(ws.readyState).toBe(WebSocket.CLOSED);
    });
    expect(await closed).toEqual({ code: 3000, reason: "first", wasClean: true });
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(events).toHaveLength(2);
  });

  test("inside the error event of a failed connection, nothing changes", async () => {
    const ws = new WebSocket("ws://localhost:1/");
    const { events, closed } = record(ws);
    ws.onerror = () => ws.close();
    await closed;
    expect(events).toEqual(["error 3", "close 3 1006 "]);
  });
});

describe("who closes first", () => {
  test("the server's code is told where both close at once", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.socket.end(plain.close(4222, "remote"));
    });
    const ws = new WebSocket(url);
    const { closed } = record(ws);
    await next(ws, "open");
    ws.close(4111, "local");
    expect(await closed).toEqual({ code: 4222, reason: "remote", wasClean: true });
  });

  test("data behind the server's Close is nothing", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(plain.close(1000), plain.text("late"));
      await peer.frame();
      peer.socket.end(plain.text("later"));
    });
    const { events, closed } = record(new WebSocket(url));
    await closed;
    expect(events).toEqual(["open 1", "close 3 1000  clean"]);
  });

  test("messages that come after our Close are dropped, and its answer is heard behind them", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.socket.end(Buffer.concat([plain.text("late"), plain.ping("p"), plain.close(1000, "answer")]));
    });
    const ws = new WebSocket(url);
    const { events, closed } = record(ws);
    await next(ws, "open");
    ws.close(1000);
    await closed;
    expect(events).toEqual(["open 1", "close 3 1000 answer clean"]);
  });

  test("a server that hangs up without an answer to our Close is no clean end", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.socket.end();
    });
    const ws = new WebSocket(url);
    const { closed } = record(ws);
    await next(ws, "open");
    ws.close(1000);
    expect(await closed).toEqual({ code: 1006, reason: "", wasClean: false });
  });

  test("a server that never answers our Close is given up on, which is no failure", async () => {
    const { url } = await scripted("ws", (peer) => peer.accept());
    const ws = new WebSocket(url, { timeouts: { close: 1 } });
    const { events, closed } = record(ws);
    await next(ws, "open");
    ws.close(1000);
    await closed;
    expect(events).toEqual(["open 1", "close 3 1006 "]);
  });

  test("the close event waits for the server to hang up", async () => {
    let hangUp: (() => void) | undefined;
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.socket.write(plain.close(1000));
      hangUp = () => peer.socket.end();
    });
    const ws = new WebSocket(url);
    const { events, closed } = record(ws);
    await next(ws, "open");
    ws.close(1000);
    while (hangUp === undefined) await new Promise((resolve) => setImmediate(resolve));
    for (let turns = 0; turns < 10; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(["open 1"]);
    hangUp();
    expect(await closed).toEqual({ code: 1000, reason: "", wasClean: true });
  });

  test("what was sent goes out before our Close", async () => {
    const got: string[] = [];
    const { url } = await serveWith("ws", async (session) => {
      for await (const message of session) got.push(String(message).slice(0, 5));
    });
    const ws = new WebSocket(url);
    const { closed } = record(ws);
    await next(ws, "open");
    for (let index = 0; index < 5; index += 1) ws.send(`${index}`.padEnd(500_000));
    ws.close();
    expect(await closed).toMatchObject({ wasClean: true, code: 1005 });
    expect(got).toEqual(["0    ", "1    ", "2    ", "3    ", "4    "]);
  });
});
