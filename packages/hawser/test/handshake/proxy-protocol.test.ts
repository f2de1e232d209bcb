import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HandshakeError } from "../../src/handshake/handshake-error.ts";
import { type ProxyHeader, ProxyHeaderReader } from "../../src/handshake/proxy-protocol.ts";
import { refusalOf } from "./support.ts";

function read(...pieces: Buffer[]): ProxyHeader | undefined {
  const reader = new ProxyHeaderReader();
  for (const piece of pieces) {
    const header = reader.read(piece);
    if (header !== undefined) return header;
  }
  return undefined;
}

const latin1 = (text: string) => Buffer.from(text, "latin1");
const bytewise = (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.from([byte]));
const nobody = { remoteAddress: undefined, remotePort: undefined, secure: undefined };

const signature = "0d0a0d0a000d0a515549540a";
/** A header of version 2: version and command, family and transport, and the rest in hex. */
function binary(command: number, family: number, rest: string, length = rest.length / 2): Buffer {
  const head = Buffer.from([command, family, length >> 8, length & 0xff]);
  return Buffer.concat([Buffer.from(signature, "hex"), head, Buffer.from(rest, "hex")]);
}
const ipv4 = "c0000201c6336401" + "1f90" + "0050"; // 192.0.2.1:8080 to 198.51.100.1:80
const ipv6 = "20010db8000000000000000000000001" + "20010db8000000000000000000000002" + "1f900050";

describe("PROXY protocol, version 1", () => {
  it.each([
    ["PROXY TCP4 192.0.2.1 198.51.100.1 8080 80", "192.0.2.1", 8080],
    ["PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535", "255.255.255.255", 65_535],
    ["PROXY TCP6 2001:db8::1 ::1 0 443", "2001:db8::1", 0],
    ["PROXY UNKNOWN", undefined, undefined],
    ["PROXY UNKNOWN whatever \0 this is", undefined, undefined],
  ])("%j", (line, remoteAddress, remotePort) => {
    const header = read(latin1(`${line}\r\nGET /`));
    expect(header).toMatchObject({ remoteAddress, remotePort });
    expect(header?.rest.toString()).toBe("GET /");
  });

  it("gives the same byte by byte", () => {
    const header = read(...bytewise(latin1("PROXY TCP4 192.0.2.1 198.51.100.1 8080 80\r\n")));
    expect(header).toMatchObject({ remoteAddress: "192.0.2.1", remotePort: 8080, rest: Buffer.alloc(0) });
  });

  it.each([
    "PROXY ",
    "PROXY TCP4",
    "PROXY TCP5 192.0.2.1 198.51.100.1 1 2",
    "PROXY tcp4 192.0.2.1 198.51.100.1 1 2",
    "PROXY TCP4 2001:db8::1 ::1 1 2",
    "PROXY TCP6 192.0.2.1 198.51.100.1 1 2",
    "PROXY TCP4 192.0.2.1 rubbish 1 2",
    "PROXY TCP4  192.0.2.1 198.51.100.1 1 2",
    "PROXY TCP4 192.0.2.1 198.51.100.1 1",
    "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 ",
    "PROXY TCP4 192.0.2.1 198.51.100.1 01 2",
    "PROXY TCP4 192.0.2.1 198.51.100.1 65536 2",
    "PROXY TCP4 192.0.2.1 198.51.100.1 1 65536",
    "PROXY TCP4 192.0.2.1 198.51.100.1 -1 2",
    "PROXY UNKNOWNS",
    "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n",
  ])("%j → 400", (line) => {
    expect(refusalOf(() => read(latin1(`${line}\r\n`)))).toMatchObject({
      status: 400,
      rule: "PROXY protocol §2.1",
    });
  });

  it("takes a line of 107 bytes, and refuses one that is longer as soon as it is", () => {
    const longest = `PROXY UNKNOWN ${"x".repeat(91)}\r\n`;
    expect(longest).toHaveLength(107);
    expect(read(latin1(longest))).toMatchObject(nobody);
    expect(refusalOf(() => read(latin1(`PROXY UNKNOWN ${"x".repeat(93)}`))).message).toContain(
      "over 107 bytes",
    );
    expect(read(latin1(`PROXY UNKNOWN ${"x".repeat(92)}`))).toBeUndefined();
  });
});

