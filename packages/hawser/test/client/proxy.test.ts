// Through an HTTP proxy by its URL: what it is asked, and what can go wrong.
import { type ConnectOptions, connect, ManualClock } from "hawser";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { acceptFor } from "../../src/handshake/key.ts";
import { turns } from "../connection/support.ts";
import { eventually, Guard } from "../serve/support/guard.ts";
import { plain } from "../support/frames.ts";
import { Authority } from "./support/authority.ts";
import { failureOf, reasonOf, roundTrip, serveEcho } from "./support/connecting.ts";
import { httpProxy, tunnel } from "./support/http-proxy.ts";
import { closedPort, listen, onHead } from "./support/listener.ts";

const guard = new Guard();
const authority = new Authority();
const tls = authority.issue("DNS:localhost", "DNS:target.example");
const trusting = { tls: { ca: authority.cert } };

test("a ws: URL through a tunnel", async () => {
  const { port, arrival } = await serveEcho(guard);
  const { port: proxy, heads } = await httpProxy(guard);
  await roundTrip(`ws://target.example:${port}/feed`, { proxy: `http://127.0.0.1:${proxy}` });
  expect(heads[0]).toBe(
    `CONNECT target.example:${port} HTTP/1.1\r\nHost: target.example:${port}\r\nConnection: close\r\n`,
  );
  expect((await arrival()).request).toMatchObject({ path: "/feed", host: `target.example:${port}` });
});

