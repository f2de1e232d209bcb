// WebSocketStream: opening, reading, writing and closing, with backpressure both ways.
import { Buffer } from "node:buffer";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { WebSocketError } from "../../../src/client/whatwg/websocket-error.ts";
import { WebSocketStream } from "../../../src/client/whatwg/websocket-stream.ts";
import { plain, type ReadFrame } from "../../support/frames.ts";
import { loosely, type Peer, schemes, scripted, serveWith, thrownBy } from "./support.ts";

/** What a promise rejects with. */
async function reasonOf(promise: Promise<unknown>): Promise<any> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not reject");
}

/** What a promise has come to by now. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  const pending = {};
  try {
    return (await Promise.race([promise, Promise.resolve(pending)])) === pending ? "pending" : "resolved";
  } catch {
    return "rejected";
  }
}

async function turns(count = 20): Promise<void> {
  for (let passed = 0; passed < count; passed += 1) await turn();
}

/** A server that gives back the Close that it gets, and then hangs up. */
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

const nowhere = "ws://localhost:1/";

describe("the constructor", () => {
  test.each([
    [true, /must be an object/],
    ["chat", /must be an object/],
    [{ protocols: "chat" }, /protocols must be a list/],
    [{ protocols: null }, /protocols must be a list/],
    [{ protocols: [Symbol("s")] }, /symbol/],
    [{ signal: "abort" }, /signal must be an AbortSignal/],
    [{ signal: null }, /signal must be an AbortSignal/],
    [{ tls: 5 }, /tls/],
    [{ limits: { messages: 1 } }, /limits\.messages/],
  ])("refuses %j", (options, message) => {
    expect(() => new WebSocketStream(nowhere, loosely(options))).toThrow(TypeError);
    expect(() => new WebSocketStream(nowhere, loosely(options))).toThrow(message);
  });

  test("ignores names that it does not know, as a dictionary does, and null", async () => {
    for (const options of [{ unheard: "of" }, null, undefined])
      expect(new WebSocketStream(nowhere, loosely(options)).url).toBe(nowhere);
  });
});

describe.each(schemes)("over %s", (scheme) => {
  test("opens with both streams, reads and writes both kinds of message, and closes", async () => {
    const { url, options } = await serveWith(scheme);
    const wss = new WebSocketStream(url, options);
    const info = await wss.opened;
    expect(Object.keys(info)).toEqual(["extensions", "protocol", "readable", "writable"]);
    expect([wss.url, info.extensions, info.protocol]).toEqual([url, "", ""]);
    expect(info.readable).toBeInstanceOf(ReadableStream);
    expect(info.writable).toBeInstanceOf(WritableStream);
    const writer = info.writable.getWriter();
    const reader = info.readable.getReader();
    await writer.write("text");
    expect(await reader.read()).toEqual({ value: "text", done: false });
    for (const bytes of [
      Uint8Array.of(1, 2),
      Uint8Array.of(1, 2).buffer,
      new DataView(Uint8Array.of(1, 2).buffer),
    ]) {
      await writer.write(bytes);
      const { value } = await reader.read();
      expect(loosely(value).constructor).toBe(Uint8Array);
      expect(value).toEqual(Uint8Array.of(1, 2));
    }
    await writer.write(loosely({ toString: () => "made a string" }));
    expect((await reader.read()).value).toBe("made a string");
    wss.close({ closeCode: 3456, reason: "pizza" });
    expect(await wss.closed).toEqual({ closeCode: 3456, reason: "pizza" });
    expect(await reader.read()).toEqual({ value: undefined, done: true });
    expect(await reasonOf(writer.write("late"))).toMatchObject({ name: "InvalidStateError" });
  });

  test("the subprotocol that was chosen is told", async () => {
    const { url, options } = await scripted(scheme, async (peer) => {
      await peer.requested();
      peer.socket.write(peer.answer(["Sec-WebSocket-Protocol: alpha"]));
      peer.socket.write(plain.text("alpha"));
    });
    const wss = new WebSocketStream(url, { ...options, protocols: new Set(["alpha", "beta"]) });
    const { protocol, readable } = await wss.opened;
    expect([protocol, (await readable.getReader().read()).value]).toEqual(["alpha", "alpha"]);
  });

  test.each([
    ["nothing", undefined, "", 1005, ""],
    ["null", null, "", 1005, ""],
    ["an empty object", {}, "", 1005, ""],
    ["an empty reason", { reason: "" }, "", 1005, ""],
    ["a reason alone", { reason: "non-empty" }, "03e86e6f6e2d656d707479", 1000, "non-empty"],
    ["a code alone", { closeCode: 4000 }, "0fa0", 4000, ""],
  ])("close() with %s", async (_, info, hex, closeCode, reason) => {
    const { url, options, got } = await closable(scheme);
    const wss = new WebSocketStream(url, options);
    await wss.opened;
    wss.close(loosely(info));
    expect(await wss.closed).toEqual({ closeCode, reason });
    expect(got[0]?.payload.toString("hex")).toBe(hex);
  });

  test("a handshake that is refused rejects both promises", async () => {
    const { url, options } = await scripted(scheme, async (peer) => {
      await peer.requested();
      peer.socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    });
    const wss = new WebSocketStream(url, options);
    for (const promise of [wss.opened, wss.closed]) {
      const error = await reasonOf(promise);
      expect(error.constructor).toBe(WebSocketError);
      expect([error.closeCode, error.reason]).toEqual([1006, ""]);
    }
    // Closed is closed.
    wss.close();
  });
});

