// Options that are wrong: heard of at once, by name, with what is allowed.
import { createServer } from "node:http";
import { type Duplex, PassThrough } from "node:stream";
import { createServer as createTlsServer } from "node:tls";
import { acceptStream, type EndpointOptions, type Handler, serve, testPair, upgrade } from "hawser";
import { describe, expect, test } from "vitest";
import { echo } from "./support/ways-in.ts";

type Call = (options: unknown, handler: unknown) => unknown;

const calls: readonly (readonly [name: string, call: Call])[] = [
  ["serve()", (options, handler) => serve({ port: 0, ...Object(options) }, handler as Handler)],
  [
    "upgrade()",
    async (options, handler) => upgrade(createServer(), options as EndpointOptions, handler as Handler),
  ],
];

const mistakes: readonly (readonly [what: string, options: unknown, error: RegExp])[] = [
  [
    "a name that is none",
    { recources: {} },
    /has no option "recources"; there are accepts, .*limits, .*resources/,
  ],
  ["a limit that is none", { limits: { mesage: 1 } }, /limits\.mesage does not exist; there are head, /],
  [
    "a timeout that is none",
    { timeouts: { pongs: 1 } },
    /timeouts\.pongs does not exist; there are handshake, /,
  ],
  ["a limit of zero", { limits: { message: 0 } }, /limits\.message must be a whole number above 0/],
  ["a kind that is none", { accepts: "json" }, /accepts must be one of text, binary, not the string "json"/],
  ["coupled that is no boolean", { coupled: 1 }, /coupled must be true or false/],
  [
    "an origin without a scheme",
    { origins: ["app.example"] },
    /origins may hold whole origins.*"app\.example"/,
  ],
  [
    "origins that are none",
    { origins: "https://a.example" },
    /origins must be "any", an array or a function/,
  ],
  [
    "a proxy without an address",
    { trustProxy: { headers: "forwarded" } },
    /trustProxy\.from must be an array/,
  ],
  [
    "a proxy that is believed nothing",
    { trustProxy: { from: [] } },
    /trustProxy needs headers .* or proxyProtocol/,
  ],
  [
    "a proxy whose address is none",
    { trustProxy: { from: ["10.0.0.0/33"], headers: "forwarded" } },
    /"10\.0\.0\.0\/33"/,
  ],
  [
    "a proxy with a typo",
    { trustProxy: { from: [], header: "forwarded" } },
    /trustProxy has no option "header"/,
  ],
  [
    "a proxy whose headers are none",
    { trustProxy: { from: [], headers: "x-real-ip" } },
    /forwarded, x-forwarded/,
  ],
  ["keep that is no list", { keep: "cookie" }, /keep must be an array of header names/],
  ["onError that is no function", { onError: true }, /onError must be a function/],
  ["upgrade that is no function", { upgrade: {} }, /upgrade must be a function/],
  ["a resource without a slash", { resources: { echo } }, /a path that begins with "\/", not "echo"/],
  [
    "a resource that is none",
    { resources: { "/a": 1 } },
    /the resource "\/a" must be a session .* not the number 1/,
  ],
  [
    "a resource whose hook is misspelt",
    { resources: { "/a": { mesage: echo } } },
    /the resource "\/a" has no option "mesage"/,
  ],
];

describe.each(calls)("%s", (_name, call) => {
  test.each(mistakes)("%s", async (_what, options, error) => {
    const failed = Promise.resolve(call(options, echo));
    await expect(failed).rejects.toThrow(error);
    await expect(failed).rejects.toSatisfy(
      (reason) => reason instanceof TypeError || reason instanceof RangeError,
    );
  });

  const combinations: readonly (readonly [
    what: string,
    options: unknown,
    handler: unknown,
    error: RegExp,
  ])[] = [
    ["nothing to answer with", {}, undefined, /needs a session or a handler, or the option resources/],
    ["a handler that is none", {}, "echo", /must be a session .* not the string "echo"/],
    ["a hook too many", { upgrade: () => undefined }, { upgrade: () => undefined }, /has two upgrade hooks/],
    [
      "a hook that would guard nothing",
      { upgrade: () => undefined, resources: { "/": echo } },
      undefined,
      /goes with a session or handler/,
    ],
    ["a session beside hooks", {}, { session: echo, message: echo }, /owns the connection/],
  ];

  test.each(combinations)("%s", async (_what, options, handler, error) => {
    const failed = Promise.resolve(call(options, handler));
    await expect(failed).rejects.toThrow(error);
    await expect(failed).rejects.toThrow(TypeError);
  });
});

