import { describe, expect, it } from "vitest";
import { HeaderList } from "../../src/handshake/header-list.ts";
import { hostOf, parseAuthority } from "../../src/handshake/host.ts";
import { refusalOf } from "./support.ts";

const hosts = (...values: string[]) => new HeaderList(values.map((value) => ["Host", value]));

describe("a host and a port (RFC 3986 §3.2)", () => {
  it.each([
    ["example.org", "example.org", undefined],
    ["EXAMPLE.org:8080", "example.org", 8080],
    ["example.org:", "example.org", undefined],
    ["localhost:0", "localhost", 0],
    ["a:65535", "a", 65_535],
    ["a:00080", "a", 80],
    ["192.0.2.1:1", "192.0.2.1", 1],
    ["[::1]", "[::1]", undefined],
    ["[2001:DB8::1]:443", "[2001:db8::1]", 443],
    ["my_host-1.%e4x", "my_host-1.%e4x", undefined],
  ])("%s", (text, name, port) => {
    expect(parseAuthority(text)).toEqual({ name, port });
  });

  it.each([
    "",
    ":80",
    "a b",
    "user@a",
    "a:b",
    "a:99999",
    "a:65536",
    "a:-1",
    "a:8 0",
    "a:1:2",
    "::1",
    "[::1",
    "::1]",
    "[]",
    "[1.2.3.4]",
    "[::1]a",
    "[::1]:x",
    "[fe80::1%25eth0]",
    "[v1.a]",
    "a/b",
    "a?b",
    "a#b",
    "a\\b",
    "a%2",
    "h\u00e9",
    "a\n",
  ])("H3: not %j", (text) => {
    expect(parseAuthority(text)).toBeUndefined();
  });

  it("takes hostile text of 16 KiB in stride", () => {
    for (const text of [
      "a".repeat(16_384),
      "[".repeat(16_384),
      "%4".repeat(8192),
      `${"%41".repeat(5000)}@`,
      ":".repeat(16_384),
    ]) {
      parseAuthority(text);
    }
    expect(parseAuthority(`a:${"0".repeat(16_000)}`)).toEqual({ name: "a", port: 0 });
  });
});

describe("the Host of a request (RFC 9112 §3.2)", () => {
  it("is its value as it came", () => {
    expect(hostOf(hosts("Example.org:8080"))).toBe("Example.org:8080");
  });

  it("H1: no Host → 400", () => {
    expect(refusalOf(() => hostOf(hosts()))).toMatchObject({ status: 400, rule: "RFC 9112 §3.2" });
  });

  it("H2: two Host lines → 400, also if they agree", () => {
    expect(refusalOf(() => hostOf(hosts("a", "a")))).toMatchObject({ status: 400, rule: "RFC 9112 §3.2" });
  });

  it.each(["a b", "user@a", "x:99999", ""])("H3: Host %j → 400", (value) => {
    const error = refusalOf(() => hostOf(hosts(value)));
    expect(error).toMatchObject({ status: 400, rule: "RFC 9112 §3.2" });
    expect(error.message).toContain(JSON.stringify(value));
  });
});
