// Wire versions before RFC 6455 at a server: which is picked, what it is answered, and what each way in makes of it.
import { Buffer } from "node:buffer";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer } from "node:http";
import { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  acceptStream,
  allVersions,
  connect,
  defineHandler,
  ManualClock,
  refuse,
  serve,
  type UpgradeRequest,
  upgrade,
  type WireVersion,
} from "hawser";
import { describe, expect, test } from "vitest";
import { proofOf } from "../../src/handshake/legacy/key-number.ts";
import { example } from "../handshake/legacy/support.ts";
import { bytes } from "../support/bytes.ts";
import { certificateFor } from "./support/certificates.ts";
import { Gate } from "./support/gate.ts";
import { eventually, Guard, reportOf } from "./support/guard.ts";
import { KEY } from "./support/requests.ts";
import { type HostOptions, ways } from "./support/ways-in.ts";

const guard = new Guard();

/** All versions, those alike taken for hixie-76. */
const every: HostOptions = { versions: allVersions, ambiguous: "hixie-76" };

const lines = (...given: readonly string[]) => [...given, "", ""].join("\r\n");
const hixie75 = lines(
  "GET /a?b HTTP/1.1",
  "Upgrade: WebSocket",
  "Connection: Upgrade",
  "Host: h:81",
  "Origin: http://h:81",
);
const hixie76Head = (...more: readonly string[]) =>
  lines(
    "GET /a?b HTTP/1.1",
    "Upgrade: WebSocket",
    "Connection: Upgrade",
    "Host: h:81",
    "Origin: http://h:81",
    `Sec-WebSocket-Key1: ${example.key1}`,
    `Sec-WebSocket-Key2: ${example.key2}`,
    ...more,
  );
const hybi = (number: number) =>
  lines(
    "GET /a HTTP/1.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Host: h",
    `Sec-WebSocket-Key: ${KEY}`,
    `Sec-WebSocket-Version: ${number}`,
  );
const hello = bytes`00 ${"Hello"} ff`;

