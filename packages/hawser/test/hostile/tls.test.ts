// Hostile TLS: handshakes that fail, linger or repeat, and certificates that change.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as connectPlain } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type ConnectionOptions,
  connect as connectTls,
  createSecureContext,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import { ManualClock, type ServeOptions, type Server, serve } from "hawser";
import { describe, expect, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { eventually, Guard, reportOf } from "../serve/support/guard.ts";
import { Peer } from "../serve/support/peer.ts";
import { request } from "../serve/support/requests.ts";
import { echo, ways } from "../serve/support/ways-in.ts";
import { masked } from "../support/frames.ts";

const guard = new Guard();
const pair = certificateFor("one.example");

async function start(tls: TlsOptions = {}, options: Omit<ServeOptions, "tls"> = {}): Promise<Server> {
  const server = await serve({ port: 0, host: "127.0.0.1", ...options, tls: { ...pair, ...tls } }, echo);
  guard.closing({
    close: () => server.close({ deadline: Number.POSITIVE_INFINITY }),
    busy: () => server.size + server.stats().handshakes,
  });
  return server;
}

/** A client's TLS socket, connected or failed. */
async function dial(
  server: Server,
  tls: ConnectionOptions = {},
  first: string | Buffer = request(),
): Promise<Peer> {
  const socket = connectTls({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false, ...tls });
  const peer = new Peer(socket, "secureConnect");
  if (first !== "") peer.write(first);
  return peer;
}

/** How a client's handshake failed. The server has let go of it by the time this resolves. */
async function failure(server: Server, tls: ConnectionOptions): Promise<string> {
  const failed = server.stats().tlsFailed;
  const end = await (await dial(server, tls, "")).over();
  await eventually(
    () => server.stats().tlsFailed === failed + 1 && server.stats().handshakes === 0,
    "a failure that was counted",
  );
  return end;
}

describe("H53: an SNICallback", () => {
  const bad: readonly (readonly [string, NonNullable<TlsOptions["SNICallback"]>])[] = [
    [
      "throws",
      () => {
        throw new Error("no such name");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("no such name"))],
    [
      "throws what is no error",
      () => {
        throw Object("no such name");
      },
    ],
    ["calls back with an error", (_name, done) => done(new Error("no such name"))],
  ];

  test.each(bad)("that %s fails one handshake and nothing else", async (_what, choose) => {
    const faults: unknown[] = [];
    const server = await start(
      {
        SNICallback: (name, done) =>
          name === "odd.example" ? choose(name, done) : done(null, createSecureContext(pair)),
      },
      { onError: (error) => faults.push(error) },
    );
    await guard.witness({ port: server.port, tls: { rejectUnauthorized: false, servername: "one.example" } });
    await failure(server, { servername: "odd.example" });
    expect(server.stats()).toMatchObject({ connections: 1, tlsFailed: 1 });
    const good = await dial(server, { servername: "one.example" });
    await good.opened();
    good.socket.destroy();
    expect(faults.map(String)).toEqual(
      _what === "calls back with an error" ? [] : [expect.stringContaining("no such name")],
    );
  });
});

describe.each(["serve", "acceptStream", "upgrade"] as const)("by %s", (name) => {
  test("T1: a client that renegotiates again and again is cut", async () => {
    const host = await guard.host(ways[name], { tls: { ...pair, maxVersion: "TLSv1.2" } });
    const peer = await guard.peer(
      { ...host.target, tls: { rejectUnauthorized: false, maxVersion: "TLSv1.2" } },
      request(),
    );
    await peer.opened();
    const socket = peer.socket as TLSSocket;
    expect(socket.getProtocol()).toBe("TLSv1.2");
    const outcomes: (string | undefined)[] = [];
    for (let count = 0; count < 10 && peer.end === undefined; count += 1) {
      outcomes.push(
        await new Promise<string | undefined>((resolve) => {
          void peer.over().then(resolve);
          socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error?.message));
        }),
      );
    }
    // Node lets three of them pass in ten minutes.
    expect(outcomes.length).toBeLessThanOrEqual(5);
    expect(await reportOf(host)).toMatchObject({ code: 1006, error: { code: "ERR_TLS_SESSION_ATTACK" } });
    peer.socket.destroy();
    await eventually(() => host.busy() === 1, "only the witness");
  });

  test("T6: the end of TCP without close_notify, in a message, is 1006", async () => {
    const host = await guard.host(ways[name], { tls: pair });
    const tcp = connectPlain({ port: host.target.port!, host: "127.0.0.1" });
    const secure = connectTls({ socket: tcp, rejectUnauthorized: false });
    const peer = new Peer(secure, "secureConnect").write(request(), masked.text("unfin", { fin: false }));
    await peer.opened();
    await nextTurn();
    tcp.end();
    expect(await reportOf(host)).toMatchObject({
      code: 1006,
      clean: false,
      cause: "lost",
      messages: { received: 0 },
    });
    secure.destroy();
    await eventually(() => host.busy() === 1, "only the witness");
  });
});

