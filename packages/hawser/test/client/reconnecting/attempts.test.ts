// Attempts: when they are made, with what, and after which end there is none any more.
import { Buffer } from "node:buffer";
import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import type { AttemptEnd } from "../../../src/client/reconnecting/outcome.ts";
import { GaveUpError } from "../../../src/client/reconnecting/outcome.ts";
import { ConnectionClosedError } from "../../../src/connection/closed-error.ts";
import { HandshakeError } from "../../../src/handshake/handshake-error.ts";
import { deferred, turns } from "../../connection/support.ts";
import { Network, record, url } from "./support.ts";

describe("the way of a client", () => {
  test("it comes back after each loss, and its states tell of it", async () => {
    const net = new Network();
    const client = net.reconnecting();
    const seen = record(client.states(), (state) => ({
      ...state,
      last: "last" in state ? state.last?.stage : undefined,
    }));
    expect(client.state).toEqual({ phase: "connecting", attempt: 1, last: undefined });
    expect(client.connection).toBeUndefined();

    (await net.next()).refuse(503);
    await net.pass(499);
    expect(net.count).toBe(1);
    await net.pass(1);
    const server = (await net.next()).accept();
    await turns();
    expect(client.state).toEqual({ phase: "open", attempt: 2 });
    expect(client.connection?.phase).toBe("open");

    void server.terminate();
    await turns();
    expect(client.connection).toBeUndefined();
    await net.pass(1000);
    (await net.next()).accept();
    await turns();
    const report = await client.close(1000, "enough");
    expect(report).toMatchObject({
      cause: "close",
      error: undefined,
      attempts: 3,
      connections: 2,
      last: { stage: "connection", report: { code: 1000, reason: "enough", initiator: "local" } },
      unsent: { messages: 0, expired: 0, refused: 0 },
      unread: 0,
    });
    expect(await seen).toEqual([
      { phase: "connecting", attempt: 1, last: undefined },
      { phase: "waiting", attempt: 2, delay: 500, last: "handshake" },
      { phase: "connecting", attempt: 2, last: "handshake" },
      { phase: "open", attempt: 2, last: undefined },
      { phase: "waiting", attempt: 3, delay: 1000, last: "connection" },
      { phase: "connecting", attempt: 3, last: "connection" },
      { phase: "open", attempt: 3, last: undefined },
      { phase: "closing", last: undefined },
      { phase: "closed", report, last: undefined },
    ]);
  });

  test("delays grow with each failure, up to the most", async () => {
    const net = new Network();
    const client = net.reconnecting({ backoff: { initial: 100, max: 1000, factor: 3 } });
    const delays: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      (await net.next()).refuse(0);
      await turns();
      const { state } = client;
      if (state.phase === "waiting") delays.push(state.delay);
      await net.pass(500);
    }
    expect(delays).toEqual([50, 150, 450, 500, 500]);
  });

  test.each([
    ["29.999 s: delays go on growing", {}, 29_999, 4],
    ["30 s: they start anew", {}, 30_000, 1],
    ["`backoff.max`, where that is less", { max: 5000 }, 5000, 1],
  ])("after a connection of %s", async (_, backoff, duration, attempt) => {
    const net = new Network();
    const client = net.reconnecting({ backoff });
    for (const delay of [500, 1000]) {
      (await net.next()).refuse(500);
      await net.pass(delay);
    }
    const server = (await net.next()).accept();
    await net.pass(duration);
    void server.terminate();
    await turns();
    expect(client.state).toMatchObject({ phase: "waiting", attempt, delay: attempt === 1 ? 500 : 2000 });
  });

  test("close() while it waits, and while it connects", async () => {
    const net = new Network();
    const waiting = net.reconnecting();
    (await net.next()).refuse(500);
    await turns();
    expect(await waiting.close()).toMatchObject({
      cause: "close",
      attempts: 1,
      last: { stage: "handshake" },
    });
    expect(net.clock.pending).toBe(0);

    const connecting = net.reconnecting();
    const attempt = await net.next();
    expect(await connecting.close()).toMatchObject({
      cause: "close",
      attempts: 1,
      connections: 0,
      last: undefined,
    });
    expect(attempt.options.signal?.aborted).toBe(true);
  });

  test("close() a second time, and after the end, gives the same report", async () => {
    const net = new Network();
    const client = net.reconnecting();
    (await net.next()).accept();
    await turns();
    const first = client.close(4001, "one");
    expect(client.state).toEqual({ phase: "closing" });
    const reports = await Promise.all([first, client.close(4002, "two"), client.closed]);
    expect(new Set(reports).size).toBe(1);
    expect(reports[0].last?.report).toMatchObject({ code: 4001, reason: "one" });
    expect(await client.close()).toBe(reports[0]);
    expect(() => client.close(1006)).toThrow(RangeError);
  });

  test("a connection that comes about after close() is dropped", async () => {
    const net = new Network();
    const client = net.reconnecting({
      onOpen: () => {
        throw new Error("called for a connection that came too late");
      },
    });
    const server = (await net.next()).accept();
    void client.close();
    expect(await client.closed).toMatchObject({ cause: "close", connections: 1 });
    expect(await server.closed).toMatchObject({ cause: "lost" });
  });

  test("attempts leave nothing behind", async () => {
    const net = new Network();
    const controller = new AbortController();
    const client = net.reconnecting({ signal: controller.signal });
    for (let count = 0; count < 30; count += 1) {
      const attempt = await net.next();
      if (count % 2 === 0) attempt.refuse(500);
      else void attempt.accept().terminate();
      await net.pass(15_000);
    }
    const { signal } = (await net.next()).options;
    // One of the attempt under way, and one of the wait for the application's signal.
    expect(getEventListeners(signal ?? controller.signal, "abort")).toHaveLength(1);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    await client.close();
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("asynchronous disposal closes", async () => {
    const net = new Network();
    const client = net.reconnecting();
    const server = (await net.next()).accept();
    await turns();
    await client[Symbol.asyncDispose]();
    expect(await server.closed).toMatchObject({ code: 1000 });
    expect(client.state.phase).toBe("closed");
  });
});

describe("after an end there is", () => {
  test.each([
    [1001, "another attempt", "waiting", undefined],
    [1011, "another attempt", "waiting", undefined],
    [1000, "none: all was said", "closed", "end"],
    [1008, "none", "closed", "verdict"],
    [1003, "none", "closed", "verdict"],
    [4000, "none", "closed", "verdict"],
  ])("%i: %s", async (code, _, phase, cause) => {
    const net = new Network();
    const client = net.reconnecting();
    void (await net.next()).accept().close(code, "why");
    await turns();
    expect(client.state.phase).toBe(phase);
    if (client.state.phase !== "closed") return;
    expect(client.state.report.cause).toBe(cause);
    if (cause === "end") expect(client.state.report.error).toBeUndefined();
    else expect(client.state.report.error).toBeInstanceOf(GaveUpError);
  });

  test("a peer that breaks the protocol: none", async () => {
    const net = new Network();
    const client = net.reconnecting({ accepts: "text" });
    const server = (await net.next()).accept();
    server.send(Buffer.of(1));
    expect(await client.closed).toMatchObject({
      cause: "verdict",
      last: { report: { code: 1003, cause: "protocol" } },
    });
  });

  test("a peer that answers no ping: another", async () => {
    const net = new Network();
    const client = net.reconnecting({ timeouts: { keepalive: 25_000 } });
    const attempt = await net.next();
    attempt.accept();
    await turns();
    attempt.toServer?.freeze();
    await net.pass(35_000);
    expect(client.state).toMatchObject({ phase: "waiting", last: { report: { cause: "keepalive" } } });
  });

  test.each([401, 403, 404, 200, 301, 101])("an answer with %i: none", async (status) => {
    const net = new Network();
    const client = net.reconnecting();
    (await net.next()).refuse(status);
    const { cause, error, last } = await client.closed;
    expect(cause).toBe("verdict");
    expect(error).toMatchObject({
      code: "ERR_HAWSER_GAVE_UP",
      message: `gave up, since trying again would not help: the server refused with ${status}`,
      last,
    });
    expect((error as GaveUpError).cause).toBeInstanceOf(HandshakeError);
    expect(last?.error).toBe((error as GaveUpError).cause);
  });

  test("Close of the connection by ourselves: none", async () => {
    const net = new Network();
    const client = net.reconnecting();
    (await net.next()).accept();
    await turns();
    void client.connection?.close(4000);
    expect(await client.closed).toMatchObject({ cause: "close", error: undefined });
  });

  test("terminate() of the connection: another, which is how to ask for one", async () => {
    const net = new Network();
    const client = net.reconnecting();
    (await net.next()).accept();
    await turns();
    void client.connection?.terminate();
    await turns();
    expect(client.state).toMatchObject({ phase: "waiting", last: { report: { cause: "terminated" } } });
  });
});

describe("attempts", () => {
  test("so many in a row, and no more", async () => {
    const net = new Network();
    const client = net.reconnecting({ attempts: 3 });
    for (const delay of [500, 1000, 0]) {
      (await net.next()).refuse(502);
      await net.pass(delay);
    }
    const { cause, error, attempts } = await client.closed;
    expect([cause, attempts]).toEqual(["attempts", 3]);
    expect(error).toMatchObject({ message: "gave up after 3 attempts: the server refused with 502" });
  });

  test("one", async () => {
    const net = new Network();
    const client = net.reconnecting({ attempts: 1 });
    (await net.next()).refuse(502);
    expect((await client.closed).error).toMatchObject({ message: /^gave up after 1 attempt: / });
  });

  test("a connection that lasted starts the count anew, and a normal end of the last allowed is a normal end", async () => {
    const net = new Network();
    const client = net.reconnecting({ attempts: 1 });
    const first = (await net.next()).accept();
    await net.pass(30_000);
    void first.terminate();
    await net.pass(500);
    void (await net.next()).accept().close(1000);
    expect(await client.closed).toMatchObject({ cause: "end", attempts: 2 });
  });
});

describe("url and headers", () => {
  const failing = (reason: unknown) => Promise.reject<undefined>(reason);

  test("are asked anew before each attempt, with its number", async () => {
    const net = new Network();
    const asked: string[] = [];
    const client = net.reconnecting(
      {
        headers: (attempt) => {
          asked.push(`headers ${attempt}`);
          return { Authorization: `Bearer ${attempt}` };
        },
        subprotocols: ["chat"],
      },
      async (attempt) => {
        asked.push(`url ${attempt}`);
        await turns(1);
        return new URL(`ws://host-${attempt}.example/`);
      },
    );
    // Not before the caller has the client in its hands.
    expect(asked).toEqual([]);
    const first = await net.next();
    first.refuse(0);
    await net.pass(500);
    const second = await net.next();
    expect([first.url, second.url]).toEqual(["ws://host-1.example/", "ws://host-2.example/"]);
    expect(second.options.headers).toEqual({ Authorization: "Bearer 2" });
    expect(second.options.subprotocols).toEqual(["chat"]);
    expect(asked).toEqual(["url 1", "headers 1", "url 2", "headers 2"]);
    void client.close();
  });

  test.each([
    [
      "throws",
      () => {
        throw new TypeError("fetch failed");
      },
    ],
    ["rejects", () => Promise.reject(new TypeError("fetch failed"))],
  ])("a url that %s is a failed attempt: the network it needs is the one that failed", async (_, to) => {
    const net = new Network();
    let calls = 0;
    const client = net.reconnecting({ attempts: 2 }, () => {
      calls += 1;
      return to();
    });
    await turns();
    expect(client.state).toMatchObject({ phase: "waiting", delay: 500, last: { stage: "preparing" } });
    await net.pass(500);
    const { cause, error } = await client.closed;
    expect([cause, calls, net.count]).toEqual(["attempts", 2, 0]);
    expect(error).toMatchObject({ message: "gave up after 2 attempts: fetch failed" });
  });

  test("so are headers that throw, whatever they throw", async () => {
    const net = new Network();
    const client = net.reconnecting({ attempts: 1, headers: () => failing("no token") });
    expect(await client.closed).toMatchObject({
      error: { message: "gave up after 1 attempt: no token" },
      last: { stage: "preparing", error: "no token" },
    });
  });

  test("close() does not wait for them", async () => {
    const net = new Network();
    const given = deferred<string>();
    const client = net.reconnecting({}, () => given.promise);
    await turns();
    expect(await client.close()).toMatchObject({ cause: "close", attempts: 1, last: undefined });
    given.reject(new Error("nobody waits for this any more"));
    await turns();
    expect(net.count).toBe(0);
  });

  test.each([
    ["a url", {}, () => new Promise<string>(() => undefined)],
    ["headers", { headers: () => new Promise<undefined>(() => undefined) }, url],
  ])("%s that does not come within `timeouts.handshake` is a failed attempt", async (_, options, to) => {
    const net = new Network();
    const client = net.reconnecting({ ...options, attempts: 2, timeouts: { handshake: 3000 } }, to);
    await net.pass(2999);
    expect(client.state).toMatchObject({ phase: "connecting" });
    await net.pass(1);
    expect(client.state).toMatchObject({ phase: "waiting", last: { stage: "preparing" } });
    await net.pass(500);
    await net.pass(3000);
    const message = "url and headers did not come within 3000 ms (timeouts.handshake)";
    expect(await client.closed).toMatchObject({
      cause: "attempts",
      error: { message: `gave up after 2 attempts: ${message}` },
      last: { stage: "preparing", error: { message } },
    });
    expect(net.count).toBe(0);
  });

  test("connecting has all of `timeouts.handshake`, whatever they took", async () => {
    const net = new Network();
    const given = deferred<string>();
    const client = net.reconnecting({ timeouts: { handshake: 3000 } }, () => given.promise);
    await net.pass(2000);
    given.resolve(url);
    const attempt = await net.next();
    await net.pass(2000);
    attempt.accept();
    await turns();
    expect(client.state).toMatchObject({ phase: "open" });
  });

  test("what connect does not take as arguments ends it", async () => {
    const net = new Network();
    const client = net.reconnecting({}, () => "gopher://a/");
    (await net.next()).fail(new TypeError("no WebSocket URL"));
    expect(await client.closed).toMatchObject({ cause: "verdict", last: { stage: "handshake" } });
  });
});

describe("retry", () => {
  const unauthorized = ({ error }: AttemptEnd) => error instanceof HandshakeError && error.status === 401;

  test("overrides the verdict, and leaves the rest to it", async () => {
    const net = new Network();
    const asked: unknown[] = [];
    const client = net.reconnecting({
      retry: (end, failed) => {
        asked.push([end.stage, failed]);
        if (unauthorized(end)) return true;
        return end.report?.code === 1011 ? false : undefined;
      },
    });
    (await net.next()).refuse(401, [["Retry-After", "2"]]);
    await turns();
    expect(client.state).toMatchObject({ phase: "waiting", delay: 3000 });
    await net.pass(3000);
    (await net.next()).refuse(503);
    await net.pass(1000);
    void (await net.next()).accept().close(1011);
    expect(await client.closed).toMatchObject({ cause: "verdict", last: { report: { code: 1011 } } });
    expect(asked).toEqual([
      ["handshake", 1],
      ["handshake", 2],
      ["connection", 3],
    ]);
  });

  test("can go on after a normal end, and after a Close of ours", async () => {
    const net = new Network();
    const client = net.reconnecting({ retry: () => true });
    void (await net.next()).accept().close(1000);
    await net.pass(500);
    (await net.next()).accept();
    await turns();
    void client.connection?.close();
    await turns();
    expect(client.state.phase).toBe("waiting");
    expect((await client.close()).cause).toBe("close");
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("a bug");
      },
      "the retry option threw: a bug",
    ],
    [
      "gives a promise",
      () => Promise.resolve(false),
      "the retry option threw: retry must return true, false or undefined, not an instance of Promise",
    ],
  ])("that %s ends it", async (_, retry, message) => {
    const net = new Network();
    const client = net.reconnecting({ retry: retry as () => never });
    (await net.next()).refuse(503);
    const { cause, error } = await client.closed;
    expect(cause).toBe("verdict");
    expect(error).toMatchObject({ message });
  });
});

