import { describe, expect, it, vi } from "vitest";
import { type Origins, originAllowed, originRefusal, validateOrigins } from "../../src/handshake/origin.ts";

const allowed = (origin: string | undefined, host: string, origins?: Origins, secure = false) =>
  originAllowed({ origin, host, secure, origins });

describe("H49: the server's own origin", () => {
  it("is not asked for: a request without Origin comes from no web page", () => {
    expect(allowed(undefined, "a.example")).toBe(true);
    expect(allowed(undefined, "a.example", [])).toBe(true);
    expect(originAllowed({ origin: undefined, host: "a.example", secure: false })).toBe(true);
  });

  it.each([
    ["http://a.example", "a.example"],
    ["http://a.example", "a.example:80"],
    ["http://a.example:80", "a.example"],
    ["https://a.example", "a.example"], // TLS ends at a proxy
    ["https://a.example", "a.example:443"],
    ["http://a.example:8080", "a.example:8080"],
    ["HTTP://A.Example", "a.eXAMPLE"],
    ["http://[::1]:3000", "[::1]:3000"],
    ["https://[2001:DB8::1]", "[2001:db8::1]"],
    ["http://127.0.0.1:1", "127.0.0.1:1"],
  ])("passes: %s at %s", (origin, host) => {
    expect(allowed(origin, host)).toBe(true);
  });

  it.each([
    ["another host", "http://evil.example", "a.example"],
    ["a subdomain", "http://b.a.example", "a.example"],
    ["the parent", "http://example", "a.example"],
    ["a suffix", "http://a.example.evil.test", "a.example"],
    ["a prefix", "http://evila.example", "a.example"],
    ["another port", "http://a.example:8081", "a.example:8080"],
    ["the default port of the other scheme", "http://a.example", "a.example:443"],
    ["a scheme of browser extensions", "chrome-extension://a.example", "a.example"],
    ["null", "null", "a.example"],
    ["null at a host of that name", "null", "null"],
    ["a host that is none", "http://a b", "a b"],
  ])("refuses %s: %s at %s", (_, origin, host) => {
    expect(allowed(origin, host)).toBe(false);
  });

  it.each([
    "",
    "a.example",
    "//a.example",
    "http:a.example",
    "http://",
    "http://a.example/",
    "http://a.example?",
    "http://a.example#",
    "http://user@a.example",
    "http://a.example:99999",
    "http://a.example http://a.example",
    "http://a.example, http://a.example",
    " http://a.example",
    "http://a.example\n",
    "http:\\\\a.example",
  ])("refuses what is no origin: %j", (origin) => {
    expect(allowed(origin, "a.example")).toBe(false);
    expect(allowed(origin, "a.example", [/[\s\S]*/])).toBe(false);
    expect(allowed(origin, "a.example", () => true)).toBe(false);
  });

  it("is https where we know of TLS: who can write into http pages on the way must not get in", () => {
    expect(allowed("https://a.example", "a.example", undefined, true)).toBe(true);
    expect(allowed("https://a.example:8443", "a.example:8443", undefined, true)).toBe(true);
    expect(allowed("http://a.example", "a.example", undefined, true)).toBe(false);
    expect(allowed("http://a.example", "a.example", ["http://a.example"], true)).toBe(true);
  });
});

