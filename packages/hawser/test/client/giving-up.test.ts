// Giving up at every stage of connecting, by the signal and by timeouts.handshake: nothing stays behind.
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { type LookupFunction, connect as netConnect, type Socket } from "node:net";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type ConnectOptions, connect, type Destination, ManualClock } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { turns } from "../connection/support.ts";
import { eventually, Guard } from "../serve/support/guard.ts";
import { Authority } from "./support/authority.ts";
import { failureOf, reasonOf, serveEcho } from "./support/connecting.ts";
import { listen } from "./support/listener.ts";
import { connectedSocket, wrapped } from "./support/streams.ts";

const guard = new Guard();
const authority = new Authority();
const tls = authority.issue("DNS:localhost");
const trusting = { tls: { ca: authority.cert } };

/** A stage at which connect can be left waiting. */
interface Stage {
  readonly url: string;
  readonly options?: ConnectOptions;
  /** Resolves when connect waits. */
  reached(): Promise<unknown>;
  /** What connect rejects with when time is up. */
  readonly timedOut?: object;
}

const stages: Readonly<Record<string, () => Promise<Stage>>> = {
  async "the name is looked up"() {
    const asked: (() => void)[] = [];
    const lookup: LookupFunction = (_hostname, _options, done) => {
      asked.push(() => done(null, [{ address: "127.0.0.1", family: 4 }]));
    };
    onTestFinished(() => asked[0]?.());
    return {
      url: "ws://a.example:1/",
      options: { network: { lookup } },
      reached: () => eventually(() => asked.length === 1, "a lookup"),
    };
  },
  async "a socket of the application's connects"() {
    const sockets: Socket[] = [];
    const createConnection = () => {
      const socket = netConnect({ host: "a.example", port: 1, lookup: () => undefined });
      sockets.push(socket);
      return socket;
    };
    return {
      url: "wss://a.example/",
      options: { createConnection },
      reached: () => eventually(() => sockets[0]?.listenerCount("connect") === 1, "somebody who waits"),
    };
  },
  async "TLS has no answer"() {
    const { port, socket } = await listen(guard);
    return {
      url: `wss://localhost:${port}/`,
      options: { network: { family: 4 } },
      reached: async () => (await socket()).resume(),
    };
  },
  async "TLS over a Duplex has no answer"() {
    const { port, socket } = await listen(guard);
    return {
      url: `wss://localhost:${port}/`,
      options: { createConnection: async () => wrapped(await connectedSocket(port)) },
      reached: async () => (await socket()).resume(),
    };
  },
  async "the request has no answer"() {
    const { port, socket } = await listen(guard);
    return {
      url: `ws://127.0.0.1:${port}/`,
      reached: async () => {
        const one = await socket();
        await new Promise((resolve) => one.once("data", resolve));
      },
    };
  },
  async "the request under TLS has no answer"() {
    const { port, socket } = await listen(guard, () => undefined, { tls });
    return {
      url: `wss://localhost:${port}/`,
      options: { ...trusting, network: { family: 4 } },
      reached: async () => {
        const one = await socket();
        await new Promise((resolve) => one.once("data", resolve));
      },
    };
  },
  async "the head of the answer is not complete"() {
    const { port, socket } = await listen(guard, (one) => void one.write("HTTP/1.1 101 Swit"));
    return {
      url: `ws://127.0.0.1:${port}/`,
      reached: async () => {
        const one = await socket();
        await new Promise((resolve) => one.once("data", resolve));
        await turns();
      },
    };
  },
  async "the body of a refusal is not complete"() {
    const head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nnot";
    const { port, socket } = await listen(guard, (one) => void one.write(head));
    return {
      url: `ws://127.0.0.1:${port}/`,
      // A refusal is one whatever becomes of its body.
      timedOut: { status: 403, body: "not" },
      reached: async () => {
        const one = await socket();
        await new Promise((resolve) => one.once("data", resolve));
        await turns();
      },
    };
  },
};

describe.each(Object.entries(stages))("giving up while %s", (_name, prepare) => {
  test("the signal's reason is what connect rejects with, and nothing is left behind", async () => {
    const clock = new ManualClock();
    guard.clock(clock);
    const { url, options, reached } = await prepare();
    const abort = new AbortController();
    const reason = new Error("enough");
    const gone = reasonOf(connect(url, { ...options, clock, signal: abort.signal }));
    await reached();
    expect(clock.pending).toBeGreaterThan(0);
    abort.abort(reason);
    expect(await gone).toBe(reason);
    // The guard looks at the sockets of the server, at the handles of this process, and at the clock.
    expect(clock.pending).toBe(0);
  });

  test("timeouts.handshake", async () => {
    const clock = new ManualClock();
    guard.clock(clock);
    const message = "there was no answer within 400 ms (timeouts.handshake)";
    const { url, options, reached, timedOut = { status: 0, message } } = await prepare();
    const gone = failureOf(connect(url, { ...options, clock, timeouts: { handshake: 400 } }));
    await reached();
    clock.advance(400);
    expect(await gone).toMatchObject(timedOut);
    expect(clock.pending).toBe(0);
  });
});

test("a signal that is aborted already: nothing is asked for", async () => {
  const { port, sockets } = await listen(guard);
  const asked: unknown[] = [];
  const createConnection = (destination: Destination) => {
    asked.push(destination);
    return netConnect(port, "127.0.0.1");
  };
  expect(await reasonOf(connect(`ws://127.0.0.1:${port}/`, { signal: AbortSignal.abort("no") }))).toBe("no");
  expect(await reasonOf(connect("ws://a/", { signal: AbortSignal.abort("no"), createConnection }))).toBe(
    "no",
  );
  await turns();
  expect([asked, sockets]).toEqual([[], []]);
});

test("a signal that is aborted once we are connected changes nothing, and nobody listens to it", async () => {
  const { port } = await serveEcho(guard);
  const abort = new AbortController();
  const ws = await connect(`ws://127.0.0.1:${port}/`, { signal: abort.signal });
  abort.abort();
  ws.send("still here");
  expect(await ws.receive()).toBe("still here");
  await ws.close();
});

test("one signal may end any number of attempts and waits: Node does not take that for a leak", async () => {
  const { port } = await serveEcho(guard);
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  const abort = new AbortController();
  const { signal } = abort;
  const dozen = Array.from({ length: 12 }, () => connect(`ws://127.0.0.1:${port}/`, { signal }));
  const connections = await Promise.all(dozen);
  const waits = connections.map((ws) => reasonOf(ws.receive({ signal })));
  await turns();
  abort.abort("enough");
  expect(await Promise.all(waits)).toEqual(waits.map(() => "enough"));
  expect(warnings).toEqual([]);
  await Promise.all(connections.map((ws) => ws.close()));
});

test("a process that has nothing else to do stays alive until timeouts.handshake is over", async () => {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const source = new URL("../../src/client/connect.ts", import.meta.url).href;
  const program = `
    const { connect } = await import(${JSON.stringify(source)});
    const never = { createConnection: () => new Promise(() => {}), timeouts: { handshake: 100 } };
    await connect("ws://a.example/", never).catch(({ message }) => console.log(message));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--import",
    tsx,
    "--input-type=module",
    "--eval",
    program,
  ]);
  expect(stdout).toBe("there was no answer within 100 ms (timeouts.handshake)\n");
});