describe("onOpen", () => {
  test("runs on each new connection, before what is queued goes out and before messages are handed out", async () => {
    const net = new Network();
    const client = net.reconnecting({
      accepts: "text",
      async onOpen(ws) {
        ws.send("subscribe");
        ws.send(`after ${await ws.receive()}`);
      },
    });
    client.send("queued");
    const received = client.receive();
    const first = (await net.next()).accept();
    expect(await first.receive()).toBe("subscribe");
    expect(client.state.phase).toBe("connecting");
    first.send("welcome");
    first.send("news");
    expect([await first.receive(), await first.receive()]).toEqual(["after welcome", "queued"]);
    expect(await received).toBe("news");
    expect(client.state.phase).toBe("open");

    void first.terminate();
    await net.pass(500);
    expect(await (await net.next()).accept().receive()).toBe("subscribe");
  });

  test("that throws closes with 1011 and ends it: a fault is no matter of the network", async () => {
    const net = new Network();
    const fault = new Error("a bug");
    const client = net.reconnecting({
      async onOpen() {
        await turns();
        throw fault;
      },
    });
    const server = (await net.next()).accept();
    server.send("for nobody");
    expect(await server.closed).toMatchObject({ code: 1011, reason: "internal error" });
    const { cause, error, last } = await client.closed;
    expect(cause).toBe("verdict");
    expect(last?.report).toMatchObject({ cause: "fault", error: fault });
    expect((error as GaveUpError).cause).toBeInstanceOf(ConnectionClosedError);
    expect(await client.receive()).toBeUndefined();
  });

  test("that throws since the connection is ending is no fault, and costs no message", async () => {
    const net = new Network();
    const client = net.reconnecting({
      onOpen: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(new Error("it is gone")));
        }),
    });
    const server = (await net.next()).accept();
    server.send("unread");
    await turns();
    void server.close(1011);
    await turns();
    expect(client.state).toMatchObject({
      phase: "waiting",
      last: { report: { cause: "close", code: 1011 } },
    });
    expect(await client.receive()).toBe("unread");
  });

  test("that never ends does not hold back the next attempt once its connection is over", async () => {
    const net = new Network();
    const client = net.reconnecting({ onOpen: () => new Promise(() => {}) });
    const server = (await net.next()).accept();
    server.send("unread");
    await turns();
    void server.close(1012);
    await turns();
    expect(client.state).toMatchObject({ phase: "waiting", delay: 17_500 });
    expect(await client.receive()).toBe("unread");
  });

  test("may close", async () => {
    const net = new Network();
    const client = net.reconnecting({ onOpen: () => void client.close(4000) });
    const server = (await net.next()).accept();
    expect(await server.closed).toMatchObject({ code: 4000 });
    expect(await client.closed).toMatchObject({ cause: "close", connections: 1 });
  });
});

