// Events: which ones come, in what order and state, of what classes, each in a task of its own.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { CloseEvent } from "../../../src/client/whatwg/close-event.ts";
import { WebSocket } from "../../../src/client/whatwg/websocket.ts";
import type { FailureEvent } from "../../../src/client/whatwg/websocket-events.ts";
import { WebSocketStream } from "../../../src/client/whatwg/websocket-stream.ts";
import { plain } from "../../support/frames.ts";
import { loosely, next, record, schemes, scripted, serveWith } from "./support.ts";

describe.each(schemes)("over %s", (scheme) => {
  test("a whole life", async () => {
    const { url, options } = await serveWith(scheme);
    const ws = new WebSocket(url, options);
    ws.binaryType = "arraybuffer";
    const { events, closed } = record(ws);
    await next(ws, "open");
    ws.send("text");
    await next(ws, "message");
    ws.send(Uint8Array.of(1, 2));
    await next(ws, "message");
    ws.close(3000, "done");
    expect(await closed).toEqual({ code: 3000, reason: "done", wasClean: true });
    expect(events).toEqual(["open 1", "message 1 text", "message 1 buffer 0102", "close 3 3000 done clean"]);
  });

  test("all that comes with the answer is told in order, message by message", async () => {
    const frames = [plain.text("one"), plain.text("two"), plain.text("three"), plain.close(4000, "bye")];
    const { url, options } = await scripted(scheme, async (peer) => {
      await peer.accept(...frames);
      await peer.frame();
      peer.socket.end();
    });
    const { events, closed } = record(new WebSocket(url, options));
    await closed;
    expect(events).toEqual([
      "open 1",
      "message 1 one",
      "message 1 two",
      "message 1 three",
      "close 3 4000 bye clean",
    ]);
  });

  test("messages before a violation are told, then error and close", async () => {
    const { url, options } = await scripted(scheme, async (peer) => {
      await peer.accept(plain.text("test"), plain.frame({ opcode: 3, payload: "LOL" }));
      await peer.framesToEnd();
      peer.socket.end();
    });
    const { events, closed } = record(new WebSocket(url, options));
    expect(await closed).toEqual({ code: 1006, reason: "", wasClean: false });
    expect(events).toEqual(["open 1", "message 1 test", "error 3", "close 3 1006 "]);
  });

  test("messages before the connection is lost are told, too", async () => {
    const { url, options } = await scripted(scheme, async (peer) => {
      await peer.accept(...["one", "two", "three"].map((text) => plain.text(text)));
      peer.socket.end();
    });
    const { events, closed } = record(new WebSocket(url, options));
    await closed;
    expect(events).toEqual([
      "open 1",
      "message 1 one",
      "message 1 two",
      "message 1 three",
      "error 3",
      "close 3 1006 ",
    ]);
  });

  test("a refused handshake is an error and a close, and no open", async () => {
    const { url, options } = await scripted(scheme, async (peer) => {
      await peer.requested();
      peer.socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    });
    const { events, closed } = record(new WebSocket(url, options));
    expect(await closed).toEqual({ code: 1006, reason: "", wasClean: false });
    expect(events).toEqual(["error 3", "close 3 1006 "]);
  });
});

test("a redirect is not followed", async () => {
  const target = await serveWith("ws");
  const { url } = await scripted("ws", async (peer) => {
    await peer.requested();
    peer.socket.end(`HTTP/1.1 302 Found\r\nLocation: ${target.url}\r\nContent-Length: 0\r\n\r\n`);
  });
  const { events, closed } = record(new WebSocket(url));
  await closed;
  expect(events).toEqual(["error 3", "close 3 1006 "]);
});

describe("each violation of the server's ends without its own code", () => {
  test.each([
    ["a masked frame", plain.text("x", { mask: Buffer.from([1, 2, 3, 4]) })],
    ["a reserved bit", plain.text("x", { rsv: 0x40 })],
    ["text that is no UTF-8", plain.text(Buffer.from([0xff]))],
    ["a close code that may not be sent", plain.close(1005)],
    ["a close reason that is no UTF-8", plain.close(1000, Buffer.from([0xff]))],
    ["a close frame of one byte", plain.frame({ opcode: 8, payload: Buffer.from([3]) })],
    ["a continuation of nothing", plain.last("x")],
  ])("%s", async (_, frame) => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(frame);
      await peer.framesToEnd();
      peer.socket.end();
    });
    const { events, closed } = record(new WebSocket(url));
    expect(await closed).toEqual({ code: 1006, reason: "", wasClean: false });
    expect(events).toEqual(["open 1", "error 3", "close 3 1006 "]);
  });
});