describe("PROXY protocol, version 2", () => {
  it.each([
    ["IPv4 over TCP", binary(0x21, 0x11, ipv4), "192.0.2.1", 8080],
    ["IPv6 over TCP", binary(0x21, 0x21, ipv6), "2001:db8::1", 8080],
    ["additions behind the addresses", binary(0x21, 0x11, `${ipv4}0400021234`), "192.0.2.1", 8080],
    ["LOCAL", binary(0x20, 0x11, ipv4), undefined, undefined],
    ["LOCAL without anything", binary(0x20, 0x00, ""), undefined, undefined],
    ["no family", binary(0x21, 0x00, ""), undefined, undefined],
    ["IPv4 over UDP", binary(0x21, 0x12, ipv4), undefined, undefined],
    ["Unix", binary(0x21, 0x31, "61".repeat(216)), undefined, undefined],
    ["4096 bytes", binary(0x21, 0x11, ipv4 + "00".repeat(4084)), "192.0.2.1", 8080],
  ])("%s", (_, bytes, remoteAddress, remotePort) => {
    const header = read(Buffer.concat([bytes, latin1("GET /")]));
    expect(header).toMatchObject({ remoteAddress, remotePort });
    expect(header?.rest.toString()).toBe("GET /");
  });

  it.each([
    ["TLS", "20000501ffffffff", true],
    ["TLS behind something else", "040002123420000501ffffffff", true],
    ["TLS with more that is said of it", "20000f0500000000210007544c53", true],
    ["no TLS", "20000500ffffffff", false],
    ["nothing", "", undefined],
    ["something else", "0400021234", undefined],
    ["a piece of no bytes", "200000", undefined],
    ["a piece of no bytes, and then TLS", "20000020000501ffffffff", true],
    ["a piece that is cut", "2000", undefined],
    ["a length beyond the end", "04ffff12", undefined],
  ])("tells of %s", (_, pieces, secure) => {
    expect(read(binary(0x21, 0x11, ipv4 + pieces))).toMatchObject({ remoteAddress: "192.0.2.1", secure });
    expect(read(binary(0x21, 0x21, ipv6 + pieces))).toMatchObject({ remoteAddress: "2001:db8::1", secure });
  });

  it("gives the same byte by byte", () => {
    expect(read(...bytewise(binary(0x21, 0x21, ipv6)))).toMatchObject({
      remoteAddress: "2001:db8::1",
      remotePort: 8080,
    });
  });

  it.each([
    ["version 1", binary(0x11, 0x11, ipv4)],
    ["version 3", binary(0x31, 0x11, ipv4)],
    ["an unknown command", binary(0x22, 0x11, ipv4)],
    ["an unknown family", binary(0x21, 0x41, ipv4)],
    ["an unknown transport", binary(0x21, 0x13, ipv4)],
    ["too few bytes for IPv4", binary(0x21, 0x11, ipv4.slice(2))],
    ["too few bytes for IPv6", binary(0x21, 0x21, ipv4)],
    ["a length over 4096, before the rest has come", binary(0x21, 0x11, "", 4097)],
  ])("%s → 400", (_, bytes) => {
    expect(refusalOf(() => read(bytes))).toMatchObject({ status: 400, rule: "PROXY protocol §2.2" });
  });
});

describe("anything else", () => {
  it.each(["G", "GET / HTTP/1.1\r\n", "PROXy ", "proxy", "\r\n\r\n\0\r\nQUIX", "\x16\x03\x01", "\0"])(
    "%j → 400 at its first wrong byte",
    (text) => {
      const first = text
        .split("")
        .findIndex(
          (_, at) =>
            !["PROXY ", "\r\n\r\n\0\r\nQUIT\n"].some((start) => start.startsWith(text.slice(0, at + 1))),
        );
      expect(read(latin1(text.slice(0, first)))).toBeUndefined();
      expect(refusalOf(() => read(latin1(text.slice(0, first + 1))))).toMatchObject({
        status: 400,
        rule: "PROXY protocol §2",
      });
    },
  );

  it("waits for the first byte", () => {
    expect(read(Buffer.alloc(0))).toBeUndefined();
  });

  it("gives a header or throws a HandshakeError, whatever comes", () => {
    const start = fc.constantFrom(
      latin1("PROXY "),
      latin1("PROXY TCP4 "),
      Buffer.from(signature, "hex"),
      Buffer.from(`${signature}2111000c`, "hex"),
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (first, bytes) => {
        try {
          read(first, Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(HandshakeError);
        }
      }),
    );
  });
});