test("no options at all", async () => {
  for (const options of [undefined, null, 8080, "8080"] as const) {
    const given = options === undefined ? "undefined" : `not (null|the (number|string) "?8080)`;
    const served = serve(options as never, echo);
    await expect(served).rejects.toThrow(TypeError);
    await expect(served).rejects.toThrow(new RegExp(`serve\\(\\).*${given}`));
    expect(() => upgrade(createServer(), options as never, echo)).toThrow(
      new RegExp(`upgrade\\(\\).*${given}`),
    );
  }
  await expect(acceptStream(new PassThrough(), null as never)).rejects.toThrow(
    /options of acceptStream\(\) must be an object, not null/,
  );
  expect(() => testPair(null as never)).toThrow(/options of testPair\(\) must be an object, not null/);
  expect(() => testPair({ server: null as never })).toThrow(/server of testPair\(\) must be an object/);
});

test.each([
  "limits",
  "timeouts",
  "trustProxy",
  "resources",
  "keep",
  "onError",
  "upgrade",
  "origins",
  "accepts",
])("%s: null is no option", async (name) => {
  await expect(serve({ port: 0, [name]: null }, echo)).rejects.toSatisfy(
    (error) => error instanceof TypeError && error.message.includes(name) && error.message.includes("null"),
  );
});

test("a PROXY header where it cannot be read", async () => {
  const trustProxy = { from: ["10.0.0.1"], proxyProtocol: true };
  await expect(serve({ port: 0, tls: {}, trustProxy }, echo)).rejects.toThrow(TypeError);
  await expect(serve({ listener: createTlsServer(), trustProxy }, echo)).rejects.toThrow(TypeError);
  expect(() => upgrade(createServer(), { trustProxy }, echo)).toThrow(TypeError);
});

test.each([
  ["http that is none", { http: {} }, /http must be an http\.Server or a function/],
  ["a place that is misspelt", { prot: 80 }, /has no option "prot"; there are .*port/],
  ["a backlog that is none", { backlog: "a" }, /backlog must be a whole number above 0, not the string "a"/],
  ["a host that is none", { host: 5 }, /host must be an address or a name, not the number 5/],
  ["a clock that is none", { clock: {} }, /clock must be a Clock, as new ManualClock\(\) is, not an object/],
])("serve(): %s", async (_what, options, error) => {
  await expect(serve({ port: 0, ...options } as never, echo)).rejects.toThrow(error);
});

test.each([1, "server", {}, undefined])("upgrade() takes a server, not %s", (server) => {
  expect(() => upgrade(server as never, {}, echo)).toThrow(
    /upgrade\(\) takes an http\.Server or an https\.Server/,
  );
});

test("acceptStream() takes a stream of bytes, and its own options", async () => {
  await expect(acceptStream({} as Duplex)).rejects.toThrow(/takes a Duplex, not an object/);
  await expect(acceptStream(new PassThrough({ objectMode: true }))).rejects.toThrow(/object mode/);
  await expect(acceptStream(new PassThrough({ encoding: "utf8" }))).rejects.toThrow(/encoding/);
  await expect(acceptStream(new PassThrough(), { resources: {} } as never)).rejects.toThrow(
    /no option "resources"/,
  );
  await expect(acceptStream(new PassThrough(), { limits: { head: -1 } })).rejects.toThrow(RangeError);
});
