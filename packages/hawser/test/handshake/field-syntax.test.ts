import { describe, expect, it } from "vitest";
import { isToken, listHas, listMembers, quote, trimOws } from "../../src/handshake/field-syntax.ts";

describe("tokens (RFC 9110 §5.6.2)", () => {
  it.each(["GET", "Sec-WebSocket-Key", "!#$%&'*+-.^_`|~09azAZ"])("%s is one", (text) => {
    expect(isToken(text)).toBe(true);
  });

  it.each([
    "",
    " ",
    "a b",
    "a\tb",
    "a,b",
    "a;b",
    "a=b",
    "a/b",
    "a:b",
    "(a)",
    "<a>",
    "a@b",
    "[a]",
    "{a}",
    "a\\b",
    'a"b',
    "a?b",
    "é",
    "a\n",
    "\0",
    "\x7f",
  ])("%j is none", (text) => {
    expect(isToken(text)).toBe(false);
  });
});

describe("optional whitespace (RFC 9110 §5.6.3)", () => {
  it("is spaces and tabs around a value", () => {
    expect(trimOws(" \t a b\t ")).toBe("a b");
    expect(trimOws(" \t ")).toBe("");
    expect(trimOws("")).toBe("");
  });

  it("is nothing else: U+00A0 is an obs-text byte, and String.trim would take it", () => {
    expect(trimOws("\u00a0a\u00a0")).toBe("\u00a0a\u00a0");
    expect(trimOws("\va\f")).toBe("\va\f");
  });
});

describe("comma lists (RFC 9110 §5.6.1)", () => {
  it("lose the whitespace around their members, and empty members", () => {
    expect(listMembers(" a ,\tb,, c d ,")).toEqual(["a", "b", "c d"]);
    expect(listMembers(" , ")).toEqual([]);
  });

  it("have a member in any case, and only whole members", () => {
    expect(listHas("keep-alive, UPGRADE", "upgrade")).toBe(true);
    expect(listHas("upgraded, x-upgrade", "upgrade")).toBe(false);
  });
});

describe("quoting a peer's text", () => {
  it("puts it in double quotes and escapes all but printable ASCII, C1 controls included", () => {
    expect(quote("a b")).toBe('"a b"');
    expect(quote('"\\')).toBe('"\\"\\\\"');
    expect(quote("\r\n\x1b[2J\x7f\x9b\u00e9\u20ac")).toBe('"\\r\\n\\u001b[2J\\u007f\\u009b\\u00e9\\u20ac"');
  });

  it("keeps 64 characters", () => {
    expect(quote("x".repeat(64))).toBe(`"${"x".repeat(64)}"`);
    expect(quote("x".repeat(65))).toBe(`"${"x".repeat(64)}..."`);
  });
});
