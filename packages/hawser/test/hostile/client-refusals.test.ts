// Answers that are no 101, and heads without end, K6 and K8: what of them reaches the application, and where it stops.
import { Buffer } from "node:buffer";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type HandshakeError, ManualClock } from "hawser";
import { describe, expect, test } from "vitest";
import { eventually } from "../serve/support/guard.ts";
import { filler } from "../support/bytes.ts";
import { answerTo, type Caller, refusal } from "../support/scripted-server.ts";
import { byteByByte, cutAt, everySplit } from "../support/splits.ts";
import { ClientGuard } from "./client-guard.ts";

const guard = new ClientGuard();

const chunked = (...chunks: string[]) =>
  chunks.map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join("");

/** A server that sends the same bytes until nobody reads them. */
async function flood(caller: Caller, bytes: Buffer): Promise<number> {
  let sent = 0;
  while (!caller.socket.destroyed && caller.socket.writable) {
    sent += bytes.length;
    if (!caller.socket.write(bytes)) await Promise.race([caller.drained(), caller.gone()]);
    await nextTurn();
  }
  return sent;
}

describe("K6: an answer other than 101", () => {
  test.each([
    ["200 OK", "Content-Length: 5", "hello"],
    ["401 Unauthorized", 'WWW-Authenticate: Basic realm="us"', "who are you?"],
    ["407 Proxy Authentication Required", "Proxy-Authenticate: Basic", ""],
    ["503 Service Unavailable", "Retry-After: 120", "come back later"],
    ["599 ", "X-Odd: yes", "odd"],
  ])("%s is a HandshakeError with all there is to know", async (status, line, body) => {
    const server = await guard.server(async (caller) => {
      await caller.answer(refusal([`HTTP/1.1 ${status}`, line, "X-Two: 1", "X-Two: 2"], body));
      caller.end();
    });
    const error = await guard.failure(server);
    expect(error).toMatchObject({ status: Number(status.slice(0, 3)), body });
    expect(error.message).toBe(`the server refused with ${status.trim()}`);
    const [name = "", value] = line.split(": ");
    expect([error.headers.get(name), error.headers.all("x-two")]).toEqual([value, ["1", "2"]]);
  });

  const long = "滴水之恩当以涌泉相报".repeat(100);
  const bodies: readonly (readonly [
    how: string,
    lines: string[],
    sent: string,
    ends: boolean,
    body: string,
  ])[] = [
    ["by length", ["Content-Length: 5"], "hello, and more", false, "hello"],
    ["of length 0", ["Content-Length: 0"], "", false, ""],
    ["cut before its length", ["Content-Length: 50"], "hello", true, "hello"],
    ["in chunks", ["Transfer-Encoding: chunked"], `${chunked("hel", "lo")}0\r\n\r\n`, false, "hello"],
    [
      "in chunks with extensions and trailers",
      ["Transfer-Encoding: chunked"],
      '5;a="b"\r\nhello\r\n0;c\r\nX: y\r\n\r\n',
      false,
      "hello",
    ],
    ["in chunks, cut", ["Transfer-Encoding: chunked"], chunked("hel", "lo"), true, "hello"],
    [
      "in chunks that make no sense",
      ["Transfer-Encoding: chunked"],
      `${chunked("hello")}zz\r\nmore\r\n`,
      false,
      "hello",
    ],
    ["in a chunk of 2^60", ["Transfer-Encoding: chunked"], "1000000000000000\r\nhello", false, ""],
    [
      "with chunks and a length",
      ["Transfer-Encoding: chunked", "Content-Length: 3"],
      `${chunked("hello")}0\r\n\r\n`,
      false,
      "hello",
    ],
    ["to the end of the stream", [], "hello", true, "hello"],
    ["with two lengths", ["Content-Length: 3", "Content-Length: 5"], "hello", true, "hello"],
    ["with a length that is none", ["Content-Length: many"], "hello", true, "hello"],
    ["in more than ASCII", ["Transfer-Encoding: chunked"], `${chunked(long)}0\r\n\r\n`, false, long],
    ["of 204, which has none", [], "", false, ""],
  ];

  test.each(bodies)("the body %s, under every cut", async (how, lines, sent, ends, body) => {
    const status = how.startsWith("of 204") ? "204 No Content" : "403 Forbidden";
    const whole = refusal([`HTTP/1.1 ${status}`, ...lines], sent);
    const cuts =
      whole.length < 400
        ? [[whole], ...everySplit(whole), byteByByte(whole)]
        : [[whole], cutAt(whole, [100, 1999])];
    const server = await guard.server(async (caller, nth) => {
      await caller.asked();
      for (const piece of cuts[nth]!) await caller.send(piece, piece.length);
      if (ends) caller.end();
    });
    for (const cut of cuts) {
      const error = await guard.failure(server);
      expect([cut.map(({ length }) => length), error.status, error.body]).toEqual([
        cut.map(({ length }) => length),
        Number(status.slice(0, 3)),
        body,
      ]);
    }
  });

  test.each([
    ["by length", ["Content-Length: 1000000000000"], ""],
    ["in chunks", ["Transfer-Encoding: chunked"], "3b9aca00\r\n"],
    ["to the end of the stream", [], ""],
  ])("of a body %s that is endless no more than limits.memory is kept", async (_how, lines, first) => {
    let taken: Promise<number> | undefined;
    const server = await guard.server(async (caller) => {
      await caller.answer(refusal(["HTTP/1.1 500 Oh", ...lines], first));
      taken = flood(caller, Buffer.alloc(16 * 1024, "x"));
      await taken;
    });
    const error = await guard.failure(server, { limits: { memory: 100_000 } });
    expect(error.status).toBe(500);
    expect(error.body).toBe("x".repeat(100_000));
    await taken;
  });

  test.each([
    ["that is never sent", ""],
    ["that trickles", "so far"],
  ])("for a body %s the client waits a second, no longer", async (_what, sofar) => {
    const clock = new ManualClock();
    const server = await guard.server((caller) =>
      caller.answer(refusal(["HTTP/1.1 503 Busy", "Content-Length: 100"], sofar)),
    );
    const failing = guard.failure(server, { clock });
    let error: HandshakeError | undefined;
    void failing.then((got) => {
      error = got;
    });
    const caller = await server.callers.take();
    await eventually(() => clock.pending === 2, "the head was read");
    for (let part = 0; part < 9; part += 1) {
      clock.advance(100);
      if (sofar !== "") caller.write(".");
      await nextTurn();
    }
    clock.advance(99);
    await nextTurn();
    expect(error).toBeUndefined();
    clock.advance(1);
    expect((await failing).status).toBe(503);
    expect((await failing).body).toMatch(sofar === "" ? /^$/ : /^so far\.*$/);
    expect(await caller.framesToEnd()).toEqual([]);
  });

  test("a refusal whose body outlasts timeouts.handshake is that refusal all the same", async () => {
    const clock = new ManualClock();
    const server = await guard.server((caller) =>
      caller.answer(refusal(["HTTP/1.1 503 Busy", "Content-Length: 100"], "so far")),
    );
    const failing = guard.failure(server, { clock, timeouts: { handshake: 500 } });
    await eventually(() => clock.pending === 2, "the head was read");
    clock.advance(500);
    expect(await failing).toMatchObject({ status: 503, headers: expect.anything() });
  });

  test("what the application gives up on is given up, refusal or not", async () => {
    const clock = new ManualClock();
    const server = await guard.server((caller) =>
      caller.answer(refusal(["HTTP/1.1 503 Busy", "Content-Length: 100"], "so far")),
    );
    const controller = new AbortController();
    const opening = guard.open(server, { clock, signal: controller.signal });
    await eventually(() => clock.pending === 2, "the head was read");
    controller.abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
  });

  test("a reset within the body leaves what had come", async () => {
    const clock = new ManualClock();
    const server = await guard.server((caller) =>
      caller.answer(refusal(["HTTP/1.1 403 No", "Content-Length: 100"], "so far")),
    );
    const failing = guard.failure(server, { clock });
    const caller = await server.callers.take();
    await eventually(() => clock.pending === 2, "the head was read");
    caller.reset();
    expect(await failing).toMatchObject({ status: 403, body: "so far" });
  });

  test("control characters of a reason do not reach the message", async () => {
    const server = await guard.server(async (caller) => {
      await caller.answer("HTTP/1.1 403 \x80\x9b[31mred\xff\r\nContent-Length: 0\r\n\r\n");
    });
    expect((await guard.failure(server)).message).toBe("the server refused with 403 ??[31mred?");
  });
});

