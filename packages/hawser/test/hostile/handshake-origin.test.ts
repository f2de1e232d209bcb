// H49: which web pages may connect, directly and behind proxies that are believed; and the one line about it on stderr.
import { Buffer } from "node:buffer";
import type { TrustProxy, UpgradeRequest } from "hawser";
import { afterAll, describe, expect, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { Guard } from "../serve/support/guard.ts";
import { request } from "../serve/support/requests.ts";
import { type HostOptions, ways } from "../serve/support/ways-in.ts";
import { bytes } from "../support/bytes.ts";

const guard = new Guard();
let complaints = "";
const host = { Host: "app.example:8080" };
const own = "http://app.example:8080";

/** Origin, the option, and whether it may connect. */
const table: readonly (readonly [
  what: string,
  origin: string | undefined,
  origins: HostOptions["origins"],
  allowed: boolean,
])[] = [
  ["no Origin", undefined, undefined, true],
  ["the server's own", own, undefined, true],
  ["the server's own in capitals", "HTTP://APP.EXAMPLE:8080", undefined, true],
  ["the server's own under https, for a proxy may end TLS", "https://app.example:8080", undefined, true],
  ["a foreign host", "http://evil.example", undefined, false],
  ["a foreign port", "http://app.example:8081", undefined, false],
  ["the server's as a subdomain", "http://app.example:8080.evil.example", undefined, false],
  ["null", "null", undefined, false],
  ["what is no origin", "app.example:8080", undefined, false],
  ["one with a path", `${own}/`, undefined, false],
  ["a listed one", "https://b.example", ["https://b.example"], true],
  ["the server's own beside a list", own, ["https://b.example"], true],
  ["one that is not listed", "https://c.example", ["https://b.example"], false],
  ["null, listed", "null", ["null"], true],
  ["one that a RegExp matches", "https://x.b.example", [/https:\/\/[a-z]+\.b\.example/], true],
  [
    "one that a RegExp matches in part",
    "https://x.b.example.evil.example",
    [/https:\/\/[a-z]+\.b\.example/],
    false,
  ],
  ["one that a function allows", "https://d.example", (origin) => origin === "https://d.example", true],
  ["the server's own, and a function does not", own, () => false, false],
  ["anything, if any is", "null", "any", true],
];

afterAll(() => {
  // Once a process, though each of these refusals has it.
  expect(complaints.match(/^hawser: the Origin/gm)).toHaveLength(1);
});

describe.each(["serve", "acceptStream", "upgrade"] as const)("by %s", (name) => {
  test.each(table)("H49: %s", async (_what, origin, origins, allowed) => {
    const { target, refused } = await guard.host(ways[name], { origins });
    const peer = await guard.peer(target, request({ headers: { ...host, Origin: origin } }));
    if (allowed) {
      await peer.opened();
      return;
    }
    const answer = await peer.answer();
    expect(answer).toMatchObject({ status: 403, headers: { connection: "close" } });
    // It names Origin, Host and the option that would allow it.
    expect(answer.body).toContain(JSON.stringify(origin));
    expect(answer.body).toContain('"app.example:8080"');
    expect(answer.body).toContain("origins: [");
    const line = guard.takeStderr();
    complaints += line;
    expect(line === "" || line === `hawser: ${answer.body}\n`).toBe(true);
    if (name === "acceptStream") expect([line, refused[0]?.status]).toEqual(["", 403]);
  });

  test("H49: two Origins are 400, even if any may connect", async () => {
    const { target } = await guard.host(ways[name], { origins: "any" });
    const peer = await guard.peer(target, request({ headers: { ...host, Origin: [own, own] } }));
    expect((await peer.answer()).status).toBe(400);
  });

  test("H49: under TLS of ours the server's own Origin is one under https", async () => {
    const { target } = await guard.host(ways[name], { tls: certificateFor("app.example") });
    const good = await guard.peer(
      target,
      request({ headers: { ...host, Origin: "https://app.example:8080" } }),
    );
    await good.opened();
    const bad = await guard.peer(target, request({ headers: { ...host, Origin: own } }));
    expect((await bad.answer()).status).toBe(403);
    complaints += guard.takeStderr();
  });

  /** What the application sees of a client behind a proxy, or the status that it was refused with. */
  async function throughProxy(
    trustProxy: TrustProxy,
    headers: Record<string, string | readonly string[]>,
    preamble: string | Uint8Array = "",
  ) {
    let seen: Pick<UpgradeRequest, "remoteAddress" | "secure" | "host"> | undefined;
    const decide = ({ remoteAddress, secure, host: asked }: UpgradeRequest) => {
      seen = { remoteAddress, secure, host: asked };
    };
    const expectsPreamble = trustProxy.proxyProtocol === true && trustProxy.from.includes("127.0.0.1");
    const { target } = await guard.host(
      ways[name],
      { trustProxy, decide },
      { preamble: expectsPreamble ? "PROXY UNKNOWN\r\n" : "" },
    );
    const peer = await guard.peer(target, preamble, request({ headers: { Host: "inner:1", ...headers } }));
    const { status } = await peer.answer();
    complaints += guard.takeStderr();
    return status === 101 ? seen : status;
  }

  const forwarded = { from: ["127.0.0.1", "10.0.0.0/8"], headers: "x-forwarded" } as const;
  const lines = {
    "X-Forwarded-For": "203.0.113.7, 10.0.0.2",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "app.example",
  };

  test("H49: headers of a trusted proxy say who the client is and what it asked for", async () => {
    const seen = { remoteAddress: "203.0.113.7", secure: true, host: "app.example" };
    expect(await throughProxy(forwarded, { ...lines, Origin: "https://app.example" })).toEqual(seen);
    expect(await throughProxy(forwarded, { ...lines, Origin: "http://app.example" })).toBe(403);
    expect(await throughProxy(forwarded, { ...lines, Origin: "http://inner:1" })).toBe(403);
  });

  test("H49: the Forwarded header of a trusted proxy says so too", async () => {
    const trust = { from: ["127.0.0.0/8"], headers: "forwarded" } as const;
    const headers = { Forwarded: 'for="[2001:db8::7]:4711";proto=https;host=app.example' };
    const seen = { remoteAddress: "2001:db8::7", secure: true, host: "app.example" };
    expect(await throughProxy(trust, { ...headers, Origin: "https://app.example" })).toEqual(seen);
  });

  test("H49: nobody else's headers are believed", async () => {
    const trust = { from: ["10.0.0.0/8"], headers: "x-forwarded" } as const;
    const seen = { remoteAddress: "127.0.0.1", secure: false, host: "inner:1" };
    expect(await throughProxy(trust, { ...lines, Origin: "http://inner:1" })).toEqual(seen);
    expect(await throughProxy(trust, { ...lines, Origin: "https://app.example" })).toBe(403);
  });

  if (name === "upgrade") return; // Node has read the request, and a PROXY header would not have let it.

  const proxied = { from: ["127.0.0.1"], proxyProtocol: true } as const;
  const version2 = bytes`0d0a0d0a000d0a515549540a 21 11 000c cb007107 7f000001 1267 01bb`;

  test.each([
    ["version 1", Buffer.from("PROXY TCP4 203.0.113.7 127.0.0.1 4711 443\r\n")],
    ["version 2", version2],
  ])("H49: a PROXY header of %s says who the client is", async (_version, preamble) => {
    const seen = { remoteAddress: "203.0.113.7", secure: false, host: "inner:1" };
    expect(await throughProxy(proxied, {}, preamble)).toEqual(seen);
  });

  test("H49: the PROXY header of a health check names nobody", async () => {
    const local = bytes`0d0a0d0a000d0a515549540a 20 00 0000`;
    expect(await throughProxy(proxied, {}, local)).toMatchObject({ remoteAddress: "127.0.0.1" });
  });

  test("H49: a trusted proxy that sends no PROXY header, or a bad one, is refused", async () => {
    expect(await throughProxy(proxied, {})).toBe(400);
    expect(await throughProxy(proxied, {}, "PROXY TCP4 1.2.3.4\r\n")).toBe(400);
  });

  test("H49: a PROXY header of somebody who is not trusted is no request", async () => {
    const trust = { from: ["10.0.0.1"], proxyProtocol: true };
    expect(await throughProxy(trust, {}, version2)).toBe(400);
    expect(await throughProxy(trust, {}, "PROXY TCP4 203.0.113.7 127.0.0.1 4711 443\r\n")).toBe(400);
  });

  test("H49: a PROXY header may come a byte at a time", async () => {
    const { target } = await guard.host(
      ways[name],
      {
        trustProxy: proxied,
        decide: ({ remoteAddress }) => ({ headers: { "X-From": String(remoteAddress) } }),
      },
      { preamble: "PROXY UNKNOWN\r\n" },
    );
    const peer = await guard.peer(target);
    for (const byte of Buffer.concat([version2, request()])) {
      peer.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await peer.opened()).headers["x-from"]).toBe("203.0.113.7");
  });
});
