// acceptStream on streams that are no sockets, and what it says of those that bring no WebSocket.
import { Buffer } from "node:buffer";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Duplex } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type AcceptStreamOptions,
  acceptStream,
  HandshakeError,
  ManualClock,
  type PendingHandshake,
} from "hawser";
import { expect, expectTypeOf, test } from "vitest";
import { eventually, Guard } from "../serve/support/guard.ts";
import { ACCEPT, plainRequest, request } from "../serve/support/requests.ts";
import { masked, plain } from "../support/frames.ts";

const guard = new Guard();

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** One end of a connection that is no socket: what is written stays here, and what is given comes in. */
class Line extends Duplex {
  readonly #written: Buffer[] = [];
  finished = false;

  constructor(...given: readonly Uint8Array[]) {
    super();
    this.give(...given);
  }

  give(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) this.push(chunk);
    return this;
  }

  hangUp(): void {
    this.push(null);
  }

  get written(): Buffer {
    return Buffer.concat(this.#written);
  }

  get text(): string {
    return this.written.toString("latin1");
  }

  override _read(): void {
    // It is pushed to.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#written.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.finished = true;
    done();
  }
}

async function ask(line: Line, options?: AcceptStreamOptions): Promise<PendingHandshake> {
  const pending = await acceptStream(line, options);
  if (!pending.ok) throw pending.error;
  return pending;
}

test("an answer with long headers comes whole, before the first message", async () => {
  const line = new Line(request());
  const pending = await ask(line);
  const long = "x".repeat(20_000);
  const ws = await pending.accept({ headers: { "X-Long": long } });
  ws.send("hi");
  await eventually(() => line.text.endsWith("hi"), "the message");
  expect(line.text).toMatch(/^HTTP\/1\.1 101 /);
  expect(line.text).toContain(`\r\nX-Long: ${long}\r\n\r\n`);
  line.destroy();
  await ws.closed;
});

test("any Duplex will do", async () => {
  const line = new Line(request({ headers: { Cookie: "a=b" } }));
  const pending = await ask(line);
  expect(pending.request).toMatchObject({
    method: "GET",
    path: "/",
    host: "localhost",
    remoteAddress: undefined,
    secure: false,
  });
  expect(pending.request.cookies["a"]).toBe("b");
  const ws = await pending.accept({ headers: { "X-Room": "7" }, state: { user: "ann" } });
  expectTypeOf(ws.state).toEqualTypeOf<{ user: string }>();
  expect([ws.state.user, ws.response.headers.get("x-room")]).toEqual(["ann", "7"]);
  line.give(masked.text("hello"));
  expect(await ws.receive()).toBe("hello");
  ws.send("world");
  await eventually(() => line.text.includes("world"), "the answer");
  expect(line.text).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
  expect(line.text).toContain(`Sec-WebSocket-Accept: ${ACCEPT}\r\n`);
  expect(line.written.subarray(-7)).toEqual(plain.text("world"));
  line.give(masked.close(1000));
  line.hangUp();
  expect(await ws.closed).toMatchObject({ code: 1000, clean: true });
});

test("accepts narrows what is received", async () => {
  const pending = await acceptStream(new Line(request(), masked.binary(Buffer.of(1))), { accepts: "text" });
  if (!pending.ok) throw pending.error;
  const ws = await pending.accept();
  const message = await ws.receive();
  expectTypeOf(message).toEqualTypeOf<string | undefined>();
  expect(message).toBeUndefined();
  expect(await ws.terminate()).toMatchObject({ code: 1003, cause: "protocol" });
});

test.each([0, 1, 20, 1000])("head: %i bytes were read before", async (size) => {
  const all = Buffer.concat([request(), masked.text("early")]);
  const ws = await (await ask(new Line(all.subarray(size)), { head: all.subarray(0, size) })).accept();
  expect(await ws.receive()).toBe("early");
  await ws.terminate();
});

