// Redirects, K7: not followed unless asked for, and never with what would give somebody away.
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { type Asked, refusal, type ScriptedServer } from "../support/scripted-server.ts";
import { type AnyOptions, ClientGuard } from "./client-guard.ts";

const guard = new ClientGuard();
const pair = certificateFor("localhost");
const basic = `Basic ${Buffer.from("us:secret").toString("base64")}`;

/** What was asked at a server. */
interface Redirecting {
  readonly server: ScriptedServer;
  readonly asked: Asked[];
}

/** A server that sends each client on to the next of these places, and then says yes. */
async function redirecting(locations: readonly string[], status = 302, secure = false): Promise<Redirecting> {
  const asked: Asked[] = [];
  const server = await guard.server(
    async (caller, nth) => {
      const location = locations[nth];
      if (location === undefined) {
        asked.push(await caller.accept());
        return;
      }
      const lines = [`HTTP/1.1 ${status} Elsewhere`, `Location: ${location}`, "Content-Length: 0"];
      asked.push(await caller.answer(refusal(lines)));
    },
    secure ? { tls: pair } : {},
  );
  return { server, asked };
}

const lineOf = ({ asked }: Redirecting) => asked.map(({ line }) => line.split(" ")[1]);

test.each([301, 302, 303, 307, 308])("K7: by default %i is not followed", async (status) => {
  const { server } = await redirecting(["/elsewhere"], status);
  const error = await guard.failure(server);
  expect([error.status, error.headers.get("location")]).toEqual([status, "/elsewhere"]);
  expect(server.count).toBe(1);
});

test.each([301, 302, 303, 307, 308])("K7: %i is followed as often as was asked for", async (status) => {
  const there = await redirecting(["/b?c=d", "/e"], status);
  const ws = await guard.open(there.server.url("/a"), { redirects: 2 });
  expect(lineOf(there)).toEqual(["/a", "/b?c=d", "/e"]);
  expect(ws.request.path).toBe("/e");
  // A key of its own for each (RFC 6455 §4.1(7)).
  expect(new Set(there.asked.map(({ key }) => key)).size).toBe(3);
});

test.each([
  ["300", 300],
  ["304", 304],
  ["305", 305],
  ["a 200 with a Location", 200],
])("K7: %s is no redirect", async (_what, status) => {
  const { server } = await redirecting(["/b"], status);
  expect((await guard.failure(server, { redirects: 5 })).status).toBe(status);
  expect(server.count).toBe(1);
});

test("K7: a redirect without a Location is a refusal", async () => {
  const server = await guard.server((caller) =>
    caller.answer("HTTP/1.1 302 Where\r\nContent-Length: 0\r\n\r\n"),
  );
  expect((await guard.failure(server, { redirects: 5 })).message).toBe("the server refused with 302 Where");
});

test.each([
  ["from the root", "/x/y", "/x/y"],
  ["beside the path", "z", "/a/z"],
  ["above the path", "../z?q", "/z?q"],
  ["a query alone", "?q=1", "/a/b?q=1"],
  ["nothing", "", "/a/b?old=1"],
  ["with a fragment, which does not travel", "/x#frag", "/x"],
  ["with spaces around", "  /x  ", "/x"],
  ["with bytes beyond ASCII", "/\xe9", "/%C3%A9"],
])("K7: a Location may be relative: %s", async (_what, location, path) => {
  const there = await redirecting([location]);
  await guard.open(there.server.url("/a/b?old=1"), { redirects: 1 });
  expect(lineOf(there)).toEqual(["/a/b?old=1", path]);
});

test.each(["ws", "http", "WS", "HTTP"])("K7: a Location may begin with %s:", async (scheme) => {
  const target = await redirecting([]);
  const { port } = target.server;
  const first = await redirecting([`${scheme}://127.0.0.1:${port}/there`]);
  await guard.open(first.server, { redirects: 1 });
  expect(lineOf(target)).toEqual(["/there"]);
});

test.each([
  "ftp://localhost/",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "ws://",
  "http://[::1",
  "//",
  "ws://host:99999/",
  "data:,x",
  "ws+unix:/run/private.sock:/",
  "http+unix:/run/private.sock:/",
  "wss+unix:/run/private.sock:/",
])("K7: the Location %s leads nowhere", async (location) => {
  const { server } = await redirecting([location]);
  const error = await guard.failure(server, { redirects: 3 });
  expect([error.status, error.headers.get("location")]).toEqual([302, location]);
  expect(error.message).toBe("the server redirects to what is no WebSocket URL");
  expect(server.count).toBe(1);
});

test("K7: several Locations lead nowhere", async () => {
  const server = await guard.server((caller) =>
    caller.answer(refusal(["HTTP/1.1 302 Found", "Location: /a", "Location: /b", "Content-Length: 0"])),
  );
  const error = await guard.failure(server, { redirects: 3 });
  expect([error.status, error.message]).toEqual([302, "the server redirects to what is no WebSocket URL"]);
});

test.each([1, 2, 10])("K7: a loop ends after %i redirects", async (redirects) => {
  const there = await redirecting(Array<string>(100).fill("/again"));
  const error = await guard.failure(there.server, { redirects });
  expect(error.message).toBe(`the server redirects more than ${redirects} times`);
  expect([error.status, error.headers.get("location")]).toEqual([302, "/again"]);
  expect(there.server.count).toBe(redirects + 1);
});