describe("K8: a head", () => {
  test.each([
    ["with an endless status line", "HTTP/1.1 101 ", "x", /response line is over 16384 bytes/],
    ["with an endless header", "HTTP/1.1 101 Yes\r\nX: ", "x", /response head is over 16384 bytes/],
    ["with an endless header name", "HTTP/1.1 101 Yes\r\n", "x", /response head is over 16384 bytes/],
    ["with endless headers", "HTTP/1.1 101 Yes\r\n", "a:b\r\n", /more than 100 header lines/],
    [
      "with endless large headers",
      "HTTP/1.1 101 Yes\r\n",
      `a:${"b".repeat(1000)}\r\n`,
      /response head is over 16384 bytes/,
    ],
    ["behind endless informational answers", "", "HTTP/1.1 100 Continue\r\n\r\n", /informational answers/],
    ["behind endless empty lines", "", "\r\n", /bad response head/],
  ])("%s stops at its cap", async (_what, first, again, message) => {
    let taken: Promise<number> | undefined;
    const server = await guard.server(async (caller) => {
      await caller.answer(first);
      taken = flood(
        caller,
        Buffer.from(again.repeat(64 * 1024).slice(0, 256 * 1024 - ((256 * 1024) % again.length))),
      );
      await taken;
    });
    const error = await guard.failure(server);
    expect([error.status, error.message]).toEqual([0, expect.stringMatching(message)]);
    // What the system's buffers hold, not the gigabyte that would come.
    expect(await taken).toBeLessThan(64 * 1024 * 1024);
  });

  test("behind 100 informational answers fails, behind ten it is taken", async () => {
    const early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    const server = await guard.server(async (caller, nth) => {
      const { key } = await caller.asked();
      caller.write(early.repeat(nth === 0 ? 100 : 10), answerTo(key));
    });
    expect((await guard.failure(server)).message).toMatch(/informational answers/);
    expect((await guard.open(server)).response.status).toBe(101);
  });

  test("limits.head and limits.headers are what the application says", async () => {
    const server = await guard.server((caller) =>
      caller.accept({ headers: { "X-Long": "x".repeat(20_000) } }),
    );
    expect((await guard.failure(server)).message).toMatch(/over 16384 bytes/);
    expect((await guard.open(server, { limits: { head: 30_000 } })).phase).toBe("open");
    expect((await guard.failure(server, { limits: { head: 30_000, headers: 3 } })).message).toMatch(
      /more than 3/,
    );
  });

  test("byte by byte, a byte a second, is cut at timeouts.handshake", async () => {
    const clock = new ManualClock();
    const server = await guard.server();
    const failing = guard.failure(server, { clock });
    const caller = await server.callers.take();
    const { key } = await caller.asked();
    const answer = answerTo(key);
    for (let second = 0; second < 10; second += 1) {
      expect(caller.ended).toBe(false);
      caller.write(answer.subarray(second, second + 1));
      await nextTurn();
      clock.advance(second < 9 ? 1000 : 999);
    }
    await nextTurn();
    expect(caller.ended).toBe(false);
    clock.advance(1);
    const error = await failing;
    expect([error.status, error.message]).toEqual([0, expect.stringContaining("within 10000 ms")]);
    expect(await caller.framesToEnd()).toEqual([]);
  });

  test.each([0, 1, 20, -1])("that is cut by a FIN after %i bytes fails", async (size) => {
    const server = await guard.server(async (caller) => {
      const { key } = await caller.asked();
      caller.write(answerTo(key).subarray(0, size));
      caller.end();
    });
    const error = await guard.failure(server);
    expect([error.status, error.message]).toEqual([0, "the server hung up before it had answered"]);
  });

  test.each([0, 30])("that is cut by a reset after %i bytes fails", async (size) => {
    const server = await guard.server(async (caller) => {
      const { key } = await caller.asked();
      await caller.send(answerTo(key).subarray(0, size), 30);
      caller.reset();
    });
    const error = await guard.failure(server);
    expect(error.status).toBe(0);
    // Behind bytes that nobody has read yet the system may tell of the reset as of an end.
    expect(error.message).toMatch(/^the server hung up before it had answered(?:: read ECONNRESET)?$/);
    if (size === 0) expect(error.cause).toMatchObject({ code: "ECONNRESET" });
  });
});

test("a body of any bytes is text, whatever it is", async () => {
  const server = await guard.server(async (caller) => {
    await caller.answer(refusal(["HTTP/1.1 400 No", "Content-Length: 1000"], filler(1000)));
  });
  expect((await guard.failure(server)).body).toBe(filler(1000).toString("utf8"));
});
