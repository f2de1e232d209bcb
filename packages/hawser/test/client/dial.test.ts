// How connect gets its stream: TCP, Unix sockets, a stream of the application's own.
import { mkdtempSync, rmSync } from "node:fs";
import { type LookupFunction, connect as netConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { type ConnectOptions, connect, type Destination, ManualClock } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { turns } from "../connection/support.ts";
import { eventually, Guard } from "../serve/support/guard.ts";
import { Authority } from "./support/authority.ts";
import { failureOf, reasonOf, roundTrip, serveEcho } from "./support/connecting.ts";
import { closedPort, listen } from "./support/listener.ts";
import { connectedSocket, wrapped } from "./support/streams.ts";

const guard = new Guard();
const authority = new Authority();
const tls = authority.issue("DNS:localhost");
const trusting = { tls: { ca: authority.cert } };

/** Answers with these addresses, and notes what it was asked. */
function lookupOf(...addresses: readonly string[]): LookupFunction & { asked: unknown[] } {
  const asked: unknown[] = [];
  const lookup: LookupFunction = (hostname, options, done) => {
    asked.push({ hostname, family: options.family, all: options.all });
    const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    done(null, found);
  };
  return Object.assign(lookup, { asked });
}

/** A path for a socket in a folder that goes away. */
function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "app.sock");
}