test("a wss: URL: TLS with the destination, inside of the tunnel", async () => {
  const { port } = await serveEcho(guard, { tls });
  const { port: proxy } = await httpProxy(guard);
  const through = { proxy: new URL(`http://127.0.0.1:${proxy}`) };
  await roundTrip(`wss://target.example:${port}/`, { ...trusting, ...through });
  const error = await failureOf(connect(`wss://other.example:${port}/`, { ...trusting, ...through }));
  expect(error).toMatchObject({ status: 0, cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" } });
});

test("the port is always said, and an IPv6 address is in brackets", async () => {
  const { port: proxy, heads } = await httpProxy(guard, (socket) => socket.end("HTTP/1.1 502 No\r\n\r\n"));
  const through = { proxy: `http://127.0.0.1:${proxy}` };
  for (const url of ["ws://a.example/", "wss://a.example/", "ws://[2001:db8::1]/"]) {
    await failureOf(connect(url, through));
  }
  expect(heads.map((head) => /^CONNECT (\S+) .*\r\nHost: (.*)\r/.exec(head)?.slice(1))).toEqual([
    ["a.example:80", "a.example:80"],
    ["a.example:443", "a.example:443"],
    ["[2001:db8::1]:80", "[2001:db8::1]:80"],
  ]);
});

test("the name and password in the URL of the proxy go to the proxy, and nowhere else", async () => {
  const { port, arrival } = await serveEcho(guard, { keep: ["authorization", "proxy-authorization"] });
  const { port: proxy, heads } = await httpProxy(guard);
  const proxied = { proxy: `http://ad%C3%A4:se%40cret@127.0.0.1:${proxy}` };
  await roundTrip(`ws://bob:pw@target.example:${port}/`, { ...proxied, headers: { "X-Mine": "1" } });
  const basic = Buffer.from("adä:se@cret").toString("base64");
  expect(heads[0]).toContain(`\r\nProxy-Authorization: Basic ${basic}\r\n`);
  expect(heads[0]).not.toMatch(/^(?:Authorization|X-Mine|Sec-|Upgrade)/im);
  const { headers } = (await arrival()).request;
  expect(headers.get("proxy-authorization")).toBeUndefined();
  expect(headers.get("authorization")).toBe(`Basic ${Buffer.from("bob:pw").toString("base64")}`);
});

test("any 2xx is a yes, and has no body whatever it says (RFC 9110 §9.3.6)", async () => {
  const { port } = await serveEcho(guard);
  const { port: proxy } = await httpProxy(guard, tunnel("HTTP/1.1 204 Fine\r\nContent-Length: 7\r\n\r\n"));
  await roundTrip(`ws://target.example:${port}/`, { proxy: `http://127.0.0.1:${proxy}` });
});

describe("bytes right behind the 200 are the destination's", () => {
  const early = "HTTP/1.1 401 Who\r\nContent-Length: 2\r\n\r\nno";

  test("as an answer that came too early", async () => {
    const { port } = await httpProxy(guard, (socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${early}`));
    const error = await failureOf(connect("ws://a.example/", { proxy: `http://127.0.0.1:${port}` }));
    expect(error).toMatchObject({ status: 401, body: "no", message: "the server refused with 401 Who" });
  });

  test("under TLS", async () => {
    const { port } = await httpProxy(guard, (socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${early}`));
    const error = await failureOf(connect("wss://a.example/", { proxy: `http://127.0.0.1:${port}` }));
    expect(error).toMatchObject({ status: 0, cause: { code: expect.stringMatching(/^ERR_SSL_/) } });
  });
});

describe("a proxy that", () => {
  const refused = (answer: string) => httpProxy(guard, (socket) => socket.end(answer));

  test("wants a name and a password", async () => {
    const { port } = await refused(
      'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="p"\r\nContent-Length: 9\r\n\r\nwho, you?',
    );
    const error = await failureOf(
      connect("ws://a.example/", { proxy: `http://ada:secret@127.0.0.1:${port}` }),
    );
    expect(error).toMatchObject({ status: 407, body: "who, you?" });
    expect(error.headers.get("proxy-authenticate")).toBe('Basic realm="p"');
    expect(error.message).toBe(
      `the proxy 127.0.0.1:${port} refused a tunnel to a.example:80: 407 Proxy Authentication Required`,
    );
  });

  test("cannot reach the destination", async () => {
    const { port } = await refused(
      "HTTP/1.1 502 \x1b[31m\xff\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    );
    const error = await failureOf(connect("wss://a.example/", { proxy: `http://127.0.0.1:${port}` }));
    expect(error).toMatchObject({ status: 502, body: "abc" });
    expect(error.message).toMatch(/refused a tunnel to a\.example:443: 502 \?\[31m\?+$/);
  });

  test("redirects: that is a refusal, and not followed", async () => {
    const { port } = await refused("HTTP/1.1 302 There\r\nLocation: ws://b.example/\r\n\r\n");
    const proxy = `http://127.0.0.1:${port}`;
    const error = await failureOf(connect("ws://a.example/", { proxy, redirects: 3 }));
    expect(error).toMatchObject({
      status: 302,
      message: expect.stringMatching(/^the proxy .* refused a tunnel/),
    });
  });

  test("is not there", async () => {
    const port = await closedPort();
    const error = await failureOf(
      connect("ws://a.example/", { proxy: `http://ada:secret@127.0.0.1:${port}` }),
    );
    expect(error).toMatchObject({ status: 0, cause: { code: "ECONNREFUSED" } });
    expect(error.message).toBe(
      `the proxy 127.0.0.1:${port} gave no tunnel to a.example:80: connect ECONNREFUSED 127.0.0.1:${port}`,
    );
  });

  test("hangs up", async () => {
    const { port } = await httpProxy(guard, (socket) => socket.destroy());
    const error = await failureOf(connect("ws://a.example/", { proxy: `http://127.0.0.1:${port}` }));
    expect(error).toMatchObject({ status: 0, cause: { code: "ECONNRESET" } });
    expect(error.message).toBe(`the proxy 127.0.0.1:${port} gave no tunnel to a.example:80: socket hang up`);
  });

  test("hangs up behind its 200", async () => {
    const { port } = await httpProxy(guard, (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"));
    const proxy = `http://127.0.0.1:${port}`;
    expect(await failureOf(connect("ws://a.example/", { proxy }))).toMatchObject({
      status: 0,
      message: "the server hung up before it had answered",
    });
    expect(await failureOf(connect("wss://a.example/", { proxy }))).toMatchObject({
      status: 0,
      message: expect.stringMatching(/^no TLS connection to a\.example: /),
    });
  });

  test("speaks no HTTP", async () => {
    const { port } = await refused("220 mail.example ESMTP\r\n");
    const error = await failureOf(connect("ws://a.example/", { proxy: `http://127.0.0.1:${port}` }));
    expect(error).toMatchObject({ status: 0, cause: { code: "HPE_INVALID_CONSTANT" } });
    expect(error.message).toMatch(/^the proxy 127\.0\.0\.1:\d+ gave no tunnel to a\.example:80: Parse Error/);
  });

  test("answers without an end", async () => {
    const { port } = await httpProxy(guard, (socket) => {
      const fill = (): void => void (socket.write(`X: ${"x".repeat(1000)}\r\n`) && setImmediate(fill));
      socket.on("drain", fill);
      socket.write("HTTP/1.1 200 OK\r\n");
      fill();
    });
    const error = await failureOf(connect("ws://a.example/", { proxy: `http://127.0.0.1:${port}` }));
    expect(error).toMatchObject({ status: 0, cause: { code: "HPE_HEADER_OVERFLOW" } });
  });

  describe("says nothing", () => {
    const wait = async (options: ConnectOptions) => {
      const proxy = await httpProxy(guard, () => undefined);
      const failed = reasonOf(
        connect("ws://a.example/", { ...options, proxy: `http://127.0.0.1:${proxy.port}` }),
      );
      await eventually(() => proxy.heads.length === 1, "a request");
      expect(proxy.open()).toBe(1);
      return { failed, proxy };
    };

    test("until timeouts.handshake is over", async () => {
      const clock = new ManualClock();
      guard.clock(clock);
      const { failed } = await wait({ clock, timeouts: { handshake: 300 } });
      clock.advance(300);
      expect(await failed).toMatchObject({ status: 0, message: expect.stringContaining("300 ms") });
    });

    test("until we give up", async () => {
      const abort = new AbortController();
      const { failed } = await wait({ signal: abort.signal });
      abort.abort("enough");
      expect(await failed).toBe("enough");
    });
  });
});

test("giving up behind the tunnel lets go of it", async () => {
  const silent = await listen(guard);
  const { port: proxy } = await httpProxy(guard);
  const abort = new AbortController();
  const { signal } = abort;
  const through = { proxy: `http://127.0.0.1:${proxy}`, signal };
  const failed = [
    reasonOf(connect(`ws://a.example:${silent.port}/`, through)),
    reasonOf(connect(`wss://a.example:${silent.port}/`, through)),
  ];
  for (const index of [0, 1]) (await silent.socket(index)).resume();
  await turns();
  abort.abort("enough");
  expect(await Promise.all(failed)).toEqual(["enough", "enough"]);
});

test("frames that come in one piece with the answer, through a tunnel, are not lost", async () => {
  const { port } = await httpProxy(guard, (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    onHead(socket, (head) => {
      const key = /Sec-WebSocket-Key: (\S+)/.exec(head)?.[1] ?? "";
      const answer = `HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(key)}\r\n\r\n`;
      socket.resume().end(Buffer.concat([Buffer.from(answer), plain.text("hi"), plain.close(1000)]));
    });
  });
  const ws = await connect("ws://a.example/", { proxy: `http://127.0.0.1:${port}` });
  expect(await ws.receive()).toBe("hi");
  expect(await ws.closed).toMatchObject({ code: 1000, clean: true });
});

describe("the network options hold for the way to the proxy", () => {
  test("lookup, family", async () => {
    const { port } = await serveEcho(guard);
    const { port: proxy } = await httpProxy(guard);
    const asked: unknown[] = [];
    const network: ConnectOptions["network"] = {
      family: 4,
      lookup: (hostname, options, done) => {
        asked.push([hostname, options.family]);
        done(null, "127.0.0.1", 4);
      },
    };
    await roundTrip(`ws://target.example:${port}/`, { proxy: `http://proxy.example:${proxy}`, network });
    // The destination is the proxy's to look up.
    expect(asked).toEqual([["proxy.example", 4]]);
  });

  test("localAddress", async () => {
    const { port } = await serveEcho(guard);
    const { port: proxy, sockets } = await httpProxy(guard);
    const network = { localAddress: "127.0.0.3" };
    const through = roundTrip(`ws://a.example:${port}/`, { proxy: `http://127.0.0.1:${proxy}`, network });
    await eventually(() => sockets.length === 1, "a connection");
    expect(sockets[0]?.remoteAddress).toBe("127.0.0.3");
    await through;
  });

  test("a lookup that throws", async () => {
    const lookup = () => {
      throw new Error("no resolver");
    };
    const error = await failureOf(
      connect("ws://a.example/", { proxy: "http://proxy.example", network: { lookup } }),
    );
    expect(error).toMatchObject({ status: 0, cause: { message: "no resolver" } });
  });
});

test("a Unix socket is never behind a proxy", async () => {
  const { port: proxy, heads } = await httpProxy(guard);
  const error = await failureOf(connect("ws+unix:/no/such.sock", { proxy: `http://127.0.0.1:${proxy}` }));
  expect(error).toMatchObject({ status: 0, cause: { code: "ENOENT" } });
  expect(heads).toEqual([]);
});

describe('"environment"', () => {
  beforeEach(() => {
    for (const name of ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]) {
      vi.stubEnv(name, undefined);
      vi.stubEnv(name.toUpperCase(), undefined);
    }
    return () => void vi.unstubAllEnvs();
  });

  test("is the only way in for it", async () => {
    const { port } = await serveEcho(guard);
    const { port: proxy, heads } = await httpProxy(guard);
    vi.stubEnv("all_proxy", `http://127.0.0.1:${proxy}`);
    await roundTrip(`ws://127.0.0.1:${port}/`);
    expect(heads).toEqual([]);
    await roundTrip(`ws://127.0.0.1:${port}/`, { proxy: "environment" });
    expect(heads).toHaveLength(1);
  });

  test("is looked at for each URL, as it is at that moment", async () => {
    const { port } = await serveEcho(guard);
    const secure = await serveEcho(guard, { tls });
    const { port: proxy, heads } = await httpProxy(guard);
    const options: ConnectOptions = { ...trusting, proxy: "environment" };
    vi.stubEnv("https_proxy", `127.0.0.1:${proxy}`);
    await roundTrip(`ws://127.0.0.1:${port}/`, options);
    expect(heads).toEqual([]);
    await roundTrip(`wss://localhost:${secure.port}/`, options);
    expect(heads).toHaveLength(1);
    vi.stubEnv("no_proxy", "localhost");
    await roundTrip(`wss://localhost:${secure.port}/`, { ...options, network: { lookup: loopback } });
    expect(heads).toHaveLength(1);
  });
});

const loopback: NonNullable<NonNullable<ConnectOptions["network"]>["lookup"]> = (_hostname, _options, done) =>
  done(null, "127.0.0.1", 4);