describe.each(["serve", "upgrade", "acceptStream"] as const)("by %s", (name) => {
  const way = ways[name];

  test("hixie-75: the answer, an echo, and the end of the transport as the Close", async () => {
    const host = await guard.host(way, every);
    const peer = await guard.peer(host.target, hixie75);
    expect(await peer.answer()).toMatchObject({
      status: 101,
      headers: { "websocket-origin": "http://h:81", "websocket-location": "ws://h:81/a?b" },
    });
    peer.write(hello);
    expect(await peer.take(7)).toEqual(hello);
    await peer.hangUp();
    expect(await reportOf(host)).toMatchObject({ code: 1005, clean: true, initiator: "peer" });
  });

  test("hixie-76: the answer and its proof, an echo, a closing handshake", async () => {
    const host = await guard.host(way, every);
    const peer = await guard.peer(host.target, hixie76Head(), example.body, hello);
    expect(await peer.answer()).toMatchObject({
      status: 101,
      headers: { "sec-websocket-origin": "http://h:81", "sec-websocket-location": "ws://h:81/a?b" },
    });
    expect((await peer.take(16)).toString("latin1")).toBe(example.proof);
    expect(await peer.take(7)).toEqual(hello);
    peer.write(bytes`ff 00`);
    expect(await peer.take(2)).toEqual(bytes`ff 00`);
    expect(await peer.over()).toBe("fin");
    await peer.hangUp();
    expect(await reportOf(host)).toMatchObject({ code: 1005, clean: true, initiator: "peer" });
  });

  test("hixie-76: the answer goes out before the eight bytes, which may come one by one, with what follows", async () => {
    const host = await guard.host(way, every);
    const peer = await guard.peer(host.target, hixie76Head());
    expect(await peer.answer()).toMatchObject({ status: 101 });
    for (const byte of Buffer.from(example.body)) peer.write(Buffer.from([byte]));
    peer.write(hello);
    expect((await peer.take(16)).toString("latin1")).toBe(example.proof);
    expect(await peer.take(7)).toEqual(hello);
    peer.reset();
    expect(await reportOf(host)).toMatchObject({ code: 1006, clean: false });
  });

  test("hixie-76: eight bytes that look like HTTP, or like frames, are eight bytes", async () => {
    const host = await guard.host(way, every);
    for (const body of ["GET / HT", "\r\n\r\n\0\0\r\n", "\0Hello\xff\0"]) {
      const peer = await guard.peer(host.target, hixie76Head(), Buffer.from(body, "latin1"), hello);
      expect(await peer.answer()).toMatchObject({ status: 101 });
      await peer.take(16);
      expect(await peer.take(7)).toEqual(hello);
      peer.reset();
    }
    await eventually(() => host.reports.length === 3, "the end of all");
  });

  test("whatwg-2010-08 and hybi-01 ask as hixie-76 does: the option decides, and may look at the request", async () => {
    const seen: (string | undefined)[] = [];
    const ambiguous = (request: UpgradeRequest): WireVersion => {
      seen.push(request.origin);
      return request.headers.has("x-old") ? "hybi-01" : "whatwg-2010-08";
    };
    const host = await guard.host(way, { versions: allVersions, ambiguous });
    const peer = await guard.peer(
      host.target,
      hixie76Head(),
      example.body,
      bytes`ff 00 00 00 00 00 00 00 05 ${"Hello"}`,
    );
    await peer.answer();
    await peer.take(16);
    expect(await peer.take(14)).toEqual(bytes`ff 00 00 00 00 00 00 00 05 ${"Hello"}`);
    const other = await guard.peer(
      host.target,
      hixie76Head("X-Old: 1"),
      example.body,
      bytes`04 05 ${"Hello"}`,
    );
    await other.answer();
    await other.take(16);
    expect(await other.take(7)).toEqual(bytes`04 05 ${"Hello"}`);
    expect(seen).toEqual(["http://h:81", "http://h:81"]);
    for (const one of [peer, other]) one.reset();
    await eventually(() => host.reports.length === 2, "the end of both");
  });

  test("an ambiguous that throws, or returns what it cannot be, is the application's fault: 500", async () => {
    for (const ambiguous of [
      () => {
        throw new Error("no idea");
      },
      () => "rfc6455" as const,
    ]) {
      const host = await guard.host(way, { versions: allVersions, ambiguous });
      const peer = await guard.peer(host.target, hixie76Head(), example.body);
      expect(await peer.answer()).toMatchObject({ status: 500 });
      await peer.hangUp();
      await eventually(() => host.faults.length === 1, "the fault");
    }
  });

  test("hybi-02 by its draft number, hybi-08 by its version", async () => {
    const host = await guard.host(way, every);
    const second = await guard.peer(
      host.target,
      hixie76Head("Sec-WebSocket-Draft: 2"),
      example.body,
      bytes`04 05 ${"Hello"}`,
    );
    await second.answer();
    await second.take(16);
    expect(await second.take(7)).toEqual(bytes`04 05 ${"Hello"}`);
    const eighth = await guard.peer(host.target, hybi(8), bytes`81 85 37 fa 21 3d 7f 9f 4d 51 58`);
    await eighth.opened();
    expect(await eighth.take(7)).toEqual(bytes`81 05 ${"Hello"}`);
    for (const one of [second, eighth]) one.reset();
    await eventually(() => host.reports.length === 2, "the end of both");
  });

  test.each([
    ["hixie-75", hixie75],
    ["hixie-76", hixie76Head()],
  ])(
    "%s where it is not welcome: 400, closed, and no HTTP server hears of what follows",
    async (_version, request) => {
      const host = await guard.host(way, { versions: ["rfc6455", "hybi-08"] });
      const peer = await guard.peer(host.target, request, "GET / HT", "TP/1.1\r\nHost: a\r\n\r\n");
      expect(await peer.answer()).toMatchObject({
        status: 400,
        headers: { "sec-websocket-version": "13, 8", connection: "close" },
      });
      expect(await peer.over()).toBe("fin");
      expect(peer.text).toBe("");
      await peer.hangUp();
    },
  );

  test("a number that is not welcome: 426 with those that are", async () => {
    const host = await guard.host(way, every);
    const peer = await guard.peer(host.target, hybi(9));
    expect(await peer.answer()).toMatchObject({
      status: 426,
      headers: { "sec-websocket-version": "13, 8, 7, 6, 5, 4", upgrade: "websocket" },
    });
    await peer.hangUp();
  });

  test("a foreign Origin is refused, by either of its names", async () => {
    const host = await guard.host(way, every);
    for (const request of [
      hixie75.replace("http://h:81", "http://evil.example"),
      hixie76Head().replace("http://h:81", "http://evil.example"),
      hybi(7).replace("Host: h", "Host: h\r\nSec-WebSocket-Origin: http://evil.example"),
      hybi(8).replace("Host: h", "Host: h\r\nOrigin: http://evil.example"),
    ]) {
      const peer = await guard.peer(host.target, request);
      expect(await peer.answer()).toMatchObject({ status: 403 });
      await peer.hangUp();
    }
    guard.takeStderr();
  });

  test("an `upgrade` hook sees, refuses, chooses, and says where the client is", async () => {
    const host = await guard.host(way, {
      ...every,
      decide: ({ target, subprotocols }) =>
        target === "/no"
          ? refuse(401)
          : { subprotocol: subprotocols[0], location: "wss://front.example/x", headers: { "X-Room": "a" } },
    });
    const peer = await guard.peer(
      host.target,
      hixie76Head("Sec-WebSocket-Protocol: any words, at all"),
      example.body,
    );
    expect(await peer.answer()).toMatchObject({
      status: 101,
      headers: {
        "sec-websocket-location": "wss://front.example/x",
        "sec-websocket-protocol": "any words, at all",
        "x-room": "a",
      },
    });
    peer.reset();
    const refused = await guard.peer(host.target, hixie76Head().replace("/a?b", "/no"), example.body);
    expect(await refused.answer()).toMatchObject({ status: 401 });
    await refused.hangUp();
    await eventually(() => host.reports.length === 1, "the end");
  });

  test("under TLS the location says wss", async () => {
    const host = await guard.host(way, { ...every, tls: certificateFor("localhost") });
    const peer = await guard.peer(host.target, hixie75.replaceAll("http:", "https:"));
    expect(await peer.answer()).toMatchObject({ headers: { "websocket-location": "wss://h:81/a?b" } });
    await peer.hangUp();
    await reportOf(host);
  });

  test("so it does behind a proxy that is believed", async () => {
    const trustProxy = { from: ["127.0.0.1"], headers: "x-forwarded" as const };
    const host = await guard.host(way, { ...every, trustProxy }, { witness: false });
    const head = hixie76Head("X-Forwarded-Proto: https", "X-Forwarded-Host: front.example").replace(
      "http://h:81",
      "https://front.example",
    );
    const peer = await guard.peer(host.target, head, example.body);
    expect(await peer.answer()).toMatchObject({
      headers: { "sec-websocket-location": "wss://front.example/a?b" },
    });
    peer.reset();
    await reportOf(host);
  });

  test.each([
    ["no spaces", example.key1.replaceAll(" ", "")],
    ["no digits: nothing to divide", "a b c"],
    ["a number that does not divide", "12 3 5"],
    ["digits beyond 2^32", "99999999999999999999 1"],
    ["four thousand digits", `${"9".repeat(4000)} 1`],
  ])("hixie-76 with a key of %s: 400", async (_what, key) => {
    const host = await guard.host(way, every);
    const peer = await guard.peer(host.target, hixie76Head().replace(example.key1, key), example.body);
    expect(await peer.answer()).toMatchObject({ status: 400, headers: { connection: "close" } });
    await peer.hangUp();
  });

  test("a key that ends in a space: read whole, except behind Node's parser", async () => {
    const host = await guard.host(way, every);
    const peer = await guard.peer(host.target, hixie76Head().replace(example.key1, "99999 0 "), example.body);
    expect(await peer.answer()).toMatchObject({ status: 101 });
    // Node has cut the space off: one is left, and the client will not take the proof.
    const number = name === "upgrade" ? 999_990 : 499_995;
    expect(await peer.take(16)).toEqual(proofOf([number, example.numbers[1]], Buffer.from(example.body)));
    peer.reset();
    await reportOf(host);
  });

  test("who goes before the eight bytes have come leaves nothing behind", async () => {
    const host = await guard.host(way, every);
    const peer = await guard.peer(host.target, hixie76Head(), "half");
    expect(await peer.answer()).toMatchObject({ status: 101 });
    await peer.hangUp();
    await eventually(() => host.busy() === 1, "nobody but the witness");
    if (name === "acceptStream") expect(await reportOf(host)).toMatchObject({ code: 1006 });
    else expect(host.reports).toEqual([]);
  });

  test("eight bytes that do not come in time end it", async () => {
    const clock = new ManualClock();
    const host = await guard.host(way, { ...every, clock }, { witness: false });
    const peer = await guard.peer(host.target, hixie76Head(), "1234567");
    expect(await peer.answer()).toMatchObject({ status: 101 });
    clock.advance(10_000);
    await peer.over();
    expect(peer.text).toBe("");
  });
});