describe("close()", () => {
  test.each([
    [true, "TypeError"],
    [{ closeCode: "x" }, "TypeError"],
    [{ closeCode: 65536 }, "TypeError"],
    [{ closeCode: 999 }, "InvalidAccessError"],
    [{ closeCode: 1001 }, "InvalidAccessError"],
    [{ closeCode: 2999 }, "InvalidAccessError"],
    [{ closeCode: 5000 }, "InvalidAccessError"],
    [{ reason: ".".repeat(124) }, "SyntaxError"],
  ])("refuses %j with a %s", (info, name) => {
    expect(thrownBy(() => new WebSocketStream(nowhere).close(loosely(info))).name).toBe(name);
  });

  test("while connecting rejects both promises, later", async () => {
    const { url } = await serveWith("ws");
    const wss = new WebSocketStream(url);
    wss.close();
    expect([await stateOf(wss.opened), await stateOf(wss.closed)]).toEqual(["pending", "pending"]);
    expect((await reasonOf(wss.opened)).constructor).toBe(WebSocketError);
    expect((await reasonOf(wss.closed)).constructor).toBe(WebSocketError);
  });

  test("again does nothing", async () => {
    const { url, got } = await closable();
    const wss = new WebSocketStream(url);
    await wss.opened;
    wss.close({ closeCode: 3000 });
    wss.close({ closeCode: 3001 });
    expect(await wss.closed).toEqual({ closeCode: 3000, reason: "" });
    expect(got).toHaveLength(1);
  });

  test("does not wait for what nobody has read", async () => {
    const texts = Array.from({ length: 50 }, (_, index) => plain.text(`${index}`));
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(...texts);
      const frame = await peer.frame();
      peer.socket.end(plain.frame({ opcode: 8, payload: frame!.payload }));
    });
    const wss = new WebSocketStream(url);
    const { readable } = await wss.opened;
    const reader = readable.getReader();
    expect((await reader.read()).value).toBe("0");
    await turns(5);
    wss.close({ closeCode: 3000 });
    expect(await wss.closed).toEqual({ closeCode: 3000, reason: "" });
    // What was in the stream can still be read.
    expect(await reader.read()).toEqual({ value: "1", done: false });
    expect(await reader.read()).toEqual({ value: undefined, done: true });
  });
});

