// connect() through proxies that others have made, by URL and by the agents of npm.
import {
  type ConnectOptions,
  connect,
  HandshakeError,
  type ProxyAgent as ProxyOption,
  type Server,
  serve,
} from "hawser";
import { HttpsProxyAgent } from "https-proxy-agent";
import { PacProxyAgent } from "pac-proxy-agent";
import { ProxyAgent } from "proxy-agent";
import { SocksProxyAgent } from "socks-proxy-agent";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Authority } from "../client/support/authority.ts";
import { closedPort } from "../client/support/listener.ts";
import { filler } from "../support/bytes.ts";
import { type Login, proxyKinds, type RunningProxy } from "./proxies.ts";

const login: Login = { username: "ada", password: "se-cret" };
const authority = new Authority();
const tls = { ca: authority.cert };
const MiB = 1024 * 1024;

let plain: Server;
let secure: Server;

beforeAll(async () => {
  const common = { port: 0, host: "127.0.0.1", limits: { message: 2 * MiB } };
  const pair = authority.issue("DNS:localhost", "IP:127.0.0.1");
  const echo = async (
    ws: { send(message: string | Uint8Array): boolean } & AsyncIterable<string | Uint8Array>,
  ) => {
    for await (const message of ws) ws.send(message);
  };
  plain = await serve(common, echo);
  secure = await serve({ ...common, tls: pair }, echo);
});

afterAll(() => Promise.all([plain?.close(), secure?.close()]));

type Proxy = NonNullable<ConnectOptions["proxy"]>;

/** How a proxy is told to connect, for each of the two protocols. */
const ways: Readonly<Record<"http" | "socks5", readonly (readonly [string, (url: string) => Proxy])[]>> = {
  http: [
    ["by URL", (url) => url],
    ["by https-proxy-agent", (url) => new HttpsProxyAgent(url)],
    ["by proxy-agent", (url) => new ProxyAgent({ getProxyForUrl: () => url })],
  ],
  socks5: [
    ["by socks-proxy-agent", (url) => new SocksProxyAgent(url)],
    ["by proxy-agent", (url) => new ProxyAgent({ getProxyForUrl: () => url })],
  ],
};

/** Text, and a mebibyte each way. */
async function roundTrip(url: string, proxy: Proxy): Promise<void> {
  const ws = await connect(url, { proxy, tls, limits: { message: 2 * MiB, sendBuffer: 2 * MiB } });
  ws.send("滴水之恩");
  expect(await ws.receive()).toBe("滴水之恩");
  ws.send(filler(MiB));
  expect(Buffer.from((await ws.receive()) as Uint8Array).equals(filler(MiB))).toBe(true);
  expect(await ws.close(1000, "done")).toMatchObject({ clean: true, code: 1000 });
}

describe.each(proxyKinds.map((kind) => [kind.name, kind] as const))("%s", (_name, kind) => {
  describe.skipIf(!kind.isThere)(kind.isThere ? "there" : `missing; ${kind.install}`, () => {
    let open: RunningProxy;
    let closed: RunningProxy;
    beforeAll(async () => {
      open = await kind.start();
      closed = await kind.start(login);
    });
    afterAll(() => Promise.all([open?.stop(), closed?.stop()]));

    const urlOf = ({ port }: RunningProxy, who = "") => `${kind.speaks}://${who}127.0.0.1:${port}`;

    describe.each(ways[kind.speaks])("%s", (_way, through) => {
      test("ws", () => roundTrip(`ws://127.0.0.1:${plain.port}/`, through(urlOf(open))));

      test("wss, to an address and to a name", async () => {
        await roundTrip(`wss://127.0.0.1:${secure.port}/`, through(urlOf(open)));
        await roundTrip(`wss://localhost:${secure.port}/`, through(urlOf(open)));
      });

      test("with a name and a password", async () => {
        const proxy = through(urlOf(closed, "ada:se-cret@"));
        await roundTrip(`ws://127.0.0.1:${plain.port}/`, proxy);
        await roundTrip(`wss://127.0.0.1:${secure.port}/`, proxy);
      });

      test.each(["", "ada:wrong@"])("let in as nobody it knows (%j)", async (who) => {
        const proxy = through(urlOf(closed, who));
        const error: unknown = await connect(`ws://127.0.0.1:${plain.port}/`, { proxy }).catch(
          (e: unknown) => e,
        );
        expect(error).toBeInstanceOf(HandshakeError);
        const { status, message } = error as HandshakeError;
        // SOCKS has no status, and what it has agents put into words.
        // tinyproxy 1.11 says 401 to a wrong password and 407 to none.
        expect(kind.speaks === "http" ? [401, 407] : [0]).toContain(status);
        expect(message).not.toContain("wrong");
        expect(message).toMatch(/proxy|agent/);
      });

      test("a destination where nobody listens", async () => {
        const port = await closedPort();
        const proxy = through(urlOf(open));
        const error: unknown = await connect(`ws://127.0.0.1:${port}/`, { proxy }).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(HandshakeError);
        expect((error as HandshakeError).message).toContain(`127.0.0.1:${port}`);
        expect([0, 500, 502, 503, 504, 595]).toContain((error as HandshakeError).status);
      });

      test("a proxy that is not there", async () => {
        const proxy = through(`${kind.speaks}://127.0.0.1:${await closedPort()}`);
        const error: unknown = await connect(`ws://127.0.0.1:${plain.port}/`, { proxy }).catch(
          (e: unknown) => e,
        );
        expect(error).toBeInstanceOf(HandshakeError);
        expect(error).toMatchObject({ status: 0, message: expect.stringContaining("ECONNREFUSED") });
      });
    });

    test("by a PAC file", async () => {
      const asked = kind.speaks === "http" ? "PROXY" : "SOCKS5";
      const script = `function FindProxyForURL(url, host) {
        return url.slice(0, 4) === "wss:" ? "${asked} 127.0.0.1:${open.port}" : "DIRECT";
      }`;
      const proxy = new PacProxyAgent(`pac+data:text/plain,${encodeURIComponent(script)}`);
      await roundTrip(`wss://127.0.0.1:${secure.port}/`, proxy);
      await roundTrip(`ws://127.0.0.1:${plain.port}/`, proxy);
    });
  });
});

test("proxy-agent that knows of no proxy for a URL: straight to it", async () => {
  const urls: string[] = [];
  const getProxyForUrl = (url: string) => {
    urls.push(url);
    return "";
  };
  const proxy: ProxyOption = new ProxyAgent({ getProxyForUrl });
  await roundTrip(`wss://127.0.0.1:${secure.port}/`, proxy);
  await roundTrip(`ws://127.0.0.1:${plain.port}/`, proxy);
  expect(urls).toEqual([`wss://127.0.0.1:${secure.port}/`, `ws://127.0.0.1:${plain.port}/`]);
});
