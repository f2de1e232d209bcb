// Messages as lines of JSON and back, without loss.
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { InputError } from "../../src/connect/input-error.ts";
import { eventLine, messageLine, parseJsonLine } from "../../src/connect/jsonl.ts";

test("a text comes through as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const line = messageLine(text);
      expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/u);
      expect(parseJsonLine(line)).toEqual({ send: text });
    }),
  );
});

test("so do bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const request = parseJsonLine(messageLine(bytes));
      expect(request).toEqual({ send: Buffer.from(bytes) });
    }),
  );
});

test("a view of bytes is written as what it shows", () => {
  expect(messageLine(new Uint8Array([9, 0, 1, 2, 9]).subarray(1, 4))).toBe('{"binary":"AAEC"}');
});

test("lines that ask for something", () => {
  expect(parseJsonLine('{"text":""}')).toEqual({ send: "" });
  expect(parseJsonLine('  {"binary": ""} ')).toEqual({ send: Buffer.alloc(0) });
  expect(parseJsonLine('{"ping":""}')).toEqual({ ping: "" });
  expect(parseJsonLine('{"close":{}}')).toEqual({ close: { code: 1000, reason: "" } });
  expect(parseJsonLine('{"close":{"code":4000,"reason":"bye"}}')).toEqual({
    close: { code: 4000, reason: "bye" },
  });
});

test("our own output can be input: what it tells is passed over", () => {
  const open = eventLine({ open: { url: "ws://a/", subprotocol: "", version: "rfc6455" } });
  const closed = eventLine({
    closed: { code: 1000, reason: "", clean: true, initiator: "peer", cause: "close" },
  });
  for (const line of ["", " \t", open, closed, eventLine({ pong: { milliseconds: 1.5 } })]) {
    expect(parseJsonLine(line)).toBeUndefined();
  }
});

test("what a peer chose steers no terminal in events either", () => {
  const line = eventLine({ open: { url: "ws://a/", subprotocol: "\u009b2J", version: "hixie-76" } });
  expect(line).toBe(String.raw`{"open":{"url":"ws://a/","subprotocol":"\u009b2J","version":"hixie-76"}}`);
});

test.each([
  ["hello", /not JSON/],
  ['{"text":"a"', /not JSON/],
  ['"text"', /one member/],
  ["null", /one member/],
  ["[]", /one member/],
  ["{}", /one member/],
  ['{"text":"a","binary":""}', /one member/],
  ['{"txt":"a"}', /"txt" is no request/],
  ['{"__proto__":"a"}', /"__proto__" is no request/],
  ['{"text":1}', /"text" must be a string/],
  [String.raw`{"text":"\ud800"}`, /surrogate/],
  ['{"binary":"AA"}', /base64/],
  ['{"binary":"AA=A"}', /base64/],
  ['{"binary":"AA\\nAA=="}', /base64/],
  ['{"binary":"_-8="}', /base64/],
  [`{"ping":"${"x".repeat(126)}"}`, /125 bytes/],
  ['{"close":1000}', /"close" must be an object/],
  ['{"close":{"code":"1000"}}', /must be a number/],
  ['{"close":{"reason":1}}', /must be a number, the reason a string/],
  ['{"close":{"codes":1}}', /not "codes"/],
])("%s is an error in words", (line, words) => {
  expect(() => parseJsonLine(line)).toThrow(InputError);
  expect(() => parseJsonLine(line)).toThrow(words);
});