describe("classes and fields", () => {
  /** The four events of one connection. */
  async function four(): Promise<Record<string, any>> {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(plain.text("test"), plain.frame({ opcode: 3 }));
      await peer.framesToEnd();
      peer.socket.end();
    });
    const ws = new WebSocket(url);
    const fired: Record<string, any> = { ws };
    for (const type of ["open", "message", "error", "close"]) {
      ws.addEventListener(type, (event) => {
        fired[type] = event;
        fired[`${type}.target`] = [event.target, event.currentTarget, event.eventPhase];
      });
    }
    await record(ws).closed;
    return fired;
  }

  test("are those of the platform", async () => {
    const { open, message, error, close } = await four();
    expect([open, message, error, close].map((event) => event.constructor)).toEqual([
      Event,
      MessageEvent,
      Event,
      CloseEvent,
    ]);
    expect(message).toBeInstanceOf(MessageEvent);
    expect(close).toBeInstanceOf(CloseEvent);
    expect([open, message, error, close].map(String)).toEqual([
      "[object Event]",
      "[object MessageEvent]",
      "[object Event]",
      "[object CloseEvent]",
    ]);
    for (const event of [open, message, error, close]) {
      expect([event.bubbles, event.cancelable, event.composed, event.isTrusted]).toEqual([
        false,
        false,
        false,
        true,
      ]);
    }
  });

  test("have the WebSocket for their target", async () => {
    const fired = await four();
    const { ws } = fired;
    for (const type of ["open", "message", "error", "close"])
      expect(fired[`${type}.target`]).toEqual([ws, ws, 2]);
  });

  test("a message has data and origin, and nothing of a port", async () => {
    const { message, ws } = await four();
    const { data, origin, lastEventId, source, ports } = message;
    expect({ data, origin, lastEventId, source, ports }).toEqual({
      data: "test",
      origin: ws.url.slice(0, -1),
      lastEventId: "",
      source: null,
      ports: [],
    });
  });
});

describe("tasks", () => {
  /** A connection on which these texts come at once. */
  async function flooded(...texts: string[]): Promise<WebSocket> {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(...texts.map((text) => plain.text(text)), plain.close(1000));
      await peer.frame();
      peer.socket.end();
    });
    return new WebSocket(url);
  }

  test("a listener that is added after `await once(…)` misses no message", async () => {
    const ws = await flooded("one", "two", "three");
    await once(ws, "open");
    const seen: unknown[] = [];
    for (let count = 0; count < 3; count += 1) {
      const [event] = (await once(ws, "message")) as [MessageEvent];
      // Some more hops, as code with several layers has them.
      for (let hops = 0; hops < 10; hops += 1) await Promise.resolve();
      seen.push(event.data);
    }
    expect(seen).toEqual(["one", "two", "three"]);
    const [close] = (await once(ws, "close")) as [CloseEvent];
    expect(close.code).toBe(1000);
  });

  test("nothing is fired inside the constructor, and listeners of the same turn hear everything", async () => {
    const ws = new WebSocket("ws://localhost:1/");
    const { events, closed } = record(ws);
    expect([ws.readyState, events]).toEqual([0, []]);
    for (let hops = 0; hops < 10; hops += 1) await Promise.resolve();
    expect([ws.readyState, events]).toEqual([0, []]);
    await closed;
    expect(events).toEqual(["error 3", "close 3 1006 "]);
  });

  test("error and close come in one task", async () => {
    const ws = new WebSocket("ws://localhost:1/");
    const log: string[] = [];
    ws.onerror = () => {
      log.push("error");
      queueMicrotask(() => log.push("microtask"));
    };
    await new Promise<void>((resolve) => {
      ws.onclose = () => {
        log.push("close");
        resolve();
      };
    });
    // Node runs no microtasks between two listeners that are called by the program.
    expect(log.slice(0, 2)).toEqual(["error", "close"]);
  });

  test("messages that are there when close() is called are dropped", async () => {
    const ws = await flooded("one", "two", "three");
    const { events, closed } = record(ws);
    ws.addEventListener("message", () => ws.close());
    await closed;
    expect(events.slice(0, 2)).toEqual(["open 1", "message 1 one"]);
    expect(events).toHaveLength(3);
    expect(events[2]).toMatch(/^close 3 1000 {2}clean$/);
  });

  test("the state is CLOSING between the server's Close and the end of the connection", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(plain.text("last"), plain.close(1001, "away"));
      await peer.frame();
      // The server does not hang up yet.
      await release;
      peer.socket.end();
    });
    let let_go: (() => void) | undefined;
    const release = new Promise<void>((resolve) => {
      let_go = resolve;
    });
    const ws = new WebSocket(url);
    const { events, closed } = record(ws);
    await next(ws, "message");
    await vi.waitFor(() => expect(ws.readyState).toBe(WebSocket.CLOSING));
    ws.close(3000);
    expect(events).toEqual(["open 1", "message 1 last"]);
    let_go?.();
    expect(await closed).toEqual({ code: 1001, reason: "away", wasClean: true });
  });

  test("a thousand messages in one chunk come one by one, and the Close last", async () => {
    const texts = Array.from({ length: 3000 }, (_, index) => `${index}`);
    const ws = await flooded(...texts);
    const { events, closed } = record(ws);
    await closed;
    expect(events).toEqual(["open 1", ...texts.map((text) => `message 1 ${text}`), "close 3 1000  clean"]);
  });
});

