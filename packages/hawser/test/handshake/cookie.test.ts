import { describe, expect, it } from "vitest";
import { parseCookies } from "../../src/handshake/cookie.ts";
import { HeaderList } from "../../src/handshake/header-list.ts";

const cookies = (...lines: string[]) => ({
  ...parseCookies(new HeaderList(lines.map((line) => ["cookie", line]))),
});

describe("the Cookie header (RFC 6265 §4.2)", () => {
  it("has pairs of names and values", () => {
    expect(cookies("user=anna; theme=dark;x = y ")).toEqual({ user: "anna", theme: "dark", x: "y" });
    expect(cookies()).toEqual({});
  });

  it("may come in several lines (RFC 9113 §8.2.3)", () => {
    expect(cookies("a=1", "b=2; a=3")).toEqual({ a: "1", b: "2" });
  });

  it("keeps the first of two of one name, also if it is empty", () => {
    expect(cookies("a=1; a=2; b=; b=2")).toEqual({ a: "1", b: "" });
  });

  it("keeps equals signs in values", () => {
    expect(cookies("a=b=c==")).toEqual({ a: "b=c==" });
  });

  it("strips double quotes that come in a pair", () => {
    expect(cookies('a="b c"; d="; e="f; g=""; h=i"')).toEqual({ a: "b c", d: '"', e: '"f', g: "", h: 'i"' });
  });

  it("decodes percent escapes, and leaves a value with a malformed one as it is", () => {
    expect(cookies("a=%E4%BD%A0%20; b=%; c=%zz%20; d=%ff; e=%22")).toEqual({
      a: "你 ",
      b: "%",
      c: "%zz%20",
      d: "%ff",
      e: '"',
    });
  });

  it("ignores what is no pair, and pairs without a name", () => {
    expect(cookies("a; =b; ; =;;c=d")).toEqual({ c: "d" });
  });

  it("has no prototype, so that any name is a name", () => {
    const parsed = parseCookies(new HeaderList([["Cookie", "__proto__=1; constructor=2"]]));
    expect(Object.getPrototypeOf(parsed)).toBeNull();
    expect(Object.entries(parsed)).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
    expect(parsed["toString"]).toBeUndefined();
  });

  it("takes hostile lines in linear time", () => {
    for (const piece of [" ", ";", "=", "%", '"', "a=1;", "%zz"]) cookies(`a=${piece.repeat(500_000)}x`);
  });
});
