// Agents of every shape, as proxies: what they are asked with, what they may give, and how they fail.
import type { EventEmitter } from "node:events";
import { Agent as HttpAgent } from "node:http";
import { connect as netConnect, type Socket } from "node:net";
import { type ConnectOptions, connect, ManualClock } from "hawser";
import { describe, expect, test } from "vitest";
import { turns } from "../connection/support.ts";
import { Guard } from "../serve/support/guard.ts";
import { Authority } from "./support/authority.ts";
import { failureOf, reasonOf, roundTrip, serveEcho } from "./support/connecting.ts";
import { closedPort, listen } from "./support/listener.ts";

const guard = new Guard();
const authority = new Authority();
const tls = authority.issue("DNS:target.example");

/** What agents see of a request. */
interface AgentRequest extends EventEmitter {
  readonly path: string;
  getHeader(name: string): unknown;
  destroy(): unknown;
}

/** What agents are told beside it. */
interface AgentOptions {
  readonly host: string;
  readonly port: number;
  readonly secureEndpoint: boolean;
  readonly signal: AbortSignal;
}

const agentOf = (give: (request: AgentRequest, options: AgentOptions) => unknown) => ({
  async connect(request: AgentRequest, options: AgentOptions) {
    return give(request, options);
  },
});

describe("is asked", () => {
  test.each([
    ["ws://target.example:81/feed", "target.example", 81, "ws://target.example:81/", "target.example:81"],
    ["wss://target.example/", "target.example", 443, "wss://target.example:443/", "target.example:443"],
    ["ws://[2001:db8::1]/", "2001:db8::1", 80, "ws://[2001:db8::1]:80/", "[2001:db8::1]:80"],
  ])("for %s, as for a request that is to be upgraded", async (url, host, port, path, authority) => {
    const asked: unknown[] = [];
    const agent = agentOf((request, options) => {
      asked.push(options, request.path, request.getHeader("Host"), request.getHeader("upgrade"));
      asked.push(
        request.getHeader("cookie"),
        new URL(request.path, `ws://${authority}`).href.startsWith(path.slice(0, 5)),
      );
      throw new Error("seen");
    });
    await failureOf(connect(url, { proxy: agent }));
    expect(asked).toEqual([
      { host, port, secureEndpoint: false, signal: expect.any(AbortSignal) },
      path,
      authority,
      "websocket",
      undefined,
      true,
    ]);
  });
});

