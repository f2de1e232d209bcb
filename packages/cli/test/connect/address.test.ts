// The URL as it may be typed.
import { expect, test } from "vitest";
import { addressOf } from "../../src/connect/address.ts";

test.each([
  [":8080", "ws://localhost:8080"],
  [":8080/path?a=b", "ws://localhost:8080/path?a=b"],
  ["localhost:8080/path", "ws://localhost:8080/path"],
  ["localhost", "ws://localhost"],
  ["LocalHost/x", "ws://LocalHost/x"],
  ["app.localhost:3000", "ws://app.localhost:3000"],
  ["127.0.0.1:8080", "ws://127.0.0.1:8080"],
  ["127.1.2.3", "ws://127.1.2.3"],
  ["[::1]:8080/x", "ws://[::1]:8080/x"],
  ["me:secret@localhost:8080", "ws://me:secret@localhost:8080"],
  ["example.org", "wss://example.org"],
  ["example.org:8080/chat", "wss://example.org:8080/chat"],
  ["192.168.1.5:8080", "wss://192.168.1.5:8080"],
  ["[2001:db8::1]/x", "wss://[2001:db8::1]/x"],
  ["localhost.example.org", "wss://localhost.example.org"],
  ["example.org/localhost", "wss://example.org/localhost"],
  ["localhost@example.org", "wss://localhost@example.org"],
  ["http://example.org/x", "ws://example.org/x"],
  ["HTTPS://example.org/x", "wss://example.org/x"],
])("%s means %s", (typed, address) => {
  expect(addressOf(typed)).toBe(address);
});

test.each([
  "ws://example.org",
  "wss://localhost/",
  "WS://a/",
  "ws+unix:/run/app.sock:/x",
  "wss+unix:/run/app.sock",
  "ftp://a/",
  "",
])("%s is left to the library", (typed) => {
  expect(addressOf(typed)).toBe(typed === "" ? "wss://" : typed);
});