describe("the server closes", () => {
  test("cleanly: the readable ends, the writable is in error, closed resolves", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(plain.close(4000, "ロボット"));
      await peer.frame();
      peer.socket.end();
    });
    const wss = new WebSocketStream(url);
    const { readable, writable } = await wss.opened;
    expect(await wss.closed).toEqual({ closeCode: 4000, reason: "ロボット" });
    expect(await readable.getReader().read()).toEqual({ value: undefined, done: true });
    expect(await reasonOf(writable.getWriter().ready)).toMatchObject({ name: "InvalidStateError" });
  });

  test("with one message before, which nobody has to read for closed to resolve", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(plain.text("last"), plain.close());
      await peer.frame();
      peer.socket.end();
    });
    const wss = new WebSocketStream(url);
    const { readable } = await wss.opened;
    expect(await wss.closed).toEqual({ closeCode: 1005, reason: "" });
    const reader = readable.getReader();
    expect(await reader.read()).toEqual({ value: "last", done: false });
    expect(await reader.read()).toEqual({ value: undefined, done: true });
  });

  test("with many messages before, which are read first", async () => {
    const count = 200;
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(
        ...Array.from({ length: count }, (_, index) => plain.text(`${index}`)),
        plain.close(1000),
      );
      await peer.frame();
      peer.socket.end();
    });
    const wss = new WebSocketStream(url);
    const { readable } = await wss.opened;
    await turns();
    expect(await stateOf(wss.closed)).toBe("pending");
    const read: unknown[] = [];
    for await (const message of readable) read.push(message);
    expect(read).toEqual(Array.from({ length: count }, (_, index) => `${index}`));
    expect(await wss.closed).toEqual({ closeCode: 1000, reason: "" });
  });

  test("without a Close: both streams and closed fail with one error", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      peer.socket.end();
    });
    const wss = new WebSocketStream(url);
    const { readable, writable } = await wss.opened;
    const error = await reasonOf(wss.closed);
    expect([error.constructor, error.name, error.closeCode]).toEqual([
      WebSocketError,
      "WebSocketError",
      1006,
    ]);
    expect(await reasonOf(readable.getReader().read())).toBe(error);
    expect(await reasonOf(writable.getWriter().ready)).toBe(error);
  });

  test("without a Close, with messages unread: closed rejects all the same", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(...Array.from({ length: 50 }, () => plain.text("unread")));
      peer.socket.end();
    });
    const wss = new WebSocketStream(url);
    await wss.opened;
    expect(await reasonOf(wss.closed)).toMatchObject({ name: "WebSocketError", closeCode: 1006 });
  });

  test("in the middle of our closing handshake: that is not clean", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.socket.end();
    });
    const wss = new WebSocketStream(url);
    await wss.opened;
    wss.close({ closeCode: 4000, reason: "because" });
    expect(await reasonOf(wss.closed)).toMatchObject({ name: "WebSocketError", closeCode: 1006 });
  });

  test("with a violation: not with our code for it", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(plain.text(Buffer.from([0xff])));
      await peer.framesToEnd();
      peer.socket.end();
    });
    const wss = new WebSocketStream(url);
    expect(await reasonOf(wss.closed)).toMatchObject({ closeCode: 1006, reason: "" });
  });
});