describe("what an application is told at once", () => {
  test.each<[string, Parameters<typeof serve>[0], string]>([
    ["no list", { port: 0, versions: "hixie-76" as never }, "versions must be a list"],
    ["an empty list", { port: 0, versions: [] }, "versions must be a list"],
    [
      "an unknown version",
      { port: 0, versions: ["hixie-74" as never] },
      "a wire version is one of rfc6455, hybi-08",
    ],
    ["a wrong ambiguous", { port: 0, ambiguous: 7 as never }, "ambiguous must be one of versions"],
  ])("%s → TypeError or RangeError", async (_what, options, message) => {
    await expect(serve(options, () => undefined)).rejects.toThrow(message);
  });

  test.each<[readonly WireVersion[], WireVersion | undefined]>([
    [allVersions, undefined],
    [["hixie-76", "whatwg-2010-08"], undefined],
    [["hixie-76", "hybi-01"], undefined],
    [["rfc6455", "hixie-76"], "whatwg-2010-08"],
    [["rfc6455", "hixie-76", "hybi-01"], "rfc6455"],
  ])("%j with ambiguous %j → RangeError", async (versions, ambiguous) => {
    await expect(serve({ port: 0, versions, ambiguous }, () => undefined)).rejects.toThrow(RangeError);
    expect(() => upgrade(null, { versions, ambiguous }, () => undefined)).toThrow(RangeError);
  });

  test("a handler with a version that there is not → TypeError, where it is defined", () => {
    expect(() => defineHandler({ versions: ["nope" as never] })).toThrow("a wire version is one of");
  });

  test("a resource whose versions cannot be told apart → RangeError, at the start", async () => {
    const old = defineHandler({ versions: ["hixie-76", "whatwg-2010-08"] });
    await expect(serve({ port: 0, resources: { "/old": old } })).rejects.toThrow(RangeError);
    await expect(serve({ port: 0, resources: { "/old/:x": old } })).rejects.toThrow("cannot be told apart");
    const server = await serve({ port: 0, ambiguous: "rfc6455", resources: {} }, () => undefined);
    await server.close();
  });
});

