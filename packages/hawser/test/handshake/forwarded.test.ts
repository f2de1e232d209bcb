import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ForwardedFamily, forwardedClient } from "../../src/handshake/forwarded.ts";
import { HeaderList } from "../../src/handshake/header-list.ts";

// Proxies of ours are in 10.0.0.0/8, and at ::10.
const trusted = (address: string) => address.startsWith("10.") || address === "::10";
const client = (family: ForwardedFamily, ...lines: [string, string][]) =>
  forwardedClient({ headers: new HeaderList(lines), family, trusted });
const nobody = { remoteAddress: undefined, proto: undefined, host: undefined };

describe("Forwarded (RFC 7239)", () => {
  const forwarded = (...values: string[]) =>
    client("forwarded", ...values.map((value): [string, string] => ["Forwarded", value]));

  it("names the client, its scheme and the host it asked for", () => {
    expect(forwarded("for=192.0.2.1;proto=https;host=example.org:8443;by=10.0.0.1")).toEqual({
      remoteAddress: "192.0.2.1",
      proto: "https",
      host: "example.org:8443",
    });
  });

  it("says nothing if it is not there, or empty", () => {
    expect(forwarded()).toEqual(nobody);
    expect(forwarded("")).toEqual(nobody);
    expect(forwarded(" , ")).toEqual(nobody);
  });

  it("is walked from the right over trusted proxies to the first that is not one", () => {
    const chain =
      "for=198.51.100.9;proto=http, for=192.0.2.1;proto=https;host=a, for=10.0.0.2;proto=http;host=b";
    expect(forwarded(chain)).toEqual({ remoteAddress: "192.0.2.1", proto: "https", host: "a" });
    expect(forwarded("for=198.51.100.9", "for=192.0.2.1")).toMatchObject({ remoteAddress: "192.0.2.1" });
  });

  it("ends at the left if all are trusted", () => {
    expect(forwarded("for=10.0.0.9;host=c,for=10.0.0.2")).toEqual({
      remoteAddress: "10.0.0.9",
      proto: undefined,
      host: "c",
    });
  });

  it.each([
    ['"192.0.2.1:4711"', "192.0.2.1"],
    ['"[2001:db8::1]"', "2001:db8::1"],
    ['"[2001:DB8::1]:4711"', "2001:db8::1"],
    ['"2001:db8::1"', "2001:db8::1"],
    ["[2001:db8::1]:4711", "2001:db8::1"],
    ["192.0.2.1:4711", "192.0.2.1"],
    ["unknown", undefined],
    ["_hidden", undefined],
    ['""', undefined],
    ["999.0.2.1", undefined],
    ['"192.0.2.1:99999"', undefined],
    ['"[::1"', undefined],
  ])("for=%s", (node, remoteAddress) => {
    expect(forwarded(`for=${node};proto=https`)).toEqual({ remoteAddress, proto: "https", host: undefined });
  });

  it("stops at a client that has no address", () => {
    expect(forwarded("for=192.0.2.1;host=a, for=unknown;host=b, for=10.0.0.1;host=c")).toMatchObject({
      remoteAddress: undefined,
      host: "b",
    });
    expect(forwarded("for=192.0.2.1, proto=https")).toEqual({ ...nobody, proto: "https" });
  });

  it("has names in any case, optional spaces, and empty members", () => {
    expect(forwarded("FOR=192.0.2.1 ; Proto=HTTPS;, ,")).toEqual({
      remoteAddress: "192.0.2.1",
      proto: "https",
      host: undefined,
    });
  });

  it("takes commas and semicolons in quotes as they are", () => {
    expect(forwarded('for=198.51.100.9, for=192.0.2.1;secret="a,b;c=d, for=10.0.0.1"')).toMatchObject({
      remoteAddress: "192.0.2.1",
    });
  });

  it.each([
    "rubbish",
    "for",
    "for=",
    "=a",
    "for=a b",
    'for="a',
    "for=10.0.0.1;for=10.0.0.2",
    'for="10.0.0.\\1"',
    "for=10.0.0.1 x",
  ])("a malformed piece stops the walk, and the last good one counts: %s", (piece) => {
    expect(forwarded(piece)).toEqual(nobody);
    expect(forwarded(`for=192.0.2.1, ${piece}, for=10.0.0.3;host=c`)).toEqual({
      remoteAddress: "10.0.0.3",
      proto: undefined,
      host: "c",
    });
  });

  it("a quote that the client left open swallows nothing of what our proxies added", () => {
    expect(forwarded('for="', "for=192.0.2.1")).toMatchObject({ remoteAddress: "192.0.2.1" });
    expect(forwarded('for="x', 'for="192.0.2.1:1"')).toMatchObject({ remoteAddress: "192.0.2.1" });
  });

  it.each(["ftp", "", "https:"])("a scheme that we do not know is none: %j", (proto) => {
    expect(forwarded(`for=192.0.2.1;proto="${proto}"`).proto).toBeUndefined();
  });

  it("a host that is none is none", () => {
    expect(forwarded('for=192.0.2.1;host="a b"').host).toBeUndefined();
  });
});

