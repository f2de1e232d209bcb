import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWebSocketUrl, parseWebSocketUrl } from "../../src/handshake/url.ts";
import { runs } from "./support.ts";

/** What a call with any argument throws. */
function refused(url: unknown): TypeError {
  expect(isWebSocketUrl(url)).toBe(false);
  try {
    Reflect.apply(parseWebSocketUrl, undefined, [url]);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    if (error instanceof TypeError) return error;
  }
  throw new Error(`${String(url)} passed`);
}

describe("ws and wss (RFC 6455 §3)", () => {
  it("are taken apart", () => {
    expect(parseWebSocketUrl("ws://example.com:8080/chat?room=1&room=2")).toEqual({
      href: "ws://example.com:8080/chat?room=1&room=2",
      secure: false,
      hostname: "example.com",
      port: 8080,
      host: "example.com:8080",
      target: "/chat?room=1&room=2",
      socketPath: undefined,
      authorization: undefined,
    });
    expect(parseWebSocketUrl("wss://example.com")).toEqual({
      href: "wss://example.com/",
      secure: true,
      hostname: "example.com",
      port: 443,
      host: "example.com",
      target: "/",
      socketPath: undefined,
      authorization: undefined,
    });
  });

  it.each([
    ["ws://a", 80, "a"],
    ["ws://a:80", 80, "a"],
    ["ws://a:", 80, "a"],
    ["ws://a:443", 443, "a:443"],
    ["wss://a:443", 443, "a"],
    ["wss://a:80", 80, "a:80"],
    ["ws://a:0", 0, "a:0"],
    ["ws://a:00080", 80, "a"],
    ["ws://a:65535", 65_535, "a:65535"],
  ])("%s has port %i and Host %s: the scheme's own port is left out (§4.1(4))", (url, port, host) => {
    expect(parseWebSocketUrl(url)).toMatchObject({ port, host });
  });

  it.each([
    ["an IPv6 address", "ws://[::1]:8080/", "::1", "[::1]:8080"],
    ["an IPv6 address written at length", "wss://[2001:DB8:0:0:0:0:0:1]/", "2001:db8::1", "[2001:db8::1]"],
    ["an IPv4 address", "ws://127.0.0.1/", "127.0.0.1", "127.0.0.1"],
    ["an IPv4 address in an unusual form", "ws://0x7f.1/", "127.0.0.1", "127.0.0.1"],
    ["a name in capitals", "WS://Example.COM/", "example.com", "example.com"],
    ["an international name", "ws://b\u00fccher.example/", "xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["a name in wide letters", "ws://\uff45xample/", "example", "example"],
    ["a name with a dot at its end", "ws://example.com./", "example.com.", "example.com."],
  ])("%s", (_, url, hostname, host) => {
    expect(parseWebSocketUrl(url)).toMatchObject({ hostname, host });
  });

  it.each([
    ["no path", "ws://a?b", "/?b"],
    ["an empty query, which is none (§3)", "ws://a/b?", "/b"],
    ["spaces", "ws://a/b c?d e", "/b%20c?d%20e"],
    ["spaces around it", " \n ws://a/b\t\n", "/b"],
    ["dots", "ws://a/b/./../c", "/c"],
    ["escaped dots", "ws://a/b/%2e%2E/c", "/c"],
    ["escapes, which stay as they are", "ws://a/%2f%7e%41?%26+%20", "/%2f%7e%41?%26+%20"],
    ["a percent sign that escapes nothing", "ws://a/%zz%?%", "/%zz%?%"],
    ["letters beyond ASCII", "ws://a/\u6ef4?\u6c34", "/%E6%BB%B4?%E6%B0%B4"],
    ["half a surrogate pair", "ws://a/\ud800", "/%EF%BF%BD"],
    ["two slashes", "ws://a//b//c", "//b//c"],
    ["backslashes", "ws:\\\\a\\b", "/b"],
    ["a colon, an at and a question mark", "ws://a/b:c@d?e?f=@:", "/b:c@d?e?f=@:"],
    ["an escaped fragment", "ws://a/b%23c", "/b%23c"],
  ])("the target with %s", (_, url, target) => {
    expect(parseWebSocketUrl(url)).toMatchObject({ hostname: "a", target });
  });

  it("a URL object is as good as a string", () => {
    expect(parseWebSocketUrl(new URL("wss://u:p@a/b"))).toEqual(parseWebSocketUrl("wss://u:p@a/b"));
  });

  it("a name and password become Basic authorization, and leave the URL", () => {
    const given = new URL("ws://user:p%40ss@example.com/?a");
    const { href, host, authorization } = parseWebSocketUrl(given);
    expect({ href, host }).toEqual({ href: "ws://example.com/?a", host: "example.com" });
    expect(authorization).toBe(`Basic ${btoa("user:p@ss")}`);
    expect(given.password).toBe("p%40ss");
    expect(parseWebSocketUrl("ws://user@a").href).toBe("ws://a/");
    expect(parseWebSocketUrl("ws://:pass@a").href).toBe("ws://a/");
  });
});

describe("ws+unix and wss+unix", () => {
  it("are taken apart", () => {
    expect(parseWebSocketUrl("ws+unix:/run/app.sock:/chat?room=1")).toEqual({
      href: "ws+unix:/run/app.sock:/chat?room=1",
      secure: false,
      hostname: "localhost",
      port: 0,
      host: "localhost",
      target: "/chat?room=1",
      socketPath: "/run/app.sock",
      authorization: undefined,
    });
    expect(parseWebSocketUrl("wss+unix:///run/app.sock")).toMatchObject({
      secure: true,
      target: "/",
      socketPath: "/run/app.sock",
    });
  });

  it.each([
    ["ws+unix:/a.sock?b", "/a.sock", "/?b"],
    ["ws+unix:/a.sock:/?b", "/a.sock", "/?b"],
    ["ws+unix:/a.sock:/b:c", "/a.sock", "/b:c"],
    ["ws+unix:/a b/\u00fc.sock:/c d", "/a b/\u00fc.sock", "/c%20d"],
    ["ws+unix:/a%3Ab%23%3F.sock:/c%3A", "/a:b#?.sock", "/c%3A"],
  ])("%s is the socket %s and the target %s", (url, socketPath, target) => {
    expect(parseWebSocketUrl(url)).toMatchObject({ socketPath, target });
  });

  it.each([
    ["a relative path", "ws+unix:app.sock:/", /must be absolute/],
    ["no path", "ws+unix:", /must be absolute/],
    ["a host", "ws+unix://example.com/run/app.sock", /must be absolute/],
    ["a target without its slash", "ws+unix:/run/app.sock:chat", /must begin with a slash/],
    ["a colon with nothing behind it", "ws+unix:/run/app.sock:", /must begin with a slash/],
    ["escapes that are no UTF-8", "ws+unix:/run/%ff.sock", /"\/run\/%ff.sock" is not percent-encoded UTF-8/],
    ["NUL, at which the system would end the path", "ws+unix:/run/app.sock%00.txt:/", /NUL/],
    ["a fragment", "ws+unix:/run/app.sock:/#a", /fragment/],
  ])("with %s → TypeError", (_, url, message) => {
    expect(refused(url).message).toMatch(message);
  });
});

describe("what is no WebSocket URL → TypeError", () => {
  it.each([
    ["http", "http://a/", 'its scheme is "http"'],
    ["https as a URL object", new URL("https://a/"), 'its scheme is "https"'],
    ["another scheme", "wsss://a/", 'its scheme is "wsss"'],
    ["a mail address", "mailto:a@b", 'its scheme is "mailto"'],
    ["a fragment", "ws://a/b#c", "it has a fragment, which has no meaning here (RFC 6455 §3)"],
    ["an empty fragment", "ws://a/#", "it has a fragment"],
    ["a fragment in a URL object", new URL("ws://a/#b"), "it has a fragment"],
    ["a fragment behind a query", "ws://a?b#", "it has a fragment"],
    ["a path", "/chat", "it cannot be parsed"],
    ["a host alone", "//a/chat", "it cannot be parsed"],
    ["nothing", "", "it cannot be parsed"],
    ["no host", "ws://", "it cannot be parsed"],
    ["a port beyond 65535", "ws://a:65536", "it cannot be parsed"],
    ["a port that is no number", "ws://a:b", "it cannot be parsed"],
    ["a space in the host", "ws://a b/", "it cannot be parsed"],
    ["a broken IPv6 address", "ws://[::1/", "it cannot be parsed"],
    ["a zone in an IPv6 address", "ws://[fe80::1%25eth0]/", "it cannot be parsed"],
    ["an IPv4 address that is none", "ws://1.2.3.256/", "it cannot be parsed"],
  ])("%s", (_, url, why) => {
    const { message } = refused(url);
    expect(message).toContain(` is no WebSocket URL: ${why}`);
    expect(message).toContain("; there are ws://host/path, wss://host/path or ws+unix:/path/of.sock:/path");
  });

  it.each([
    [undefined, "not undefined"],
    [null, "not null"],
    [8080, "not the number 8080"],
    [{ href: "ws://a/" }, "not "],
    [["ws://a/"], "not "],
  ])("%j", (url, what) => {
    expect(refused(url).message).toContain(`a WebSocket URL is a string or a URL, ${what}`);
  });

  it("names what was given, short and without control characters", () => {
    expect(refused("nonsense").message).toContain('"nonsense" is no WebSocket URL');
    expect(refused(`x:\x1b${"a".repeat(1000)}`).message).toContain(`"x:\\u001b${"a".repeat(61)}..."`);
  });
});

describe("secrets stay out of errors", () => {
  it.each([
    ["a fragment", "ws://user:s3cret@a/#"],
    ["another scheme", "http://user:s3cret@a/"],
    ["a URL object", new URL("http://user:s3cret@a/")],
    ["no slashes", "ws:user:s3cret@a/#"],
    ["backslashes", "ws:\\\\user:s3cret@a\\#"],
    ["spaces before it", "  ws://user:s3cret@a:b/"],
    ["a tab among the slashes", "ws:/\t/user:s3cret@a/#"],
    ["a slash in the password", "ws://user:s3/s3cret@a/"],
    ["a number sign in the password", "ws://user:s3#s3cret@a/"],
    ["a question mark in the password", "ws://user:s3?s3cret@a/"],
    ["an at in the password", "ws://user:s3cret@s3cret@a/#"],
    ["a line break in the password", "ws://user:s3\ns3cret@a/#"],
    ["no scheme", "user:s3cret@a/"],
    ["no scheme but the slashes", "//user:s3cret@a/"],
    ["an at that was escaped", "ws://user:s3cret%40a/"],
    ["an escape that is none", "ws://user:s3cret%ff@a/"],
    ["a colon in the name", "ws://us%3Aer:s3cret@a/"],
    ["a token in the query", "wss://a/?token=s3cret#b"],
    ["a token in a query with an at", "wss://a/?from=b@c&token=s3cret#"],
    ["a token in the fragment", "wss://a/#access_token=s3cret"],
    ["a Unix socket with a host", "ws+unix://a/run/app.sock?token=s3cret"],
    ["a Unix socket with a password", "ws+unix://user:s3cret@/run/app.sock"],
  ])("%s", (_, url) => {
    const shown = inspect(refused(url), { depth: 9, showHidden: true });
    expect(shown).not.toContain("s3cret");
  });

  it("and the rest of the URL is still there", () => {
    expect(refused("ws://user:secret@example.com/chat#a").message).toContain(
      '"ws://***@example.com/chat#***"',
    );
    expect(refused("http://example.com/chat?token=secret").message).toContain(
      '"http://example.com/chat?***"',
    );
  });

  it("whatever the password is", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("ws://", "wss:", "http://", "//", "", "ws+unix://"),
        fc.string({ unit: "grapheme", maxLength: 8 }),
        fc.string({ unit: "grapheme-ascii", maxLength: 80 }),
        (scheme, before, behind) => {
          const url = `${scheme}user:${before}s3cret${behind}@host:port/`;
          // A slash can make a port of the password's first digits, and a path of what follows.
          fc.pre(!isWebSocketUrl(url));
          expect(inspect(refused(url), { showHidden: true })).not.toContain("s3cret");
        },
      ),
      runs(300),
    );
  });
});