test("K7: a loop over two servers ends too", async () => {
  const there: string[] = [];
  const one = await redirecting(there);
  const two = await redirecting(Array<string>(10).fill(one.server.url("/one")));
  there.push(...Array<string>(10).fill(two.server.url("/two")));
  expect((await guard.failure(one.server, { redirects: 5 })).message).toMatch(/more than 5 times/);
  expect([one.server.count, two.server.count]).toEqual([3, 3]);
});

describe("K7: what goes along", () => {
  const options: AnyOptions = {
    redirects: 1,
    subprotocols: ["chat"],
    headers: {
      Authorization: basic,
      Cookie: "id=1",
      cookie2: "$Version=1",
      "Proxy-Authorization": basic,
      Host: "by.hand",
      "X-Mine": "yes",
    },
  };
  const all = {
    authorization: basic,
    cookie: "id=1",
    cookie2: "$Version=1",
    "proxy-authorization": basic,
    host: "by.hand",
  };

  test("to the same origin goes everything", async () => {
    const there = await redirecting(["/b"]);
    await guard.open(there.server.url("/a"), options);
    expect(there.asked.map(({ headers }) => headers)).toMatchObject([all, all]);
  });

  test.each(["another port", "another host"])(
    "to %s go no credentials, and no Host of another",
    async (where) => {
      const target = await redirecting([]);
      const { port } = target.server;
      const name = where === "another port" ? "127.0.0.1" : "localhost";
      const first = await redirecting([`http://${name}:${port}/b`]);
      await guard.open(first.server, options);
      expect(first.asked[0]?.headers).toMatchObject(all);
      const headers = target.asked[0]?.headers ?? {};
      expect(Object.keys(headers).filter((header) => header in all)).toEqual(["host"]);
      expect(headers).toMatchObject({
        host: `${name}:${port}`,
        "x-mine": "yes",
        "sec-websocket-protocol": "chat",
      });
    },
  );

  test("the name and password of the URL go to the same origin only", async () => {
    const target = await redirecting([]);
    const first = await redirecting(["/b", target.server.url("/c")]);
    const { port } = first.server;
    await guard.open(`ws://us:secret@127.0.0.1:${port}/a`, { redirects: 2 });
    expect(first.asked.map(({ headers }) => headers["authorization"])).toEqual([basic, basic]);
    expect(target.asked[0]?.headers).not.toHaveProperty("authorization");
  });

  test("a name and password in a Location of another origin are not used", async () => {
    const target = await redirecting([]);
    const first = await redirecting([target.server.url("/c").replace("//", "//them:secret@")]);
    await guard.open(first.server, { redirects: 1 });
    expect(target.asked[0]?.headers).not.toHaveProperty("authorization");
  });

  test("what was taken away does not come back on the way back", async () => {
    const back: string[] = [];
    const first = await redirecting(back);
    const second = await redirecting([first.server.url("/back")]);
    back.push(second.server.url("/there"));
    await guard.open(first.server.url("/"), { ...options, redirects: 2 });
    expect(first.asked.map(({ headers }) => headers["cookie"])).toEqual(["id=1", undefined]);
  });

  const ours = certificateFor("us.example");

  test.each([
    ["key and cert", ours],
    ["a secure context", "context"],
  ] as const)("a client certificate (%s) goes to the same origin only", async (_how, given) => {
    const { createSecureContext } = await import("node:tls");
    const seen: (string | undefined)[] = [];
    const listen = (locations: string[]) =>
      guard.server(
        async (caller, nth) => {
          seen.push(Object(caller.socket).getPeerCertificate().subject?.CN);
          const location = locations[nth];
          if (location === undefined) await caller.accept();
          else
            await caller.answer(
              refusal(["HTTP/1.1 302 Found", `Location: ${location}`, "Content-Length: 0"]),
            );
        },
        { tls: { ...pair, requestCert: true, rejectUnauthorized: false } },
      );
    const target = await listen([]);
    const first = await listen(["/b", target.url("/c", "localhost")]);
    const tls =
      given === "context"
        ? { secureContext: createSecureContext({ ...ours, ca: pair.cert }), ca: pair.cert }
        : { ...given, ca: pair.cert };
    await guard.open(first.url("/a", "localhost"), { tls, redirects: 2 });
    expect(seen).toEqual(["us.example", "us.example", undefined]);
  });
});

describe("K7: between TLS and none", () => {
  test.each(["ws", "http"])("from wss to %s never", async (scheme) => {
    const target = await redirecting([]);
    const first = await redirecting([`${scheme}://localhost:${target.server.port}/`], 302, true);
    const error = await guard.failure(first.server.url("/", "localhost"), {
      tls: { ca: pair.cert },
      redirects: 5,
    });
    expect([error.status, error.message]).toEqual([302, "the server redirects from wss to ws"]);
    expect(target.server.count).toBe(0);
  });

  test.each(["wss", "https"])("from ws to %s, where the certificate counts", async (scheme) => {
    const target = await redirecting([], 302, true);
    const location = `${scheme}://localhost:${target.server.port}/`;
    const first = await redirecting([location, location]);
    await guard.open(first.server, { tls: { ca: pair.cert }, redirects: 1 });
    expect(target.server.count).toBe(1);
    const error = await guard.failure(first.server, { redirects: 1 });
    expect(error).toMatchObject({ status: 0, cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" } });
  });
});