test("a handshake that comes byte by byte", async () => {
  const line = new Line();
  const asking = ask(line);
  for (const byte of request()) {
    line.give(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await (await (await asking).accept()).terminate();
});

test.each([
  ["plain HTTP", plainRequest(), 426],
  ["a wrong version", request({ headers: { "Sec-WebSocket-Version": "8" } }), 426],
  ["no HTTP", Buffer.from("hello\r\n"), 400],
  ["a foreign page", request({ headers: { Origin: "http://evil.example" } }), 403],
])("%s: the peer has its answer, the caller the reason, the channel both", async (_what, bytes, status) => {
  const told: unknown[] = [];
  const listen = (message: unknown) => told.push(message);
  subscribe("hawser:handshake:refused", listen);
  const line = new Line(bytes);
  const result = await acceptStream(line);
  unsubscribe("hawser:handshake:refused", listen);
  expect(result).toMatchObject({
    ok: false,
    error: { name: "HandshakeError", code: "ERR_HAWSER_HANDSHAKE", status },
  });
  if (result.ok) throw new Error("accepted");
  expect(result.error.rule).toMatch(/^RFC \d+ §/);
  expect(told).toEqual([{ error: result.error, remoteAddress: undefined }]);
  await eventually(() => line.finished, "the end of our side");
  expect(line.text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^\\r]*\\r\\nConnection: close`));
  expect(line.text.endsWith(result.error.body)).toBe(true);
  expect(line.destroyed).toBe(false);
  line.hangUp();
  await eventually(() => line.destroyed, "the end");
});

test.each([
  ["ends", (line: Line) => line.hangUp(), undefined],
  ["is destroyed", (line: Line) => void line.destroy(), undefined],
  ["breaks", (line: Line) => void line.destroy(new Error("cut")), "cut"],
])("a stream that %s before its request is complete", async (_what, end, cause) => {
  const line = new Line(request().subarray(0, 40));
  const asking = acceptStream(line);
  await new Promise((resolve) => setImmediate(resolve));
  end(line);
  const result = await asking;
  expect(result).toMatchObject({ ok: false, error: { status: 0 } });
  if (result.ok) throw new Error("accepted");
  expect(result.error).toBeInstanceOf(HandshakeError);
  expect(result.error.message).toMatch(/hung up|was lost/);
  expect(Object(result.error.cause).message).toBe(cause);
  expect(line.text).toBe("");
});

test("a stream that was over before", async () => {
  const line = new Line();
  line.destroy();
  await eventually(() => line.closed, "closed");
  expect(await acceptStream(line)).toMatchObject({ ok: false, error: { status: 0 } });
});

test("early bytes that come one by one cost little more than bytes", async () => {
  const line = new Line(request());
  const pending = await ask(line);
  const text = "x".repeat(200_000);
  const frame = masked.text(text);
  const held = () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = held();
  for (const [index, byte] of frame.entries()) {
    line.give(Buffer.from(Uint8Array.of(byte)));
    // So that the stream has delivered what was given: what it holds itself is not meant here.
    if (index % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(held() - before).toBeLessThan(20 * frame.length);
  const ws = await pending.accept();
  expect((await ws.receive()) === text).toBe(true);
  await ws.terminate();
});

test("a refusal of the application's is told to subscribers with the beginning of its body", async () => {
  const told: unknown[] = [];
  const listen = (message: unknown) => told.push(Object(message).error);
  subscribe("hawser:handshake:refused", listen);
  for (const body of ["who?", "x".repeat(101), undefined]) {
    const line = new Line(request());
    const refused = (await ask(line)).refuse(401, body);
    line.hangUp();
    await refused;
  }
  unsubscribe("hawser:handshake:refused", listen);
  expect(told).toMatchObject([
    { status: 401, message: "refused with 401: who?", body: "who?" },
    { status: 401, message: `refused with 401: ${"x".repeat(100)}`, body: "x".repeat(101) },
    { status: 401, message: "refused with 401" },
  ]);
});

test("refuse() resolves when the peer has hung up, or after a second", async () => {
  const clock = new ManualClock();
  guard.clock(clock);
  const polite = new Line(request());
  let refused = (await ask(polite, { clock })).refuse(401, "who?", { "WWW-Authenticate": "Basic" });
  await eventually(() => polite.finished, "the answer");
  expect(polite.text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n.*WWW-Authenticate: Basic\r\n\r\nwho\?$/s);
  polite.hangUp();
  await refused;
  const stubborn = new Line(request());
  refused = (await ask(stubborn, { clock })).refuse(403);
  await eventually(() => stubborn.finished, "the answer");
  stubborn.give(Buffer.from("but I want to"));
  clock.advance(1000);
  await refused;
  expect(stubborn.destroyed).toBe(true);
  expect(clock.pending).toBe(0);
});

test("who answers after the deadline answers nobody", async () => {
  const clock = new ManualClock();
  guard.clock(clock);
  const line = new Line(request());
  const pending = await ask(line, { clock, timeouts: { handshake: 100 } });
  clock.advance(100);
  await eventually(() => line.finished, "the answer");
  expect(line.text).toMatch(/^HTTP\/1\.1 503 /);
  const { length } = line.written;
  const refused = pending.refuse(403);
  line.hangUp();
  await refused;
  expect(line.written).toHaveLength(length);
});

test("a connection that is accepted too late has ended, and says why", async () => {
  const clock = new ManualClock();
  guard.clock(clock);
  const line = new Line(request());
  const pending = await ask(line, { clock, timeouts: { handshake: 100 } });
  clock.advance(100);
  const ws = await pending.accept();
  expect([ws.phase, ws.send("too late"), await ws.receive()]).toEqual(["closed", false, undefined]);
  expect(await ws.closed).toMatchObject({
    code: 1006,
    clean: false,
    cause: "timeout",
    limit: "timeouts.handshake",
  });
});

test("a connection that is accepted when its peer has gone has ended, and says so", async () => {
  const line = new Line(request());
  const pending = await ask(line);
  line.hangUp();
  await eventually(() => line.destroyed, "the end");
  const ws = await pending.accept();
  expect([ws.phase, await ws.receive()]).toEqual(["closed", undefined]);
  expect(await ws.closed).toMatchObject({
    code: 1006,
    clean: false,
    cause: "lost",
    error: { name: "HandshakeError" },
  });
  expect(line.text).toBe("");
});

test("a head that is no bytes is the caller's mistake, and not the peer's", async () => {
  const line = new Line(request());
  const options: object = { head: "GET / HTTP/1.1" };
  await expect(acceptStream(line, options)).rejects.toThrow("head must be a Uint8Array, not the string");
});
