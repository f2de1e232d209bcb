// examples/codec.ts and examples/handshake.ts
import { expect, test } from "vitest";
import { demo } from "../../../../examples/codec.ts";
import { answer, ask, outcome } from "../../../../examples/handshake.ts";

// The key and the answer are those of RFC 6455 §1.3.
const offer = ask("ws://example.org/chat", "dGhlIHNhbXBsZSBub25jZQ==");
const request = offer.bytes.toString();
const byteByByte = (bytes: Buffer) => [...bytes].map((byte) => Buffer.of(byte));

test("two machines without I/O talk and close", () => {
  expect(demo()).toEqual([
    "server got hello",
    "server got 3 bytes",
    "server ended: 1000 that was all, clean",
    "client ended: 1000 that was all, clean",
  ]);
});

test("a handshake in any pieces has one answer", () => {
  const whole = answer([Buffer.from(request)]);
  expect(whole).toContain("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  expect(whole).toContain("\r\nSec-WebSocket-Protocol: chat.v1\r\n");
  expect(answer(byteByByte(Buffer.from(request)))).toBe(whole);
  expect(answer([Buffer.from(request.slice(0, -1))])).toBeUndefined();
});

test("what is wrong is answered with its rule's status", () => {
  const wrong = (from: string, to: string) => answer([Buffer.from(request.replace(from, to))])?.slice(9, 12);
  expect(wrong("GET", "POST")).toBe("405");
  expect(wrong("Version: 13", "Version: 8")).toBe("426");
  expect(wrong("Host: example.org", "Host: a b")).toBe("400");
  expect(wrong("Host: example.org", "Host: example.org\r\nOrigin: https://evil.example")).toBe("403");
});

test("client and server come to terms, in any pieces", () => {
  const whole = Buffer.from(answer([offer.bytes]) ?? "");
  for (const chunks of [[whole], byteByByte(whole)]) {
    expect(outcome(offer, chunks)).toBe("connected, speaking chat.v1");
  }
  expect(outcome(offer, [whole.subarray(0, -1)])).toBeUndefined();
});

test("a client hears why it was refused, in any pieces", () => {
  const refusal = Buffer.from(answer([Buffer.from(request.replace("Version: 13", "Version: 8"))]) ?? "");
  for (const chunks of [[refusal], byteByByte(refusal)]) {
    expect(outcome(offer, chunks)).toMatch(/^refused: .*13/);
  }
  expect(outcome(offer, [refusal.subarray(0, -1)])).toBeUndefined();
});

test("a client hears which rule a server broke", () => {
  const other = ask("ws://example.org/chat");
  const wrong = Buffer.from(answer([offer.bytes]) ?? "");
  expect(outcome(other, [wrong])).toBe("no WebSocket: wrong Sec-WebSocket-Accept in the answer");
  expect(outcome(other, [Buffer.from("SSH-2.0")])).toMatch(/^no WebSocket: bad response head/);
});