describe("the writer", () => {
  test("may close: that is done when the closing handshake is", async () => {
    let hangUp: (() => void) | undefined;
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      await peer.frame();
      hangUp = () => peer.socket.end(plain.close());
    });
    const wss = new WebSocketStream(url);
    const { writable } = await wss.opened;
    const closing = writable.getWriter().close();
    while (hangUp === undefined) await turn();
    await turns();
    expect(await stateOf(closing)).toBe("pending");
    hangUp();
    await closing;
    expect(await wss.closed).toEqual({ closeCode: 1005, reason: "" });
  });

  test("may close, and hears of an end that is not clean", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.socket.end();
    });
    const wss = new WebSocketStream(url);
    const { writable } = await wss.opened;
    const error = await reasonOf(writable.getWriter().close());
    expect(error).toMatchObject({ name: "WebSocketError", closeCode: 1006 });
    expect(await reasonOf(wss.closed)).toBe(error);
  });

  test.each([
    ["what cannot be made a string", { toString: () => ({}) }],
    ["a symbol", Symbol("s")],
    ["a resizable buffer", Reflect.construct(ArrayBuffer, [4, { maxByteLength: 8 }])],
    ["a view of shared memory", new Uint8Array(new SharedArrayBuffer(4))],
  ])("gets a TypeError for %s", async (_, chunk) => {
    const { url } = await serveWith("ws");
    const wss = new WebSocketStream(url);
    const { writable } = await wss.opened;
    expect(await reasonOf(writable.getWriter().write(loosely(chunk)))).toBeInstanceOf(TypeError);
    wss.close();
  });

  test("waits for a server that does not read", async () => {
    let peer: Peer | undefined;
    const { url } = await scripted("ws", async (accepted) => {
      await accepted.accept();
      accepted.socket.pause();
      peer = accepted;
    });
    const wss = new WebSocketStream(url);
    const { writable } = await wss.opened;
    const writer = writable.getWriter();
    await writer.write("small");
    const writing = writer.write(new Uint8Array(16 * 1024 * 1024));
    await turns(50);
    expect(await stateOf(writing)).toBe("pending");
    expect(writer.desiredSize).toBe(0);
    peer?.socket.resume();
    await writing;
    await writer.ready;
    expect(writer.desiredSize).toBe(1);
  });

  test("takes its bytes as they are at the call", async () => {
    const { url } = await serveWith("ws");
    const wss = new WebSocketStream(url);
    const { readable, writable } = await wss.opened;
    const bytes = new Uint8Array(100_000).fill(1);
    const writing = writable.getWriter().write(bytes);
    await Promise.resolve();
    bytes.fill(2);
    await writing;
    const { value } = await readable.getReader().read();
    expect(loosely(value).every((byte: number) => byte === 1)).toBe(true);
    wss.close();
  });

  test("whose message the server did not wait for learns that, and closed rejects", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.socket.pause();
      peer.socket.write(plain.close(4567, "enough"));
      await turns(50);
      peer.socket.resume();
      peer.socket.end();
    });
    const wss = new WebSocketStream(url);
    const { writable } = await wss.opened;
    const writer = writable.getWriter();
    const goodbye = writer.write("Goodbye");
    const big = writer.write(new Uint8Array(16 * 1024 * 1024));
    await goodbye;
    const error = await reasonOf(wss.closed);
    expect([error.constructor, error.closeCode, error.reason]).toEqual([WebSocketError, 4567, "enough"]);
    const cut = await reasonOf(big);
    expect(cut).toMatchObject({ name: "InvalidStateError" });
    expect(await reasonOf(writer.write("word"))).toBe(cut);
  });

  test("that writes when the server's Close has come already learns that as well", async () => {
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept(plain.close(4567));
      await peer.frame();
      peer.socket.end();
    });
    const wss = new WebSocketStream(url);
    const { writable } = await wss.opened;
    const writing = writable.getWriter().write(new Uint8Array(10));
    const error = await reasonOf(wss.closed);
    expect([error.constructor, error.closeCode]).toEqual([WebSocketError, 4567]);
    expect(await reasonOf(writing)).toMatchObject({ name: "InvalidStateError" });
  });

  test("that writes after close() is told that it was too late", async () => {
    const { url, got } = await closable();
    const wss = new WebSocketStream(url);
    const { writable } = await wss.opened;
    wss.close();
    const writing = writable.getWriter().write("late");
    expect(await wss.closed).toEqual({ closeCode: 1005, reason: "" });
    expect(await reasonOf(writing)).toMatchObject({ name: "InvalidStateError" });
    expect(got).toHaveLength(1);
  });

  test("whose message is under way when we close: it goes out, and the end is clean", async () => {
    const size = 16 * 1024 * 1024;
    let got = 0;
    const { url } = await serveWith(
      "ws",
      async (session) => {
        for await (const message of session) got += message.length;
      },
      { limits: { message: size } },
    );
    const wss = new WebSocketStream(url);
    const { writable } = await wss.opened;
    const writer = writable.getWriter();
    const writing = writer.write(new Uint8Array(size));
    await turn();
    wss.close();
    expect(await wss.closed).toEqual({ closeCode: 1005, reason: "" });
    await writing;
    expect(got).toBe(size);
    expect(await reasonOf(writer.write("late"))).toMatchObject({ name: "InvalidStateError" });
  });
});

describe.each(schemes)("backpressure on the reader's side, over %s", (scheme) => {
  test("the server is held up until messages are read", async () => {
    const size = 512 * 1024;
    const count = 40;
    let sent = 0;
    const { url, options } = await serveWith(scheme, async (session) => {
      for (; sent < count; sent += 1) {
        session.send(new Uint8Array(size));
        await session.drain();
      }
      await session.closed;
    });
    const wss = new WebSocketStream(url, options);
    const { readable } = await wss.opened;
    await turns(100);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(count);
    const reader = readable.getReader();
    for (let index = 0; index < count; index += 1) expect((await reader.read()).value).toHaveLength(size);
    expect(sent).toBe(count);
    wss.close();
    await wss.closed;
  });
});

