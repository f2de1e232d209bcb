// The URL that servers of 2010 say again.
import { describe, expect, it } from "vitest";
import { checkLocation, locationOf } from "../../../src/handshake/legacy/location.ts";

describe("a location", () => {
  it.each([
    [false, "example.com", "ws://example.com/a?b"],
    [true, "example.com", "wss://example.com/a?b"],
    [false, "EXAMPLE.com:80", "ws://example.com/a?b"],
    [true, "example.com:443", "wss://example.com/a?b"],
    [false, "example.com:443", "ws://example.com:443/a?b"],
    [true, "example.com:80", "wss://example.com:80/a?b"],
    [false, "[::1]:8080", "ws://[::1]:8080/a?b"],
    [false, "example.com:", "ws://example.com/a?b"],
    [false, "what is this", "ws://what is this/a?b"],
  ])("secure: %s, host %j → %j", (secure, host, location) => {
    expect(locationOf({ secure, host, resource: "/a?b" })).toBe(location);
  });

  it.each(["ws://example.com/chat", "wss://example.com:8443/?a=b"])("of an application's: %j", (given) => {
    expect(checkLocation(given)).toBe(given);
  });

  it.each([
    "http://example.com/",
    "ws://",
    "ws://a b/",
    "ws://a/\r\nSet-Cookie: x",
    "ws://a/#b",
    "/chat",
    7,
    null,
    new URL("ws://a/"),
  ])("no location: %j → TypeError", (given) => {
    expect(() => checkLocation(given)).toThrow(TypeError);
  });
});