test.each([
  [
    "an old version",
    { minVersion: "TLSv1.3" },
    { maxVersion: "TLSv1.2" },
    "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
  ],
  [
    "TLS 1.0",
    {},
    { minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT:@SECLEVEL=0" },
    "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
  ],
  [
    "no cipher in common",
    { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" },
    { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" },
    "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
  ],
] as const)("T3: %s ends with an alert, and is counted", async (_what, ours, theirs, code) => {
  const server = await start(ours);
  expect(await failure(server, theirs)).toBe(code);
  expect(server.stats()).toMatchObject({ tlsFailed: 1, accepted: 0, refused: 0, handshakes: 0 });
});

test("T3: plain HTTP on a TLS port, garbage, and hanging up are failures that are counted", async () => {
  const server = await start();
  await guard.witness({ port: server.port, tls: { rejectUnauthorized: false } });
  const plainHttp = await guard.peer({ port: server.port }, request());
  await plainHttp.over();
  const garbage = await guard.peer({ port: server.port }, Buffer.alloc(100, 0xff));
  await garbage.over();
  const gone = await guard.peer({ port: server.port });
  gone.socket.end();
  const reset = await guard.peer({ port: server.port }, Buffer.from("16030100c8", "hex"));
  await eventually(() => server.stats().handshakes >= 1, "a handshake");
  reset.reset();
  await eventually(() => server.stats().tlsFailed === 4 && server.stats().handshakes === 0, "four failures");
});

test("T4: a ClientHello that drips is cut at timeouts.handshake, and counted", async () => {
  const clock = new ManualClock();
  const server = await start({}, { clock });
  await guard.witness({ port: server.port, tls: { rejectUnauthorized: false } });
  guard.clock(clock);
  const drip = await guard.peer({ port: server.port });
  await eventually(() => server.stats().handshakes === 1, "a TLS handshake");
  const hello = Buffer.concat([Buffer.from("16030100c8010000c40303", "hex"), Buffer.alloc(190)]);
  for (let second = 0; second < 10; second += 1) {
    expect(drip.end).toBeUndefined();
    drip.write(hello.subarray(second, second + 1));
    await nextTurn();
    clock.advance(second < 9 ? 1000 : 999);
  }
  expect(server.stats()).toMatchObject({ handshakes: 1, tlsFailed: 0 });
  clock.advance(1);
  expect(["fin", "ECONNRESET"]).toContain(await drip.over());
  await eventually(() => server.stats().handshakes === 0 && server.stats().tlsFailed === 1, "one failure");
});

test("T4: the time that TLS took counts toward the request's", async () => {
  const clock = new ManualClock();
  const server = await start({}, { clock });
  guard.clock(clock);
  const tcp = connectPlain({ port: server.port, host: "127.0.0.1" });
  await eventually(() => server.stats().handshakes === 1, "a TLS handshake");
  clock.advance(6000);
  const peer = new Peer(
    connectTls({ socket: tcp, rejectUnauthorized: false, maxVersion: "TLSv1.2" }),
    "secureConnect",
  ).write("GET / ");
  // In TLS 1.2 the server is done before the client.
  await once(peer.socket, "secureConnect");
  clock.advance(3999);
  await nextTurn();
  expect(peer.text).toBe("");
  clock.advance(1);
  expect((await peer.answer()).status).toBe(408);
  peer.socket.destroy();
});

test.each([
  ["http/1.1", ["http/1.1"], "http/1.1"],
  ["h2 and http/1.1", ["h2", "http/1.1"], "http/1.1"],
  ["none", undefined, false],
  ["h2 only", ["h2"], undefined],
  ["junk", ["\x01\x02", "nonsense"], undefined],
])("T5: ALPN with %s", async (_what, offered, chosen) => {
  const server = await start();
  const tls = offered === undefined ? {} : { ALPNProtocols: offered };
  if (chosen === undefined) {
    expect(await failure(server, tls)).toBe("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
    return;
  }
  const peer = await dial(server, tls);
  await peer.opened();
  expect((peer.socket as TLSSocket).alpnProtocol).toBe(chosen);
  peer.socket.destroy();
});

test("T5: an ALPNCallback of the application's decides alone", async () => {
  const server = await start({ ALPNCallback: ({ protocols }) => protocols.find((name) => name === "own") });
  const peer = await dial(server, { ALPNProtocols: ["other", "own"] });
  await peer.opened();
  expect((peer.socket as TLSSocket).alpnProtocol).toBe("own");
  peer.socket.destroy();
  expect(await failure(server, { ALPNProtocols: ["http/1.1"] })).toBe(
    "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
  );
});

test("T7: setTls() is for new connections, and the old ones live on", async () => {
  const server = await start();
  const name = (peer: Peer) => (peer.socket as TLSSocket).getPeerCertificate().subject.CN;
  const old = await dial(server);
  await old.opened();
  server.setTls(certificateFor("two.example"));
  const fresh = await dial(server);
  await fresh.opened();
  expect([name(old), name(fresh)]).toEqual(["one.example", "two.example"]);
  expect(() => server.setTls({ key: "none", cert: "none" })).toThrow();
  const later = await dial(server);
  await later.opened();
  expect(name(later)).toBe("two.example");
  for (const peer of [old, fresh, later]) {
    await peer.echo("hello");
    peer.socket.destroy();
  }
});

test("T7: setTls() without TLS is a TypeError", async () => {
  const server = await serve({ port: 0 }, echo);
  guard.closing(server);
  expect(() => server.setTls(pair)).toThrow(TypeError);
});
