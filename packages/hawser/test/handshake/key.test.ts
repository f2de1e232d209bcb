import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { acceptFor, isKey } from "../../src/handshake/key.ts";
import { sampleAccept, sampleKey } from "./support.ts";

describe("Sec-WebSocket-Key (RFC 6455 §4.2.1(5))", () => {
  it.each([sampleKey, "AQIDBAUGBwgJCgsMDQ4PEA==", "+/+/+/+/+/+/+/+/+/+/+w=="])(
    "%s is sixteen bytes",
    (key) => {
      expect(isKey(key)).toBe(true);
      expect(Buffer.from(key, "base64")).toHaveLength(16);
    },
  );

  it("H10: a key that is not canonical base64 is accepted: dGhlIHNhbXBsZSBub25jZR==", () => {
    expect(isKey("dGhlIHNhbXBsZSBub25jZR==")).toBe(true);
  });

  it.each([
    ["22 characters without padding", "dGhlIHNhbXBsZSBub25jZQ"],
    ["3 bytes", "AQID"],
    ["15 bytes", "AQIDBAUGBwgJCgsMDQ4P"],
    ["17 bytes", "AQIDBAUGBwgJCgsMDQ4PEBE="],
    ["18 bytes", "AQIDBAUGBwgJCgsMDQ4PEBES"],
    ["nothing", ""],
    ["two keys", `${sampleKey}, ${sampleKey}`],
    ["the alphabet of URLs", "-_-_-_-_-_-_-_-_-_-_-w=="],
    ["a space inside", "dGhlIHNhbXBs SBub25jZQ=="],
    ["a line end behind it", `${sampleKey}\n`],
  ])("H9: %s → no key", (_, key) => {
    expect(isKey(key)).toBe(false);
  });
});

describe("Sec-WebSocket-Accept (RFC 6455 §4.2.2(5.4))", () => {
  it("is that of the example in §1.3", () => {
    expect(acceptFor(sampleKey)).toBe(sampleAccept);
  });

  it("H10: is made from the text of the key, not from its bytes", () => {
    expect(acceptFor("dGhlIHNhbXBsZSBub25jZR==")).not.toBe(sampleAccept);
  });
});