it("what a URL gives has its place in a request, whatever the URL", () => {
  const parts = fc.array(
    fc.oneof(
      fc.constantFrom(
        "ws:",
        "wss:",
        "ws+unix:",
        "wss+unix:",
        "//",
        "/",
        ":",
        "@",
        "?",
        "#",
        "[::1]",
        "%00",
        "%",
      ),
      fc.constantFrom("a", "example.com", "80", " ", "\t", "\r\n", "\\", "..", "\u00e4", "\0", "\ud800"),
      fc.string({ unit: "binary", maxLength: 4 }),
    ),
    { maxLength: 8 },
  );
  const schemes = fc.constantFrom("ws://", "wss://a", "ws+unix:/", "ws:", "");
  fc.assert(
    fc.property(schemes, parts, (scheme, rest) => {
      const url = scheme + rest.join("");
      if (!isWebSocketUrl(url)) {
        refused(url);
        return;
      }
      const { target, host, hostname, port, socketPath, authorization = "", href } = parseWebSocketUrl(url);
      expect(target).toMatch(/^\/[!-"$-~]*$/);
      expect(host).toMatch(/^[!-~]+$/);
      expect(hostname).toMatch(/^[^[\]]+$/);
      expect(authorization).toMatch(/^[ -~]*$/);
      expect(socketPath ?? "/").toMatch(/^\/[^\0]*$/);
      expect(port).toBeGreaterThanOrEqual(0);
      // What is left of the URL says the same again.
      expect(parseWebSocketUrl(href)).toMatchObject({ target, host, port, socketPath, href });
    }),
    runs(1000),
  );
});
