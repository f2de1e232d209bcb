import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HandshakeError } from "../../src/handshake/handshake-error.ts";
import { parseTarget } from "../../src/handshake/target.ts";
import { refusalOf } from "./support.ts";

describe("a request target (RFC 9112 §3.2)", () => {
  it.each([
    ["/", "/", ""],
    ["/chat?room=1&x=?", "/chat", "room=1&x=?"],
    ["/a?", "/a", ""],
    ["/?q", "/", "q"],
    ['/a|b^c`{d}\\<>"', '/a|b^c`{d}\\<>"', ""],
  ])("in origin form: %s", (target, path, query) => {
    expect(parseTarget(target)).toEqual({ path, query, authority: undefined });
  });

  it.each(["//evil.example/x", "/../../etc", "/%00", "/%", "/a//b/./", `/${"a".repeat(16_000)}`])(
    "H33: %.30s passes as it is",
    (target) => {
      expect(parseTarget(target)).toEqual({ path: target, query: "", authority: undefined });
    },
  );

  it.each([
    ["http://x/", "x", "/", ""],
    ["http://x", "x", "/", ""],
    ["HTTPS://Example.org:8443/a/b?c=/d", "Example.org:8443", "/a/b", "c=/d"],
    ["http://[::1]:80?q", "[::1]:80", "/", "q"],
    ["http://x//y", "x", "//y", ""],
  ])("H29: in absolute form: %s", (target, authority, path, query) => {
    expect(parseTarget(target)).toEqual({ path, query, authority });
  });

  it.each([
    "*",
    "example.org:80",
    "example.org",
    "a/b",
    "?q",
    "ftp://x/",
    "ws://x/",
    "http:/x",
    "http:",
    "http://",
    "http:///a",
    "http://user@x/",
    "http://x:99999/",
    "http://a b/",
  ])("H30: %j → 400", (target) => {
    expect(refusalOf(() => parseTarget(target))).toMatchObject({ status: 400, rule: "RFC 9112 §3.2" });
  });

  it.each(["/a#frag", "/#", "http://x/#a"])("H31: %s → 400", (target) => {
    expect(refusalOf(() => parseTarget(target))).toMatchObject({ status: 400, rule: "RFC 6455 §3" });
  });

  it.each(["/\u00e4", "/a b", "/\0", "/\x7f", "/\r\n", "/\u20ac", "/a\n", ""])("H32: %j → 400", (target) => {
    expect(refusalOf(() => parseTarget(target))).toMatchObject({ status: 400, rule: "RFC 9112 §3.2" });
  });

  it("H33: gives a target or throws a HandshakeError, whatever comes", () => {
    const piece = fc.constantFrom(
      "http://",
      "/",
      "?",
      "#",
      "..",
      "%",
      "%00",
      "@",
      ":",
      "[",
      "]",
      "a",
      "*",
      "\\",
      " ",
      "\u00e4",
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          expect(parseTarget(pieces.join("")).path).toMatch(/^\//);
        } catch (error) {
          expect(error).toBeInstanceOf(HandshakeError);
        }
      }),
    );
  });
});
