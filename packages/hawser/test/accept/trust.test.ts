// trustProxy: whose word is taken, and for what.
import { describe, expect, test } from "vitest";
import { Trust } from "../../src/accept/trust.ts";
import { HeaderList } from "../../src/handshake/header-list.ts";

const none = new HeaderList([]);
const forwarded = (lines: Record<string, string>) => new HeaderList(Object.entries(lines));

describe("addresses", () => {
  const trust = new Trust({
    from: ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"],
    headers: "forwarded",
  });

  test.each(["10.0.0.1", "10.255.255.255", "192.0.2.7", "2001:db8:1::7", "::1", "::ffff:10.1.2.3"])(
    "%s is ours",
    (address) => {
      expect(trust.trusts(address)).toBe(true);
    },
  );

  test.each(["11.0.0.1", "192.0.2.8", "2001:db9::1", "::2", "::ffff:11.0.0.1", "", "10.0.0", "unknown"])(
    "%s is not",
    (address) => {
      expect(trust.trusts(address)).toBe(false);
    },
  );

  test.each([
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/-1",
    "10.0.0.0/1e1",
    "localhost",
    "unix/8",
    "",
    10,
    null,
  ])("%s is none", (entry) => {
    expect(() => new Trust({ from: [entry as string], headers: "forwarded" })).toThrow(
      /trustProxy\.from holds addresses/,
    );
  });
});

test("without the option nobody is believed", () => {
  const trust = new Trust(undefined);
  const peer = { address: "127.0.0.1", secure: true };
  const headers = forwarded({ "X-Forwarded-For": "1.2.3.4", Forwarded: "for=1.2.3.4" });
  expect(trust.surroundings(headers, "app.example", peer)).toEqual({
    remoteAddress: "127.0.0.1",
    secure: true,
    host: "app.example",
  });
  expect(trust.expectsProxyHeader("127.0.0.1")).toBe(false);
});

test("who has no address is a proxy if Unix sockets are trusted", () => {
  const trust = new Trust({ from: ["unix"], headers: "x-forwarded", proxyProtocol: true });
  expect(trust.trusts(undefined)).toBe(true);
  expect(trust.trusts("127.0.0.1")).toBe(false);
  expect(trust.expectsProxyHeader(undefined)).toBe(true);
  const headers = forwarded({ "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https" });
  const peer = { address: undefined, secure: false };
  const told = { remoteAddress: "1.2.3.4", secure: true, host: "a" };
  expect(trust.surroundings(headers, "a", peer)).toEqual(told);
  expect(trust.surroundings(none, "a", peer)).toEqual({ ...told, remoteAddress: undefined, secure: false });
});

test("a peer without an address is no proxy otherwise", () => {
  const trust = new Trust({ from: ["0.0.0.0/0", "::/0"], headers: "x-forwarded", proxyProtocol: true });
  expect(trust.expectsProxyHeader(undefined)).toBe(false);
  const headers = forwarded({ "X-Forwarded-For": "1.2.3.4" });
  const peer = { address: undefined, secure: false };
  expect(trust.surroundings(headers, "a", peer)).toEqual({
    remoteAddress: undefined,
    secure: false,
    host: "a",
  });
});

test("what a trusted proxy does not say is as without it", () => {
  const trust = new Trust({ from: ["127.0.0.1"], headers: "x-forwarded" });
  const peer = { address: "127.0.0.1", secure: true };
  expect(trust.surroundings(none, "a", peer)).toEqual({
    remoteAddress: "127.0.0.1",
    secure: true,
    host: "a",
  });
  const http = forwarded({ "X-Forwarded-Proto": "http", "X-Forwarded-Host": "b" });
  expect(trust.surroundings(http, "a", peer)).toEqual({
    remoteAddress: "127.0.0.1",
    secure: false,
    host: "b",
  });
});
