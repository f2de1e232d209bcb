// Redirects: which answers are any, where they lead, and what goes along.
import { createSecureContext } from "node:tls";
import { HandshakeError } from "hawser";
import { parseWebSocketUrl } from "hawser/handshake";
import { describe, expect, test } from "vitest";
import { type ConnectOptions, resolveConnect } from "../../src/client/options.ts";
import { follow, isRedirect } from "../../src/client/redirect.ts";

function answer(status: number, ...locations: string[]): HandshakeError {
  const headers = locations.map((location) => ["Location", location] as const);
  return new HandshakeError("the server refused", { status, headers, body: "moved" });
}

/** Where a redirect leads, and with what. */
function followed(from: string, location: string, options: ConnectOptions = {}) {
  return follow(parseWebSocketUrl(from), resolveConnect(options), answer(302, location));
}

test("those that a GET follows are redirects, if they say where to", () => {
  const statuses = [200, 300, 301, 302, 303, 304, 305, 306, 307, 308, 309, 401, 0];
  expect(statuses.filter((status) => isRedirect(answer(status, "/")))).toEqual([301, 302, 303, 307, 308]);
  expect(isRedirect(answer(302))).toBe(false);
  for (const other of [undefined, null, "302", new Error("no"), { status: 302 }])
    expect(isRedirect(other)).toBe(false);
});

test.each([
  ["ws://a/x/y?q", "/z", "ws://a/z"],
  ["ws://a/x/y?q", "z", "ws://a/x/z"],
  ["ws://a/x/y?q", "?r", "ws://a/x/y?r"],
  ["ws://a/x/y?q", "//b/z", "ws://b/z"],
  ["wss://a/x", "//b/z", "wss://b/z"],
  ["ws://a/", "http://b/", "ws://b/"],
  ["ws://a/", "https://b/", "wss://b/"],
  ["ws://a/", "https://b:444/", "wss://b:444/"],
  ["ws://a/", "HTTP://B/#c", "ws://b/"],
  ["ws://a/", "ws://b:80/", "ws://b/"],
  ["wss://[::1]:9/", "/z", "wss://[::1]:9/z"],
])("from %s by %s to %s", (from, location, to) => {
  expect(followed(from, location).url.href).toBe(to);
});

test.each([
  "ftp://b/",
  "mailto:a@b",
  "ws://",
  "http://[",
  "ws+unix:/run/a.sock:/",
  "unix:/a",
  "http+unix:/a",
  "wss+unix:/a",
])("%s leads nowhere", (location) => {
  expect(() => followed("ws://a/", location)).toThrow("the server redirects to what is no WebSocket URL");
});

test("from a socket in the file system there is no way on", () => {
  for (const location of ["/z", "ws+unix:/run/a.sock:/z"]) {
    expect(() => followed("ws+unix:/run/a.sock:/", location)).toThrow("no WebSocket URL");
  }
  expect(followed("ws+unix:/run/a.sock:/", "ws://b/").url.href).toBe("ws://b/");
});

test("what goes wrong is a HandshakeError with the answer that it was", () => {
  for (const fail of [() => followed("ws://a/", "ftp://b/"), () => followed("wss://a/", "ws://a/")]) {
    let error: unknown;
    try {
      fail();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ status: 302, body: "moved" });
    expect((error as HandshakeError).headers.has("location")).toBe(true);
  }
});

test("two Locations lead nowhere", () => {
  const two = answer(302, "/a", "/b");
  expect(() => follow(parseWebSocketUrl("ws://a/"), resolveConnect({}), two)).toThrow("no WebSocket URL");
});

test.each(["http://a/", "ws://a/", "ws://b/", "http://a:443/"])("from wss never to %s", (location) => {
  expect(() => followed("wss://a/", location)).toThrow("the server redirects from wss to ws");
});

describe("what goes along", () => {
  const headers = {
    Authorization: "Basic x",
    cookie: "a=b",
    Cookie2: "c",
    "PROXY-Authorization": "d",
    host: "e",
    "X-Other": "f",
  };
  const tls = {
    ca: "our CA",
    rejectUnauthorized: true,
    secureContext: createSecureContext(),
    passphrase: "secret",
    servername: "a",
    session: Buffer.from("session"),
    pskCallback: () => null,
    clientCertEngine: "engine",
    privateKeyEngine: "engine",
    privateKeyIdentifier: "key",
    key: "our key",
    cert: "our certificate",
    pfx: "our archive",
  };
  // Checked by resolveConnect elsewhere: no key here is one.
  const settings = { ...resolveConnect({ headers }), tls };
  const to = (location: string) =>
    follow(parseWebSocketUrl("wss://me:pw@a/"), settings, answer(307, location));

  test("to the same origin everything, the name and password of the URL too", () => {
    const same = to("/z");
    expect(same.settings).toBe(settings);
    expect(same.url.authorization).toBe(parseWebSocketUrl("ws://me:pw@a/").authorization);
    expect(to("wss://A:443/z").settings).toBe(settings);
  });

  test("to the same origin a name and password of the Location's own go before", () => {
    expect(to("wss://you:pw@a/").url.authorization).toBe(parseWebSocketUrl("ws://you:pw@a/").authorization);
  });

  test.each(["wss://b/", "wss://a:444/", "wss://you:pw@b/"])(
    "to another origin nothing that says who we are: %s",
    (location) => {
      const { url, settings: rest } = to(location);
      expect(url.authorization).toBeUndefined();
      expect(rest.headers).toEqual([["X-Other", "f"]]);
      expect(rest.tls).toEqual({ ca: "our CA", rejectUnauthorized: true });
      // The application's own objects stay as they are.
      expect([settings.headers.length, Object.keys(settings.tls).length]).toEqual([6, 13]);
    },
  );

  test.each([
    ["ws://me:pw@a/", "wss://a/"],
    ["ws://me:pw@a:8080/", "wss://a:8080/"],
  ])("from ws to wss is another origin: %s to %s", (from, location) => {
    const { url, settings: rest } = followed(from, location, { headers });
    expect([url.authorization, rest.headers]).toEqual([undefined, [["X-Other", "f"]]]);
  });
});