test("versions may differ from resource to resource", async () => {
  const session = async (ws: { version: string; send(text: string): boolean }) => void ws.send(ws.version);
  const server = await serve({
    port: 0,
    host: "127.0.0.1",
    resources: {
      "/old": defineHandler({ versions: ["whatwg-2010-08"], session }),
      "/both/:name": defineHandler({
        versions: ["hixie-76", "hybi-01", "rfc6455"],
        ambiguous: "hybi-01",
        session,
      }),
      "/new": session,
    },
  });
  guard.closing({ close: () => server.close() });
  const versionAt = async (path: string, version: WireVersion) => {
    const ws = await connect(`${server.url}${path}`, { version });
    return ws.receive();
  };
  expect(await versionAt("/old", "whatwg-2010-08")).toBe("whatwg-2010-08");
  expect(await versionAt("/both/a", "hybi-01")).toBe("hybi-01");
  expect(await versionAt("/both/a", "rfc6455")).toBe("rfc6455");
  expect(await versionAt("/new", "rfc6455")).toBe("rfc6455");
  await expect(versionAt("/new", "hixie-76")).rejects.toMatchObject({ status: 400 });
  await expect(versionAt("/old", "rfc6455")).rejects.toMatchObject({ status: 426 });
});

test("a resource may have fewer than the server, whose word on what is alike holds as far as it means anything", async () => {
  const session = async (ws: { version: string; send(text: string): boolean }) => void ws.send(ws.version);
  const server = await serve(
    {
      port: 0,
      host: "127.0.0.1",
      versions: allVersions,
      ambiguous: "hixie-76",
      resources: {
        "/new": defineHandler({ versions: ["rfc6455"], session }),
        "/first": defineHandler({ versions: ["hybi-01", "rfc6455"], session }),
        "/two": defineHandler({ versions: ["hixie-76", "hybi-01"], session }),
      },
    },
    session,
  );
  guard.closing({ close: () => server.close() });
  const at = async (path: string, version: WireVersion) =>
    (await connect(`${server.url}${path}`, { version })).receive();
  expect(await at("/new", "rfc6455")).toBe("rfc6455");
  await expect(at("/new", "hixie-76")).rejects.toMatchObject({ status: 400 });
  expect(await at("/first", "hybi-01")).toBe("hybi-01");
  expect(await at("/two", "hixie-76")).toBe("hixie-76");
});

