// What connect is given: every mistake is told at once, by name, before anybody is called.
import { Socket } from "node:net";
import { type ConnectOptions, connect } from "hawser";
import { ProxyAgent as UndiciProxyAgent } from "undici";
import { describe, expect, test } from "vitest";
import { Guard } from "../serve/support/guard.ts";
import { Authority } from "./support/authority.ts";
import { reasonOf } from "./support/connecting.ts";
import { listen } from "./support/listener.ts";

const guard = new Guard();

/** An option, a value that is none, and what the error says of it. */
type Row = readonly [options: unknown, message: string | RegExp];

const noTypes: readonly Row[] = [
  [null, "the options of connect() must be an object, not null"],
  ["fast", 'the options of connect() must be an object, not the string "fast"'],
  [{ protocol: "chat" }, /^connect\(\) has no option "protocol"; there are subprotocols, headers, /],
  [{ subprotocols: "chat" }, 'subprotocols must be an array of names, as ["chat"], not the string "chat"'],
  [{ subprotocols: ["a b"] }, 'a subprotocol must be a token, as "chat.v2", not the string "a b"'],
  [{ subprotocols: ["a", "a"] }, 'the subprotocol "a" is there twice'],
  [{ subprotocols: [7] }, 'a subprotocol must be a token, as "chat.v2", not the number 7'],
  [{ headers: "Cookie: a=b" }, /^headers? /],
  [
    { headers: { "Sec-WebSocket-Key": "x" } },
    'the header "Sec-WebSocket-Key" is set by the handshake itself',
  ],
  [{ headers: { "X-A": "a\r\nX-B: b" } }, /X-A/],
  [{ accepts: "json" }, 'accepts must be one of text, binary, not the string "json"'],
  [{ limits: { messages: 1 } }, /messages/],
  [{ limits: { message: "1 MiB" } }, /limits\.message/],
  [{ timeouts: { connect: 1 } }, /connect/],
  [{ coupled: 1 }, "coupled must be true or false, not the number 1"],
  [{ signal: new AbortController() }, "signal must be an AbortSignal, not an instance of AbortController"],
  [{ signal: null }, "signal must be an AbortSignal, not null"],
  [{ tls: true }, "tls must be an object, as { ca }, not the boolean true"],
  [{ tls: null }, "tls must be an object, as { ca }, not null"],
  [
    { tls: { rejectUnauthorized: "no" } },
    'tls.rejectUnauthorized must be true or false, not the string "no"',
  ],
  [{ tls: { servername: 7 } }, "tls.servername must be a string, not the number 7"],
  [{ tls: { checkServerIdentity: "no" } }, 'tls.checkServerIdentity must be a function, not the string "no"'],
  [{ tls: { ca: 7 } }, /^tls cannot be used: .*ca/],
  [{ tls: { key: "no key" } }, /^tls cannot be used: /],
  [{ tls: { cert: "no certificate" } }, /^tls cannot be used: /],
  [{ tls: { minVersion: "TLSv9" } }, /^tls cannot be used: .*TLSv9/],
  [{ tls: { ciphers: "none of these" } }, /^tls cannot be used: /],
  [{ network: "eth0" }, 'the options of network must be an object, not the string "eth0"'],
  [{ network: { host: "a" } }, 'network has no option "host"; there are family, lookup, localAddress'],
  [{ network: { family: 5 } }, "network.family must be one of 0, 4, 6, not the number 5"],
  [{ network: { family: "IPv4" } }, 'network.family must be one of 0, 4, 6, not the string "IPv4"'],
  [{ network: { lookup: "dns" } }, 'network.lookup must be a function, not the string "dns"'],
  [
    { network: { localAddress: "eth0" } },
    'network.localAddress must be an IP address, not the string "eth0"',
  ],
  [{ network: { localAddress: 7 } }, "network.localAddress must be an IP address, not the number 7"],
  [{ redirects: true }, "redirects must be a number, not the boolean true"],
  [
    { proxy: 3128 },
    'proxy must be the URL of an HTTP proxy, an agent for node:http with a method connect, or "environment", not the number 3128',
  ],
  [{ proxy: {} }, /^proxy must be .*, not an object$/],
  [{ proxy: new Socket() }, /^proxy must be .*, not an instance of Socket$/],
  [{ proxy: new UndiciProxyAgent("http://proxy:3128") }, /^proxy must be .*, not an instance of ProxyAgent$/],
  [{ proxy: null }, /^proxy must be .*, not null$/],
  [{ proxy: "proxy" }, 'proxy must be a URL, as "http://proxy:3128", not the string "proxy"'],
  [{ proxy: "" }, 'proxy must be a URL, as "http://proxy:3128", not the string ""'],
  [
    { proxy: "http://%ff@proxy" },
    'proxy is the string "http://***@proxy": the name and password in a URL must be percent-encoded UTF-8 (RFC 3986 §2.5)',
  ],
  [
    { proxy: "http://ada%3A:pw@proxy" },
    'proxy is the string "http://***@proxy": the name in a URL must not have a colon in it (RFC 7617 §2)',
  ],
  [
    { proxy: new URL("socks5://proxy:1080") },
    'proxy is the string "socks5://proxy:1080", and by URL there are http and https; for SOCKS give an agent, as new SocksProxyAgent(url) of socks-proxy-agent',
  ],
  [{ createConnection: {} }, "createConnection must be a function, not an object"],
  [
    { createConnection: () => undefined, proxy: "http://proxy:3128" },
    "createConnection makes the stream, so that there is no place for a proxy beside it",
  ],
  [{ clock: Date }, /^clock must /],
];

