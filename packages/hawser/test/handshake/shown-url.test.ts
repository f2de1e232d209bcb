import { expect, it } from "vitest";
import { shownUrl } from "../../src/handshake/shown-url.ts";

it.each([
  ["ws://example.com:8080/a/b", "ws://example.com:8080/a/b"],
  ["ws://user:secret@example.com/a", "ws://***@example.com/a"],
  ["ws://secret@example.com", "ws://***@example.com"],
  ["ws://user:secret@secret@example.com", "ws://***@example.com"],
  ["ws://user:sec/ret@example.com", "ws://***@example.com"],
  ["ws://user:sec\nret@example.com", "ws://***@example.com"],
  ["http://user:secret%40proxy:3128", "http://***@proxy:3128"],
  ["http://user:sec?ret@proxy:3128", "http://***@"],
  ["http://user:sec#ret@proxy:3128", "http://***@"],
  ["ws:user:secret@example.com", "***@example.com"],
  ["user:secret@example.com", "***@example.com"],
  ["//user:secret@example.com", "***@example.com"],
  ["wss://example.com/a?token=secret", "wss://example.com/a?***"],
  ["wss://example.com/a#token=secret", "wss://example.com/a#***"],
  ["wss://example.com/a?token=secret#secret", "wss://example.com/a?***"],
  ["wss://example.com/a?mail=me@secret&token=secret", "wss://***@"],
  ["wss://example.com/a?#", "wss://example.com/a?***"],
  ["wss://example.com/#", "wss://example.com/#"],
  ["", ""],
])("%j is shown as %j", (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});

it("takes URL objects", () => {
  expect(shownUrl(new URL("ws://user:secret@example.com/?a"))).toBe("ws://***@example.com/?***");
});

it("takes its time from no one", () => {
  const start = performance.now();
  for (const part of ["a", "@", "%4", "?", "://", "\n"]) shownUrl(part.repeat(200_000));
  expect(performance.now() - start).toBeLessThan(1000);
});