test("a connection that never opened is not told of, however it failed", async () => {
  const told: string[] = [];
  const notes = ["hawser:connection:open", "hawser:connection:close", "hawser:handshake:refused"].map(
    (name) => [name, () => void told.push(name)] as const,
  );
  for (const [name, note] of notes) subscribe(name, note);
  const server = await serve({ port: 0, host: "127.0.0.1", ...every }, () => undefined);
  const half = await guard.peer({ port: server.port }, hixie76Head(), "1234567");
  await half.answer();
  await server.close();
  await half.over();
  for (const [name, note] of notes) unsubscribe(name, note);
  expect(told).toEqual(["hawser:handshake:refused"]);
  expect(server.stats()).toMatchObject({ handshakes: 0, accepted: 0, refused: 0 });
});

test("the origin of a request is one that was checked", async () => {
  const seen: (string | undefined)[] = [];
  const host = await guard.host(ways.serve, { ...every, decide: ({ origin }) => void seen.push(origin) });
  for (const number of [13, 8]) {
    const head = hybi(number).replace("Host: h", "Host: h\r\nSec-WebSocket-Origin: http://h");
    const peer = await guard.peer(host.target, head);
    await peer.opened();
    peer.reset();
  }
  await eventually(() => host.reports.length === 2, "the end of both");
  expect(seen.slice(-2)).toEqual([undefined, "http://h"]);
});