const outOfRange: readonly Row[] = [
  [{ limits: { message: -1 } }, /limits\.message/],
  [{ timeouts: { handshake: 0 } }, /timeouts\.handshake/],
  [{ redirects: -1 }, "redirects must be a whole number, 0 or above, not -1"],
  [{ redirects: 1.5 }, "redirects must be a whole number, 0 or above, not 1.5"],
  [{ redirects: Number.POSITIVE_INFINITY }, "redirects must be a whole number, 0 or above, not Infinity"],
];

const title = ([options, message]: Row) => [String(message), options, message] as const;

describe.each([
  ["TypeError", TypeError, noTypes],
  ["RangeError", RangeError, outOfRange],
] as const)("%s", (_name, kind, rows) => {
  test.each(rows.map(title))("%s", async (_title, options, message) => {
    const { port, sockets } = await listen(guard);
    const url = `ws://127.0.0.1:${port}/`;
    const error = await reasonOf(connect(url, options as ConnectOptions));
    expect(error).toBeInstanceOf(kind);
    if (typeof message === "string") expect(error).toHaveProperty("message", message);
    else expect((error as Error).message).toMatch(message);
    expect(sockets).toEqual([]);
  });
});

describe("a password in the URL of a proxy is not told on", () => {
  test.each([
    "http://ada:secret@",
    "socks5://ada:secret@proxy:1080",
    "socks5://ada:se@secret@proxy:1080",
    "http://ada:se/secret@proxy:3128",
    "ada:secret@proxy:3128",
    "http://ada:secret%ff@proxy",
  ])("%s", async (proxy) => {
    const error = await reasonOf(connect("ws://a.example/", { proxy }));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).not.toContain("secret");
    expect((error as Error).message).toContain("***@");
  });
});

test("a key and a certificate that do not belong together", async () => {
  const authority = new Authority();
  const [one, other] = [authority.issue("DNS:a"), authority.issue("DNS:b")];
  const error = await reasonOf(connect("ws://a.example/", { tls: { key: one.key, cert: other.cert } }));
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({
    message: expect.stringMatching(/^tls cannot be used: .*key values mismatch/),
    cause: expect.any(Error),
  });
});

test("undefined stands for the default, everywhere", async () => {
  const names = [
    "subprotocols",
    "headers",
    "accepts",
    "limits",
    "timeouts",
    "coupled",
    "state",
    "tls",
    "network",
  ];
  const options = Object.fromEntries(
    [...names, "redirects", "proxy", "createConnection", "clock"].map((name) => [name, undefined]),
  );
  const { port, sockets } = await listen(guard, (socket) => void socket.once("data", () => socket.destroy()));
  await reasonOf(connect(`ws://127.0.0.1:${port}/`, options as ConnectOptions));
  expect(sockets).toHaveLength(1);
  const network = { family: undefined, lookup: undefined, localAddress: undefined };
  await reasonOf(connect(`ws://127.0.0.1:${port}/`, { network, tls: { rejectUnauthorized: undefined } }));
  expect(sockets).toHaveLength(2);
});