describe("X-Forwarded-For, -Proto, -Host", () => {
  const xForwarded = (addresses: string | undefined, proto?: string, host?: string) =>
    client(
      "x-forwarded",
      ...Object.entries({
        "X-Forwarded-For": addresses,
        "X-Forwarded-Proto": proto,
        "X-Forwarded-Host": host,
      }).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
    );

  it("name the client, its scheme and the host it asked for", () => {
    expect(xForwarded("192.0.2.1", "https", "example.org")).toEqual({
      remoteAddress: "192.0.2.1",
      proto: "https",
      host: "example.org",
    });
  });

  it("say nothing if they are not there", () => {
    expect(xForwarded(undefined)).toEqual(nobody);
  });

  it("are walked from the right over trusted proxies to the first that is not one", () => {
    expect(xForwarded("198.51.100.9, 192.0.2.1, 10.0.0.2, ::10").remoteAddress).toBe("192.0.2.1");
    expect(xForwarded("10.0.0.9, 10.0.0.2").remoteAddress).toBe("10.0.0.9");
  });

  it.each([
    ["192.0.2.1:4711", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::1"],
    ["[2001:db8::1]:4711", "2001:db8::1"],
    ["unknown", undefined],
    ["192.0.2.1 x", undefined],
  ])("have addresses with and without ports: %s", (address, remoteAddress) => {
    expect(xForwarded(address).remoteAddress).toBe(remoteAddress);
  });

  it("a malformed address stops the walk, and the last good one counts", () => {
    expect(xForwarded("192.0.2.1, rubbish, 10.0.0.2").remoteAddress).toBe("10.0.0.2");
  });

  it("run parallel if they are equally long", () => {
    expect(xForwarded("198.51.100.9, 192.0.2.1, 10.0.0.2", "http, https, http", "x, a, b")).toEqual({
      remoteAddress: "192.0.2.1",
      proto: "https",
      host: "a",
    });
  });

  it("otherwise the last scheme and host count: the only ones that are sure to come from the proxy next to us", () => {
    expect(xForwarded("192.0.2.1, 10.0.0.2", "https", "a")).toMatchObject({ proto: "https", host: "a" });
    expect(xForwarded("192.0.2.1", "http, https", "x, a")).toMatchObject({ proto: "https", host: "a" });
    expect(xForwarded(undefined, "https", "a")).toEqual({
      remoteAddress: undefined,
      proto: "https",
      host: "a",
    });
    expect(xForwarded("rubbish", "https")).toEqual({ ...nobody, proto: "https" });
  });

  it("may name the scheme of the WebSocket URL", () => {
    expect(xForwarded("192.0.2.1", "wss").proto).toBe("https");
    expect(xForwarded("192.0.2.1", "WS").proto).toBe("http");
  });
});

describe("both families", () => {
  it("each is looked at only where it was asked for: the other comes from the client", () => {
    const lines: [string, string][] = [
      ["Forwarded", "for=192.0.2.1"],
      ["X-Forwarded-For", "198.51.100.9"],
    ];
    expect(client("forwarded", ...lines).remoteAddress).toBe("192.0.2.1");
    expect(client("x-forwarded", ...lines).remoteAddress).toBe("198.51.100.9");
  });

  it("never throw, whatever comes", () => {
    const piece = fc.constantFrom(
      "for=",
      "10.0.0.1",
      '"',
      ",",
      ";",
      "[",
      "]",
      "::10",
      ":",
      "=",
      "\\",
      " ",
      "proto=",
      "host=",
      "a",
    );
    fc.assert(
      fc.property(
        fc.array(piece),
        fc.constantFrom<ForwardedFamily>("forwarded", "x-forwarded"),
        (pieces, family) => {
          const text = pieces.join("");
          client(
            family,
            ["Forwarded", text],
            ["X-Forwarded-For", text],
            ["X-Forwarded-Proto", text],
            ["X-Forwarded-Host", text],
          );
        },
      ),
    );
  });

  it("take hostile lines in linear time, trusted to their far left", () => {
    for (const piece of [",", '"', " ", ";", "\\", "for=10.0.0.1,", "for=10.0.0.1;"]) {
      client("forwarded", ["Forwarded", `${piece.repeat(300_000)}for=10.0.0.1`]);
      client("forwarded", ["Forwarded", `for="${piece.repeat(300_000)}x`]);
      client("x-forwarded", ["X-Forwarded-For", `${piece.repeat(300_000)}x, 10.0.0.1`]);
    }
  });
});
