// examples/codec.ts and examples/handshake.ts
import { expect, test } from "vitest";
import { demo } from "../../../../examples/codec.ts";
import { answer, request } from "../../../../examples/handshake.ts";

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
  // The key and the answer are those of RFC 6455 §1.3.
  expect(whole).toContain("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  expect(whole).toContain("\r\nSec-WebSocket-Protocol: chat.v1\r\n");
  expect(answer([...Buffer.from(request)].map((byte) => Buffer.of(byte)))).toBe(whole);
  expect(answer([Buffer.from(request.slice(0, -1))])).toBeUndefined();
});

test("what is wrong is answered with its rule's status", () => {
  const wrong = (from: string, to: string) => answer([Buffer.from(request.replace(from, to))])?.slice(9, 12);
  expect(wrong("GET", "POST")).toBe("405");
  expect(wrong("Version: 13", "Version: 8")).toBe("426");
  expect(wrong("Host: example.org", "Host: a b")).toBe("400");
  expect(wrong("Host: example.org", "Host: example.org\r\nOrigin: https://evil.example")).toBe("403");
});