describe("H49: the option origins", () => {
  it("any: passes everything", () => {
    for (const origin of ["http://evil.example", "null", "rubbish"])
      expect(allowed(origin, "a.example", "any")).toBe(true);
  });

  it("a list is in addition to the server's own origin", () => {
    const origins = ["https://app.example", "null", "chrome-extension://abcdef"];
    for (const origin of [
      "http://a.example",
      "https://app.example",
      "HTTPS://APP.example:443",
      "null",
      "chrome-extension://abcdef",
    ]) {
      expect(allowed(origin, "a.example", origins)).toBe(true);
    }
    for (const origin of [
      "http://app.example",
      "https://app.example:8443",
      "https://app.example.evil.test",
      "https://x.app.example",
      "chrome-extension://other",
    ]) {
      expect(allowed(origin, "a.example", origins)).toBe(false);
    }
  });

  it("a RegExp must match the whole origin, whatever it says about its ends", () => {
    const origins = [/https:\/\/app\.example|https:\/\/app\.example\.org/];
    expect(allowed("https://app.example", "a", origins)).toBe(true);
    expect(allowed("https://app.example.org", "a", origins)).toBe(true);
    expect(allowed("https://app.example.evil.test", "a", origins)).toBe(false);
    expect(allowed("evil+https://app.example", "a", origins)).toBe(false);
    expect(allowed("https://app.example", "a", [/^https:\/\/app\.example$/])).toBe(true);
  });

  it("a RegExp keeps no memory (flags g and y), and keeps its other flags", () => {
    for (const flags of ["g", "y", "gim"]) {
      const origins = [new RegExp("https://app\\.example", flags)];
      for (let turn = 0; turn < 3; turn++) expect(allowed("https://app.example", "a", origins)).toBe(true);
    }
    expect(allowed("https://APP.example", "a", [/https:\/\/app\.example/i])).toBe(true);
    expect(allowed("https://APP.example", "a", [/https:\/\/app\.example/])).toBe(false);
  });

  it("a function decides alone, the server's own origin included, and only by true", () => {
    const origins = vi.fn((origin: string) => origin === "https://app.example");
    expect(allowed("https://app.example", "a.example", origins)).toBe(true);
    expect(allowed("https://a.example", "a.example", origins)).toBe(false);
    expect(allowed("null", "a.example", origins)).toBe(false);
    expect(allowed(undefined, "a.example", origins)).toBe(true);
    expect(origins.mock.calls.flat()).toEqual(["https://app.example", "https://a.example", "null"]);
    const truthy: any = () => 1;
    expect(allowed("https://app.example", "a.example", truthy)).toBe(false);
  });

  it("is checked", () => {
    const decide = () => true;
    const list = ["https://app.example", "http://localhost:3000", "null", "capacitor://localhost", /x/];
    for (const value of [undefined, "any", decide, list, []]) expect(validateOrigins(value)).toEqual(value);
  });

  it("is copied, so that a change to the list afterwards changes nothing", () => {
    const list = ["https://app.example"];
    const checked = validateOrigins(list);
    list.push("https://evil.example");
    expect(checked).toEqual(["https://app.example"]);
  });

  it.each([
    ["*", 'origins must be "any", an array or a function, not the string "*"'],
    [
      "https://app.example",
      'origins must be "any", an array or a function, not the string "https://app.example"',
    ],
    [true, 'origins must be "any", an array or a function, not the boolean true'],
    [null, 'origins must be "any", an array or a function, not null'],
    [["app.example"], /may hold whole origins, as "https:\/\/app.example", .* not the string "app.example"$/],
    [["https://app.example/"], /may hold whole origins/],
    [["https://*.app.example/x"], /may hold whole origins/],
    [["*"], /may hold whole origins/],
    [[7], /may hold whole origins/],
  ])("%j → TypeError", (value, message) => {
    expect(() => validateOrigins(value)).toThrow(TypeError);
    expect(() => validateOrigins(value)).toThrow(message);
  });
});

describe("H49: the refusal", () => {
  it("is a 403 that names Origin, Host and the option that would allow it", () => {
    expect(originRefusal({ origin: "https://app.example", host: "api.example:8080" })).toMatchObject({
      status: 403,
      rule: "RFC 6455 §10.2",
      body:
        'the Origin "https://app.example" is not allowed to connect to the Host "api.example:8080"; ' +
        'to allow it, start the server with the option origins: ["https://app.example"]',
    });
  });

  it("names the resource whose option it is", () => {
    const resource = 'the resource "/chat"';
    expect(originRefusal({ origin: "https://app.example", host: "a", resource }).message).toBe(
      'the Origin "https://app.example" is not allowed to connect to the Host "a"; ' +
        'to allow it, define the resource "/chat" with the option origins: ["https://app.example"]',
    );
  });

  it("lets no control character of a peer's onto a terminal", () => {
    expect(originRefusal({ origin: "\x1b[2J\x9b", host: "a" }).message).toContain('"\\u001b[2J\\u009b"');
  });
});