describe("the server's advice", () => {
  test.each([
    ["1012", (net: Network) => net.next().then((attempt) => attempt.accept().close(1012)), 5000, 30_000],
    ["1013", (net: Network) => net.next().then((attempt) => attempt.accept().close(1013)), 30_000, 60_000],
    [
      "1012 with a hint",
      (net: Network) => net.next().then((attempt) => attempt.accept().close(1012, "retry-after=3")),
      3000,
      6000,
    ],
    [
      "503 with Retry-After",
      (net: Network) => net.next().then((attempt) => attempt.refuse(503, [["Retry-After", "20"]])),
      20_000,
      40_000,
    ],
    [
      "429 with a hint that would park it for ever",
      (net: Network) => net.next().then((attempt) => attempt.refuse(429, [["Retry-After", "999999999"]])),
      600_000,
      630_000,
    ],
  ] as const)("%s", async (_, end, earliest, latest) => {
    for (const [random, expected] of [
      [0, earliest],
      [1, latest],
    ] as const) {
      const net = new Network();
      net.random = () => random;
      const client = net.reconnecting();
      void end(net);
      await turns();
      expect(client.state).toMatchObject({ phase: "waiting", delay: expected });
      await net.pass(expected - 1);
      expect(net.count).toBe(1);
      await net.pass(1);
      expect(net.count).toBe(2);
    }
  });
});