test("a server that closes says so in every version, and drops those who have not said their eight bytes", async () => {
  const server = await serve(
    { port: 0, host: "127.0.0.1", versions: allVersions, ambiguous: "hixie-76" },
    async (ws) => {
      for await (const _ of ws);
    },
  );
  const versions = allVersions.filter((version) => version !== "whatwg-2010-08");
  const clients = await Promise.all(versions.map((version) => connect(server.url, { version })));
  const half = await guard.peer({ port: server.port }, hixie76Head());
  await half.answer();
  const report = await server.close({ code: 1012, reason: "restart" });
  expect(report).toMatchObject({ closed: versions.length, terminated: 0 });
  const codes = await Promise.all(clients.map(async (ws) => [ws.version, (await ws.closed).code]));
  expect(Object.fromEntries(codes)).toMatchObject({
    rfc6455: 1012,
    "hybi-08": 1001,
    "hybi-06": 1001,
    "hybi-05": 1005,
    "hixie-76": 1005,
    "hixie-75": 1005,
  });
  await half.over();
  expect(half.text).toBe("");
});

test("a hook that decides while the eight bytes come finds all of them", async () => {
  const gate = new Gate();
  const host = await guard.host(ways.serve, { ...every, decide: () => gate.wait() });
  const peer = await guard.peer(host.target, hixie76Head(), example.body.slice(0, 3));
  await eventually(() => gate.waiting === 1, "the hook");
  peer.write(example.body.slice(3), hello);
  gate.open();
  await peer.answer();
  expect((await peer.take(16)).toString("latin1")).toBe(example.proof);
  expect(await peer.take(7)).toEqual(hello);
  peer.reset();
  await reportOf(host);
});

test("who goes while a hook decides, or before the eight bytes have come, is told of once", async () => {
  const told: unknown[] = [];
  const note = (message: unknown) => void told.push(message);
  subscribe("hawser:handshake:refused", note);
  const gate = new Gate();
  const decide = ({ headers }: UpgradeRequest) => (headers.has("x-wait") ? gate.wait() : undefined);
  const host = await guard.host(ways.serve, { ...every, decide });
  const early = await guard.peer(host.target, hixie76Head("X-Wait: 1"));
  await eventually(() => gate.waiting === 1, "the hook");
  await early.hangUp();
  await eventually(() => told.length > 0, "the news");
  const late = await guard.peer(host.target, hixie76Head());
  await late.answer();
  await late.hangUp();
  await eventually(() => told.length > 1, "the news");
  gate.open();
  await eventually(() => host.busy() === 1, "nobody but the witness");
  unsubscribe("hawser:handshake:refused", note);
  expect(told).toHaveLength(2);
});

test("a refused request with keys is not handed on to HTTP, whatever its Upgrade", async () => {
  const heard: (string | undefined)[] = [];
  const http = createServer((request, response) => {
    heard.push(request.url);
    response.end("plain");
  });
  const server = await serve({ port: 0, host: "127.0.0.1", http }, () => undefined);
  guard.closing({ close: () => server.close() });
  for (const upgrade of ["WebSocket", "h2c", undefined]) {
    const line = upgrade === undefined ? "" : `Upgrade: ${upgrade}\r\n`;
    const request = hixie76Head().replace("Upgrade: WebSocket\r\n", line);
    const peer = await guard.peer(
      { port: server.port },
      request,
      "GET /smug",
      "gled HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    expect((await peer.answer()).status).toBeGreaterThanOrEqual(400);
    expect(await peer.over()).toBe("fin");
    await peer.hangUp();
  }
  expect(heard).toEqual([]);
});

test("hixie-76: frames that come behind the eight bytes before the answer are frames, and the proof is given once", async () => {
  const sent: Buffer[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk);
      done();
    },
  });
  stream.push(Buffer.concat([Buffer.from(hixie76Head() + example.body), hello]));
  const pending = await acceptStream(stream, { versions: ["hixie-76"] });
  if (!pending.ok) throw pending.error;
  stream.push(hello);
  await nextTurn();
  const ws = await pending.accept();
  const answer = Buffer.concat(sent).toString("latin1");
  expect(answer.slice(answer.indexOf("\r\n\r\n") + 4)).toBe(example.proof);
  expect([await ws.receive(), await ws.receive()]).toEqual(["Hello", "Hello"]);
  await ws.terminate();
});