describe("TCP", () => {
  test("a name with addresses of both families: the one that answers is taken", async () => {
    const { port } = await serveEcho(guard);
    const lookup = lookupOf("::1", "127.0.0.1");
    await roundTrip(`ws://two.example:${port}/`, { network: { lookup } });
    expect(lookup.asked).toMatchObject([{ hostname: "two.example", all: true }]);
  });

  test("when no address answers, the error has what each of them said", async () => {
    const port = await closedPort();
    const network = { lookup: lookupOf("127.0.0.2", "127.0.0.1") };
    const error = await failureOf(connect(`ws://two.example:${port}/`, { network }));
    expect(error).toMatchObject({ status: 0, cause: { code: "ECONNREFUSED" } });
    expect(error.message).toBe(
      `could not connect to two.example:${port}: connect ECONNREFUSED 127.0.0.2:${port}; connect ECONNREFUSED 127.0.0.1:${port}`,
    );
  });

  test("an IPv6 address", async () => {
    const { port } = await serveEcho(guard, { host: "::1" });
    const ws = await roundTrip(`ws://[::1]:${port}/`);
    expect(ws.request.host).toBe(`[::1]:${port}`);
  });

  test.each([4, 6] as const)("network.family %s is what the lookup is asked for", async (family) => {
    const { port } = await serveEcho(guard, { host: family === 4 ? "127.0.0.1" : "::1" });
    const asked: unknown[] = [];
    const lookup: LookupFunction = (_hostname, options, done) => {
      asked.push(options.family);
      done(null, family === 4 ? "127.0.0.1" : "::1", family);
    };
    await roundTrip(`ws://one.example:${port}/`, { network: { family, lookup } });
    expect(asked).toEqual([family]);
  });

  test("network.localAddress is where the connection comes from", async () => {
    const { port, arrival } = await serveEcho(guard);
    await roundTrip(`ws://127.0.0.1:${port}/`, { network: { localAddress: "127.0.0.3" } });
    expect((await arrival()).request.remoteAddress).toBe("127.0.0.3");
  });

  test("nobody listens", async () => {
    const port = await closedPort();
    const error = await failureOf(connect(`ws://127.0.0.1:${port}/`));
    expect(error).toMatchObject({ status: 0, body: "", cause: { code: "ECONNREFUSED" } });
    expect(error.message).toBe(
      `could not connect to 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
    );
  });

  test("a name that is not found", async () => {
    const lookup: LookupFunction = (_hostname, _options, done) => {
      done(Object.assign(new Error("getaddrinfo ENOTFOUND gone.example"), { code: "ENOTFOUND" }), []);
    };
    const error = await failureOf(connect("ws://gone.example/", { network: { lookup } }));
    expect(error).toMatchObject({ status: 0, cause: { code: "ENOTFOUND" } });
    expect(error.message).toBe("could not connect to gone.example: getaddrinfo ENOTFOUND gone.example");
  });

  test("a lookup that throws", async () => {
    const problem = new Error("no resolver");
    const lookup = () => {
      throw problem;
    };
    const error = await failureOf(connect("ws://gone.example/", { network: { lookup } }));
    expect(error).toMatchObject({ status: 0, message: "could not connect to gone.example: no resolver" });
    expect(error.cause).toBe(problem);
  });

  test.each([0, 4] as const)(
    "a lookup that gives an address without its family, asked for %s",
    async (family) => {
      const { port } = await serveEcho(guard);
      const lookup: LookupFunction = (_hostname, _options, done) => done(null, "127.0.0.1");
      await roundTrip(`ws://one.example:${port}/`, { network: { family, lookup } });
    },
  );

  test("a lookup that knows one address only", async () => {
    const { port } = await serveEcho(guard);
    const lookup: LookupFunction = (_hostname, _options, done) => done(null, "127.0.0.1", 4);
    await roundTrip(`ws://one.example:${port}/`, { network: { lookup } });
  });

  test("the server hangs up instead of answering", async () => {
    const { port } = await listen(guard, (socket) => void socket.once("data", () => socket.destroy()));
    const error = await failureOf(connect(`ws://127.0.0.1:${port}/`));
    expect(error).toMatchObject({ status: 0, message: "the server hung up before it had answered" });
  });
});

describe("Unix sockets", () => {
  test("ws+unix:", async () => {
    const path = socketPath();
    const { arrival } = await serveEcho(guard, { socketPath: path });
    const ws = await roundTrip(`ws+unix:${path}:/chat?room=tea`);
    expect(ws.request).toMatchObject({ path: "/chat", host: "localhost" });
    expect((await arrival()).request.path).toBe("/chat");
  });

  test("wss+unix:, with a certificate for localhost", async () => {
    const path = socketPath();
    await serveEcho(guard, { socketPath: path, tls });
    await roundTrip(`wss+unix:${path}`, trusting);
    const error = await failureOf(connect(`wss+unix:${path}`));
    expect(error).toMatchObject({ status: 0, cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" } });
  });

  test("no such socket", async () => {
    const path = socketPath();
    const error = await failureOf(connect(`ws+unix:${path}`));
    expect(error).toMatchObject({ status: 0, cause: { code: "ENOENT" } });
    expect(error.message).toBe(`could not connect to ${path}: connect ENOENT ${path}`);
  });
});

describe("createConnection", () => {
  test("is told where to, whether there will be TLS, and when nobody waits any more", async () => {
    const { port } = await serveEcho(guard);
    const asked: Destination[] = [];
    const createConnection = (destination: Destination) => {
      asked.push(destination);
      return netConnect(port, "127.0.0.1");
    };
    await roundTrip("ws://[2001:db8::1]:81/", { createConnection });
    expect(asked).toEqual([
      {
        host: "2001:db8::1",
        port: 81,
        socketPath: undefined,
        secure: false,
        signal: expect.any(AbortSignal),
      },
    ]);
    const path = socketPath();
    await serveEcho(guard, { socketPath: path });
    await roundTrip(`ws+unix:${path}`, {
      createConnection: ({ socketPath = "" }) => netConnect(socketPath),
    });
  });

  const kinds: readonly (readonly [string, (port: number) => Duplex | Promise<Duplex>])[] = [
    ["a socket still connecting", (port) => netConnect(port, "127.0.0.1")],
    ["a socket that is connected", (port) => connectedSocket(port)],
    ["a Duplex of another kind", async (port) => wrapped(await connectedSocket(port))],
  ];

  test.each(kinds)("gives %s, for ws and, with TLS of ours on top, for wss", async (_what, make) => {
    const plain = await serveEcho(guard);
    await roundTrip("ws://localhost/", { createConnection: () => make(plain.port) });
    const secure = await serveEcho(guard, { tls });
    await roundTrip("wss://localhost/", { ...trusting, createConnection: () => make(secure.port) });
    const error = await failureOf(connect("wss://localhost/", { createConnection: () => make(secure.port) }));
    expect(error).toMatchObject({ status: 0, cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" } });
  });

  test("gives a TLSSocket, which is taken as it is", async () => {
    const { port } = await serveEcho(guard, { tls });
    const createConnection = () => tlsConnect({ port, host: "localhost", ca: authority.cert });
    await roundTrip("wss://elsewhere.example/", { createConnection });
    await roundTrip("ws://elsewhere.example/", { createConnection });
  });

  test("gives a TLSSocket whose handshake fails", async () => {
    const { port } = await serveEcho(guard, { tls });
    const createConnection = () => tlsConnect({ port, host: "localhost" });
    const error = await failureOf(connect("wss://localhost/", { createConnection }));
    expect(error).toMatchObject({ status: 0, cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" } });
  });

  test.each(["ws", "wss"])("gives a socket that cannot connect (%s)", async (scheme) => {
    const port = await closedPort();
    const createConnection = () => netConnect(port, "127.0.0.1");
    const error = await failureOf(connect(`${scheme}://a.example/`, { createConnection }));
    expect(error).toMatchObject({ status: 0, cause: { code: "ECONNREFUSED" } });
    expect(error.message).toBe(`could not connect to a.example: connect ECONNREFUSED 127.0.0.1:${port}`);
  });

  test.each(["ws", "wss"])("gives a stream that is over (%s)", async (scheme) => {
    const destroyed = new Duplex({ read: () => undefined }).destroy();
    const error = await failureOf(connect(`${scheme}://a.example/`, { createConnection: () => destroyed }));
    expect(error.status).toBe(0);
    const ended = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    ended.push(null);
    expect(
      (await failureOf(connect(`${scheme}://a.example/`, { createConnection: () => ended }))).status,
    ).toBe(0);
    expect(ended.destroyed).toBe(true);
  });

  test("gives a stream of objects", async () => {
    const stream = new Duplex({ objectMode: true, read: () => undefined });
    const error = await reasonOf(connect("ws://a.example/", { createConnection: () => stream }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: "the stream must carry bytes, but it is in object mode" });
    await eventually(() => stream.destroyed, "a stream that was let go");
  });

  test.each([
    ["rejects", () => Promise.reject(new RangeError("no tunnel today"))],
    [
      "throws",
      () => {
        throw new RangeError("no tunnel today");
      },
    ],
  ])("%s: connect rejects with the same", async (_what, createConnection) => {
    const error = await reasonOf(connect("ws://a.example/", { createConnection }));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: "no tunnel today" });
  });

  test.each([
    [undefined, "undefined"],
    [{}, "an object"],
    ["tcp", 'the string "tcp"'],
  ])("gives %s, which is no stream", async (given, shown) => {
    const createConnection = () => given as never;
    const error = await reasonOf(connect("ws://a.example/", { createConnection }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: `createConnection must give a Duplex, not ${shown}` });
  });

  /** A promise of a stream, and how it is kept. */
  function promised(): {
    stream: Promise<Duplex>;
    give: (stream: Duplex) => void;
    fail: (error: Error) => void;
  } {
    let keep: { give: (stream: Duplex) => void; fail: (error: Error) => void } | undefined;
    const stream = new Promise<Duplex>((give, fail) => {
      keep = { give, fail };
    });
    return { stream, give: (given) => keep?.give(given), fail: (error) => keep?.fail(error) };
  }

  test("gives nothing in time; a stream that comes late is destroyed", async () => {
    const clock = new ManualClock();
    guard.clock(clock);
    const { stream, give } = promised();
    let signal: AbortSignal | undefined;
    const options: ConnectOptions = {
      clock,
      timeouts: { handshake: 700 },
      createConnection: (destination) => {
        signal = destination.signal;
        return stream;
      },
    };
    const failed = failureOf(connect("ws://a.example/", options));
    await turns();
    expect(signal?.aborted).toBe(false);
    clock.advance(700);
    expect(await failed).toMatchObject({
      status: 0,
      message: "there was no answer within 700 ms (timeouts.handshake)",
    });
    expect(signal?.aborted).toBe(true);
    const { port } = await listen(guard);
    const late = netConnect(port, "127.0.0.1");
    give(late);
    await turns();
    expect(late.destroyed).toBe(true);
  });

  test("fails when nobody waits any more", async () => {
    const { stream, fail } = promised();
    const abort = new AbortController();
    const gone = reasonOf(
      connect("ws://a.example/", { signal: abort.signal, createConnection: () => stream }),
    );
    abort.abort("enough");
    expect(await gone).toBe("enough");
    fail(new Error("too late"));
    await turns();
  });
});