describe("signal", () => {
  test("that is aborted already: not one attempt", async () => {
    const net = new Network();
    const reason = new Error("never mind");
    const client = net.reconnecting({ signal: AbortSignal.abort(reason) });
    expect(client.send("refused or queued")).toBe(true);
    expect(await client.closed).toMatchObject({
      cause: "signal",
      error: reason,
      attempts: 0,
      unsent: { messages: 1 },
    });
    expect(net.count).toBe(0);
  });

  test.each(["connecting", "waiting", "open", "closing"] as const)("while %s", async (phase) => {
    const net = new Network();
    const controller = new AbortController();
    const client = net.reconnecting({ signal: controller.signal });
    const attempt = await net.next();
    if (phase === "waiting") attempt.refuse(500);
    const server = phase === "open" || phase === "closing" ? attempt.accept() : undefined;
    await turns();
    if (phase === "closing") {
      attempt.toServer?.freeze();
      void client.close();
      await turns();
    }
    expect(client.state.phase).toBe(phase);
    client.send("never sent");
    controller.abort();
    const report = await client.closed;
    expect(report.cause).toBe(phase === "closing" ? "close" : "signal");
    expect(report.unsent).toMatchObject(
      phase === "closing" ? { refused: 1 } : { messages: phase === "open" ? 0 : 1 },
    );
    expect(attempt.options.signal).not.toBe(controller.signal);
    void server?.terminate();
    await turns();
    expect(net.clock.pending).toBe(0);
    controller.abort();
    expect(client.state).toEqual({ phase: "closed", report });
  });
});