test("what a listener throws is an uncaught exception, and the connection goes on", async () => {
  const { url } = await serveWith("ws");
  const thrown = new Error("of the application");
  const caught = vi.fn();
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", caught);
  try {
    const ws = new WebSocket(url);
    const { events, closed } = record(ws);
    ws.onmessage = ({ data }) => {
      if (data === "one") throw thrown;
      ws.close();
    };
    await next(ws, "open");
    ws.send("one");
    ws.send("two");
    await closed;
    expect(events).toEqual(["open 1", "message 1 one", "message 1 two", "close 3 1005  clean"]);
    expect(caught.mock.calls.map(([error]) => error)).toEqual([thrown]);
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const other of others) process.on("uncaughtException", other);
  }
});

describe("binaryType", () => {
  test("decides as each message comes, and ignores what it does not know", async () => {
    const { url } = await serveWith("ws");
    const ws = new WebSocket(url);
    await next(ws, "open");
    const back = async () => {
      ws.send(Uint8Array.of(1, 2, 3));
      return (await next(ws, "message")).data as unknown;
    };
    const blob = await back();
    expect(blob).toBeInstanceOf(Blob);
    expect(new Uint8Array(await (blob as Blob).arrayBuffer())).toEqual(Uint8Array.of(1, 2, 3));
    ws.binaryType = "arraybuffer";
    const buffer = await back();
    expect(buffer).toBeInstanceOf(ArrayBuffer);
    expect(new Uint8Array(buffer as ArrayBuffer)).toEqual(Uint8Array.of(1, 2, 3));
    for (const wrong of ["Blob", "", "nodebuffer", null, undefined, 5]) {
      ws.binaryType = loosely(wrong);
      expect(ws.binaryType).toBe("arraybuffer");
    }
    expect(() => {
      ws.binaryType = loosely(Symbol("s"));
    }).toThrow(TypeError);
    ws.binaryType = "blob";
    expect(ws.binaryType).toBe("blob");
    ws.close();
  });
});

test("a socket that is open keeps the process alive, and nothing does when it has closed", async () => {
  const held = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
  const { url } = await serveWith("ws");
  await vi.waitFor(() => expect(held()).toBe(0));
  const ws = new WebSocket(url);
  const { closed } = record(ws);
  await next(ws, "open");
  expect(held()).toBeGreaterThan(0);
  ws.close();
  await closed;
  await vi.waitFor(() => expect(held()).toBe(0));
});

describe("the error behind an error event, beyond the standard", () => {
  test("is what connect rejects with", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.requested();
      peer.socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    });
    const ws = new WebSocket(url);
    const { cause } = await next<FailureEvent>(ws, "error");
    expect(cause).toMatchObject({ name: "HandshakeError", status: 403, body: "no" });
    const { closed } = new WebSocketStream(url);
    await expect(closed).rejects.toMatchObject({ name: "WebSocketError", cause: { status: 403 } });
  });

  test("is the rule that the server broke", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(plain.frame({ opcode: 3 }));
      await peer.framesToEnd();
      peer.socket.end();
    });
    const { cause } = await next<FailureEvent>(new WebSocket(url), "error");
    expect(cause).toMatchObject({ name: "ProtocolError", violation: "reserved-opcode" });
  });
});

test("a dispatchEvent of the application's own is not in the way", async () => {
  const { url } = await serveWith("ws");
  class Own extends WebSocket {
    override dispatchEvent(): boolean {
      throw new Error("never called");
    }
  }
  const ws = new Own(url);
  const { events, closed } = record(ws);
  ws.onopen = () => ws.close();
  await closed;
  expect(events).toEqual(["open 1", "close 3 1005  clean"]);
});
