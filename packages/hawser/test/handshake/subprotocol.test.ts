import { describe, expect, it } from "vitest";
import { parseSubprotocols, preferredSubprotocol } from "../../src/handshake/subprotocol.ts";
import { refusalOf } from "./support.ts";

describe("Sec-WebSocket-Protocol in a request (RFC 6455 §11.3.4)", () => {
  it("is no offer if it is not there", () => {
    expect(parseSubprotocols([])).toEqual([]);
  });

  it("keeps the client's order, over several lines", () => {
    expect(parseSubprotocols(["chat.v2, chat.v1", "mqtt"])).toEqual(["chat.v2", "chat.v1", "mqtt"]);
  });

  it("takes names of objects as names: __proto__, constructor", () => {
    expect(parseSubprotocols(["__proto__, constructor"])).toEqual(["__proto__", "constructor"]);
  });

  it("tells names apart by case", () => {
    expect(parseSubprotocols(["a,A"])).toEqual(["a", "A"]);
  });

  it.each([["a,,b"], [",a, ,b\t,"], ["a,", "", "b"]])("H42: ignores empty members: %j", (...lines) => {
    expect(parseSubprotocols(lines)).toEqual(["a", "b"]);
  });

  it.each(["", " ", ",", " , ,", "a b", "a(b", "(", "a;b", 'a"', "h\u00e9"])("H42: %j → 400", (line) => {
    expect(refusalOf(() => parseSubprotocols([line]))).toMatchObject({
      status: 400,
      rule: "RFC 6455 §4.1(10)",
    });
  });

  it.each([[["a, b, a"]], [["a", "a"]]])("H43: twice the same → 400: %j", (lines) => {
    expect(refusalOf(() => parseSubprotocols(lines))).toMatchObject({
      status: 400,
      rule: "RFC 6455 §4.1(10)",
    });
  });

  it("H44: 15,000 spaces inside a name → 400, in linear time: two million take no longer than the test may", () => {
    expect(refusalOf(() => parseSubprotocols([`b${" ".repeat(15_000)}x`])).status).toBe(400);
    expect(refusalOf(() => parseSubprotocols([`b${" ".repeat(2_000_000)}x`])).status).toBe(400);
    expect(
      parseSubprotocols([Array.from({ length: 100_000 }, (_, index) => `p${index}`).join(",")]),
    ).toHaveLength(100_000);
  });
});

describe("the choice of a server (RFC 6455 §4.2.2(5))", () => {
  it.each([
    [["b", "a"], ["a", "b"], "b"],
    [["c", "a"], ["a", "b"], "a"],
    [["c"], ["a", "b"], undefined],
    [["A"], ["a"], undefined],
    [[], ["a"], undefined],
    [["a"], [], undefined],
  ])("of %j, with %j offered, is %j", (ours, offered, chosen) => {
    expect(preferredSubprotocol(ours, offered)).toBe(chosen);
  });
});
