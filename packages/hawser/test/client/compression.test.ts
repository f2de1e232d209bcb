// The option compression of connect, and of the classes of browsers: what is offered, and what comes of the answer.
import { connect, reconnecting, WebSocket, WebSocketStream } from "hawser";
import { afterEach, describe, expect, test } from "vitest";
import { deflated, inflated } from "../support/deflate.ts";
import { plain } from "../support/frames.ts";
import { type Asked, type Caller, ScriptedServer } from "../support/scripted-server.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const FRUGAL =
  "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits";
const ANSWER = "permessage-deflate; server_no_context_takeover";
const text = "compressed, compressed, ".repeat(100);

/** A server that answers with these extensions, and what it was asked. */
async function answering(extensions: string | undefined) {
  const server = await ScriptedServer.listen();
  ends.push(() => server.close());
  const meeting = async (): Promise<{ caller: Caller; asked: Asked }> => {
    const caller = await server.callers.take();
    const asked = await caller.accept({ headers: { "Sec-WebSocket-Extensions": extensions } });
    return { caller, asked };
  };
  return { url: server.url(), meeting };
}

const offerOf = (asked: Asked) => asked.headers["sec-websocket-extensions"];

describe("connect", () => {
  test("offers nothing by default", async () => {
    const { url, meeting } = await answering(undefined);
    const [ws, { asked }] = await Promise.all([connect(url), meeting()]);
    expect(offerOf(asked)).toBeUndefined();
    expect(ws.can.compression).toBe(false);
    await ws.terminate();
  });

  test.each([
    [true, FRUGAL],
    [{ contextTakeover: true, windowBits: 15 }, "permessage-deflate; client_max_window_bits"],
  ])("offers what %j says, and compresses both ways if the server agrees", async (compression, offer) => {
    const { url, meeting } = await answering(ANSWER);
    const [ws, { asked, caller }] = await Promise.all([connect(url, { compression }), meeting()]);
    expect(offerOf(asked)).toBe(offer);
    expect(ws.can.compression).toBe(true);
    ws.send(text);
    const frame = await caller.frame();
    expect(frame).toMatchObject({ rsv: 0x40, masked: true });
    expect(inflated(frame!.payload).toString()).toBe(text);
    caller.write(plain.text(deflated("from the server"), { rsv: 0x40 }));
    expect(await ws.receive()).toBe("from the server");
    await ws.terminate();
  });

  test("goes on without if the server does", async () => {
    const { url, meeting } = await answering(undefined);
    const [ws, { caller }] = await Promise.all([connect(url, { compression: true }), meeting()]);
    expect(ws.can.compression).toBe(false);
    ws.send(text);
    expect(await caller.frame()).toMatchObject({ rsv: 0, payload: Buffer.from(text) });
    caller.write(plain.text("x", { rsv: 0x40 }));
    expect(await ws.closed).toMatchObject({ code: 1002 });
  });

  test("wrong options are mistakes at the call", async () => {
    const wrong = { compression: { level: 10 } };
    await expect(connect("ws://localhost:1/", wrong)).rejects.toThrow(RangeError);
    expect(() => reconnecting("ws://localhost:1/", wrong)).toThrow(RangeError);
    expect(() => new WebSocket("ws://localhost:1/", wrong)).toThrow(RangeError);
    expect(() => new WebSocketStream("ws://localhost:1/", wrong)).toThrow(RangeError);
  });
});

describe("reconnecting", () => {
  test("compress: false holds for a message, sent at once or after it has waited", async () => {
    const { url, meeting } = await answering(ANSWER);
    const client = reconnecting(url, { compression: true });
    ends.push(() => client.close());
    expect(client.send(text, { compress: false })).toBe(true);
    expect(client.send(text)).toBe(true);
    const { caller } = await meeting();
    expect((await caller.frame())?.rsv).toBe(0);
    expect((await caller.frame())?.rsv).toBe(0x40);
    client.send(text, { compress: false });
    client.send(text, { compress: true });
    expect((await caller.frame())?.rsv).toBe(0);
    expect((await caller.frame())?.rsv).toBe(0x40);
    caller.socket.destroy();
  });

  test("wrong options of a message are thrown at the call, whether it would wait or not", async () => {
    const client = reconnecting("ws://localhost:1/", { compression: true });
    const wrong: object = { compression: false };
    expect(() => client.send("x", wrong)).toThrow(TypeError);
    await client.close();
  });
});

describe("the classes of browsers", () => {
  test("WebSocket offers it as browsers do, and says what the server answered", async () => {
    const { url, meeting } = await answering(ANSWER);
    const ws = new WebSocket(url);
    const { asked, caller } = await meeting();
    expect(offerOf(asked)).toBe(FRUGAL);
    await new Promise((resolve) => ws.addEventListener("open", resolve));
    expect(ws.extensions).toBe(ANSWER);
    const message = new Promise((resolve) => ws.addEventListener("message", ({ data }) => resolve(data)));
    caller.write(plain.text(deflated(text), { rsv: 0x40 }));
    expect(await message).toBe(text);
    ws.send(text);
    expect(inflated((await caller.frame())!.payload).toString()).toBe(text);
    const closed = new Promise((resolve) => ws.addEventListener("close", resolve));
    caller.socket.destroy();
    await closed;
  });

  test("WebSocketStream too, unless it is told not to", async () => {
    const { url, meeting } = await answering(undefined);
    const plainly = new WebSocketStream(url, { compression: false });
    const first = await meeting();
    expect(offerOf(first.asked)).toBeUndefined();
    expect((await plainly.opened).extensions).toBe("");
    const eager = new WebSocketStream(url, { compression: { contextTakeover: true, windowBits: 15 } });
    const second = await meeting();
    expect(offerOf(second.asked)).toBe("permessage-deflate; client_max_window_bits");
    await eager.opened;
    for (const { caller } of [first, second]) caller.socket.destroy();
    await Promise.allSettled([plainly.closed, eager.closed]);
  });

  test("large text is compressed on the pool, and bufferedAmount comes down to nothing", async () => {
    const { url, meeting } = await answering(ANSWER);
    const ws = new WebSocket(url);
    const { caller } = await meeting();
    await new Promise((resolve) => ws.addEventListener("open", resolve));
    const large = text.repeat(100);
    ws.send(large);
    ws.send(large);
    expect(ws.bufferedAmount).toBe(2 * large.length);
    for (const frame of await caller.frames(2)) expect(inflated(frame.payload).toString()).toBe(large);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ws.bufferedAmount).toBe(0);
    const closed = new Promise((resolve) => ws.addEventListener("close", resolve));
    caller.socket.destroy();
    await closed;
  });
});