describe.each([
  ["aborting the writable", (info: any, reason?: unknown) => info.writable.abort(reason)],
  ["cancelling the readable", (info: any, reason?: unknown) => info.readable.cancel(reason)],
])("%s", (_, act) => {
  test.each([
    ["nothing", () => undefined, 1005, ""],
    ["what is no WebSocketError", () => ({ closeCode: 3333, reason: "obsolete" }), 1005, ""],
    [
      "a DOMException with such properties",
      () => Object.assign(new DOMException("yes", "DataCloneError"), { closeCode: 1000, reason: "ignored" }),
      1005,
      "",
    ],
    ["a code", () => new WebSocketError("", { closeCode: 3333 }), 3333, ""],
    ["a code and a reason", () => new WebSocketError("", { closeCode: 3456, reason: "set" }), 3456, "set"],
    ["a reason", () => new WebSocketError("", { reason: "specified" }), 1000, "specified"],
  ])("with %s", async (__, reason, closeCode, text) => {
    const { url } = await closable();
    const wss = new WebSocketStream(url);
    await act(await wss.opened, reason());
    expect(await wss.closed).toEqual({ closeCode, reason: text });
  });

  test("with the error of another connection, whose code may not be sent", async () => {
    const lost = await reasonOf(new WebSocketStream(nowhere).closed);
    expect(lost.closeCode).toBe(1006);
    const { url } = await closable();
    const wss = new WebSocketStream(url);
    await act(await wss.opened, lost);
    expect(await wss.closed).toEqual({ closeCode: 1005, reason: "" });
  });
});

test("abort() does not wait for a server that does not read", async () => {
  let peer: Peer | undefined;
  const { url } = await scripted("ws", async (accepted) => {
    await accepted.accept();
    accepted.socket.pause();
    peer = accepted;
  });
  const wss = new WebSocketStream(url);
  const { writable } = await wss.opened;
  const writer = writable.getWriter();
  void writer.write(new Uint8Array(16 * 1024 * 1024));
  await turns(5);
  await writer.abort();
  peer?.socket.destroy();
  expect(await reasonOf(wss.closed)).toMatchObject({ closeCode: 1006 });
});

test("a write that never went out is cut short, though both ends have sent a Close", async () => {
  let peer: Peer | undefined;
  const { url } = await scripted("ws", async (accepted) => {
    await accepted.accept();
    accepted.socket.pause();
    peer = accepted;
  });
  const wss = new WebSocketStream(url);
  const { writable } = await wss.opened;
  const writing = writable.getWriter().write(new Uint8Array(16 * 1024 * 1024));
  await turns(5);
  wss.close();
  // It has not read ours, and does not wait for it.
  peer?.socket.write(plain.close(1000));
  await turns(5);
  peer?.socket.destroy();
  expect(await reasonOf(wss.closed)).toMatchObject({ closeCode: 1000 });
  expect(await reasonOf(writing)).toMatchObject({ name: "InvalidStateError" });
});

describe("the signal", () => {
  test("that is aborted already: nothing is dialled", async () => {
    let dialled = 0;
    const createConnection = () => {
      dialled += 1;
      throw new Error("dialled");
    };
    const wss = new WebSocketStream("ws://localhost:8080/", {
      signal: AbortSignal.abort(),
      createConnection,
    });
    for (const promise of [wss.opened, wss.closed])
      expect(await reasonOf(promise)).toMatchObject({ name: "AbortError" });
    await turns();
    expect(dialled).toBe(0);
    wss.close();
  });

  test("ends the handshake, with its reason", async () => {
    let hungUp = false;
    const { url, connections } = await scripted("ws", (peer) => {
      peer.socket.on("end", () => {
        hungUp = true;
      });
    });
    const controller = new AbortController();
    const wss = new WebSocketStream(url, { signal: controller.signal });
    while (connections() === 0) await turn();
    const reason = new Error("changed my mind");
    controller.abort(reason);
    expect(await reasonOf(wss.opened)).toBe(reason);
    expect(await reasonOf(wss.closed)).toBe(reason);
    await vi.waitFor(() => expect(hungUp).toBe(true));
  });

  test("does nothing once the connection is open, and is let go of", async () => {
    const { url } = await serveWith("ws");
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, "addEventListener");
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    const wss = new WebSocketStream(url, { signal: controller.signal });
    const { readable, writable } = await wss.opened;
    controller.abort();
    void writable.getWriter().write("connected");
    expect((await readable.getReader().read()).value).toBe("connected");
    const count = (spy: typeof added | typeof removed) =>
      spy.mock.calls.filter(([type]) => type === "abort").length;
    expect(count(removed)).toBeGreaterThanOrEqual(count(added));
    wss.close();
    await wss.closed;
  });
});

test("no promise that is handed out is an unhandled rejection", async () => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  try {
    const failing = new WebSocketStream(nowhere);
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.socket.resetAndDestroy();
    });
    const lost = new WebSocketStream(url);
    const { writable } = await lost.opened;
    void writable.getWriter().write("x");
    await reasonOf(lost.closed);
    await reasonOf(failing.opened);
    await turns();
    expect(unhandled).not.toHaveBeenCalled();
  } finally {
    process.off("unhandledRejection", unhandled);
  }
});