describe("gives", () => {
  test("a socket, connected or not, over which TLS is ours to speak", async () => {
    const plain = await serveEcho(guard);
    const secure = await serveEcho(guard, { tls });
    const events: unknown[] = [];
    const to = (port: number) =>
      agentOf((request) => {
        const socket = netConnect(port, "127.0.0.1");
        request.once("socket", (given) => events.push(given === socket));
        return socket;
      });
    await roundTrip(`ws://target.example:${plain.port}/`, { proxy: to(plain.port) });
    const trusting = { tls: { ca: authority.cert } };
    await roundTrip(`wss://target.example:${secure.port}/`, { ...trusting, proxy: to(secure.port) });
    const error = await failureOf(connect("wss://other.example/", { ...trusting, proxy: to(secure.port) }));
    expect(error).toMatchObject({ status: 0, cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" } });
    // Agents resume the socket on this event of node:http.
    expect(events).toEqual([true, true, true]);
  });

  test("another agent, which is asked in its turn", async () => {
    const { port } = await serveEcho(guard);
    const last = agentOf(() => netConnect(port, "127.0.0.1"));
    await roundTrip("ws://target.example/", { proxy: agentOf(() => agentOf(() => last)) });
  });

  test("an agent of Node's own: there is no proxy on the way, and the socket is ours to open", async () => {
    const { port } = await serveEcho(guard);
    const network: ConnectOptions["network"] = {
      lookup: (_name, _options, done) => done(null, "127.0.0.1", 4),
    };
    await roundTrip(`ws://target.example:${port}/`, { proxy: agentOf(() => new HttpAgent()), network });
  });

  test.each([
    ["nothing", () => undefined, "undefined"],
    ["itself, without end", () => endless, "an object"],
  ])("%s: TypeError", async (_what, give, shown) => {
    const error = await reasonOf(connect("ws://a.example/", { proxy: agentOf(give) }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: `the agent must give a Duplex, not ${shown}` });
  });

  test("a socket that cannot connect", async () => {
    const port = await closedPort();
    const proxy = agentOf(() => netConnect(port, "127.0.0.1"));
    for (const scheme of ["ws", "wss"]) {
      const error = await failureOf(connect(`${scheme}://a.example/`, { proxy }));
      expect(error).toMatchObject({ status: 0, cause: { code: "ECONNREFUSED" } });
    }
  });

  test("a socket, too late: it is destroyed", async () => {
    const clock = new ManualClock();
    guard.clock(clock);
    const { port } = await listen(guard);
    let give: (socket: Socket) => void = () => undefined;
    const promised = new Promise<Socket>((resolve) => {
      give = resolve;
    });
    const failed = failureOf(connect("ws://a.example/", { proxy: agentOf(() => promised), clock }));
    await turns();
    clock.advance(10_000);
    expect(await failed).toMatchObject({ status: 0, message: expect.stringContaining("10000 ms") });
    const socket = netConnect(port, "127.0.0.1");
    give(socket);
    await turns();
    expect(socket.destroyed).toBe(true);
  });
});

const endless = agentOf(() => endless);

describe("fails", () => {
  test.each([
    ["rejecting", () => Promise.reject(Object.assign(new Error("no way"), { code: "EPROXY" }))],
    [
      "throwing",
      () => {
        throw Object.assign(new Error("no way"), { code: "EPROXY" });
      },
    ],
  ])("%s: HandshakeError, with the agent's as its cause", async (_how, fail) => {
    const error = await failureOf(connect("wss://a.example/", { proxy: { connect: fail } }));
    expect(error).toMatchObject({ status: 0, cause: { code: "EPROXY" } });
    expect(error.message).toBe("the agent could not connect to a.example:443: no way");
  });

  test("by a timeout of its own, when we have given up already", async () => {
    let seen: AgentRequest | undefined;
    const abort = new AbortController();
    const proxy = agentOf((request) => {
      seen = request;
      return new Promise(() => undefined);
    });
    const failed = reasonOf(connect("ws://a.example/", { proxy, signal: abort.signal }));
    await turns();
    abort.abort("enough");
    expect(await failed).toBe("enough");
    // socks-proxy-agent does that.
    expect(() => seen?.destroy()).not.toThrow();
  });

  test("telling that the proxy refused: what it plays back for node:http is not read", async () => {
    const { port } = await listen(guard);
    let given: Socket | undefined;
    const proxy = agentOf((request) => {
      const headers = { "proxy-authenticate": ["Basic", "Digest"], "content-length": "0" };
      request.emit("proxyConnect", { statusCode: 407, statusText: "Auth\u0007 needed", headers });
      given = netConnect(port, "127.0.0.1");
      return given;
    });
    const error = await failureOf(connect("ws://a.example/", { proxy }));
    expect(error).toMatchObject({
      status: 407,
      body: "",
      message: "the proxy refused a tunnel to a.example:80: 407 Auth? needed",
    });
    expect(error.headers.all("Proxy-Authenticate")).toEqual(["Basic", "Digest"]);
    expect(given?.destroyed).toBe(true);
  });

  test("telling of a refusal first, and then of a tunnel: the last word counts", async () => {
    const { port } = await serveEcho(guard);
    const proxy = agentOf((request) => {
      for (const statusCode of [407, 200]) request.emit("proxyConnect", { statusCode });
      return netConnect(port, "127.0.0.1");
    });
    await roundTrip("ws://a.example/", { proxy });
  });

  test("telling what makes no sense", async () => {
    const { port } = await serveEcho(guard);
    const proxy = agentOf((request) => {
      for (const odd of [undefined, null, 407, {}, { statusCode: "407" }]) request.emit("proxyConnect", odd);
      return netConnect(port, "127.0.0.1");
    });
    await roundTrip("ws://a.example/", { proxy });
  });
});
