import { Buffer } from "node:buffer";
import { isIPv4 as nodeIsIPv4, isIPv6 as nodeIsIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatIPv4, formatIPv6, isIPv4, isIPv6 } from "../../src/handshake/ip-address.ts";

describe("IPv4", () => {
  it.each(["0.0.0.0", "127.0.0.1", "192.0.2.43", "255.255.255.255", "249.199.99.10"])("%s", (text) => {
    expect(isIPv4(text)).toBe(true);
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "01.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4\n",
    "1..2.3",
    "a.b.c.d",
    "::1",
  ])("not %j", (text) => {
    expect(isIPv4(text)).toBe(false);
  });

  it("is written in four parts", () => {
    expect(formatIPv4(Buffer.from([192, 0, 2, 1, 99]))).toBe("192.0.2.1");
  });
});

const addresses = [
  "::",
  "::1",
  "1::",
  "2001:db8::1",
  "1:2:3:4:5:6:7:8",
  "1:2:3:4:5:6:7::",
  "::2:3:4:5:6:7:8",
  "FE80::ABCD",
  "::ffff:192.0.2.1",
  "1:2:3:4:5:6:1.2.3.4",
  "::1.2.3.4",
  "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
];
const strays = [
  "",
  ":",
  ":::",
  "::::",
  "1",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::",
  "1::2::3",
  "12345::",
  "g::",
  "1:",
  ":1",
  "1::2:",
  "1.2.3.4",
  "1.2.3.4::",
  "::1.2.3.4:5",
  "::256.1.1.1",
  "::1 ",
  "[::1]",
  "1:2:3:4:5:6:7:1.2.3.4",
  `${"0".repeat(1000)}::`,
  ":".repeat(100_000),
];

describe("IPv6 (RFC 4291 §2.2)", () => {
  it.each(addresses)("%s", (text) => {
    expect(isIPv6(text)).toBe(true);
    expect(nodeIsIPv6(text)).toBe(true);
  });

  it.each(strays)("not %.30j", (text) => {
    expect(isIPv6(text)).toBe(false);
    expect(nodeIsIPv6(text)).toBe(false);
  });

  it("agrees with node:net about strings that look like addresses", () => {
    const piece = fc.constantFrom(":", "::", "0", "1", "db8", "ffff", "12345", "1.2.3.4", ".", "g");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 17 }), (pieces) => {
        const text = pieces.join("");
        expect(isIPv6(text)).toBe(nodeIsIPv6(text));
        expect(isIPv4(text)).toBe(nodeIsIPv4(text));
      }),
    );
  });

  it.each([
    ["20010db8000000000000000000000001", "2001:db8::1"],
    ["00000000000000000000000000000000", "::"],
    ["00000000000000000000000000000001", "::1"],
    ["00010000000000000000000000000000", "1::"],
    ["20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"], // RFC 5952 §4.2.2: one group alone is not shortened
    ["20010000000000010000000000000001", "2001:0:0:1::1"], // §4.2.3: the longest run
    ["20010db8000000000001000000000001", "2001:db8::1:0:0:1"], // §4.2.3: of equal ones the first
    ["00010002000300040005000600070008", "1:2:3:4:5:6:7:8"],
    ["00100000000010000000000000000a00", "10:0:0:1000::a00"],
    ["00000000000000000000ffffc0000201", "::ffff:192.0.2.1"], // §5
    ["00000000000000000000fffec0000201", "::fffe:c000:201"],
  ])("%s is written %s (RFC 5952)", (hex, text) => {
    expect(formatIPv6(Buffer.from(hex, "hex"))).toBe(text);
  });

  it("is written as an address, whatever the bytes", () => {
    const group = fc.constantFrom("0000", "0000", "0001", "0100", "abcd");
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const text = formatIPv6(Buffer.from(groups.join(""), "hex"));
        const normal = new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
        expect(isIPv6(text)).toBe(true);
        expect(text).toBe(normal);
      }),
    );
  });
});
