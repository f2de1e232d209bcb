import { describe, expect, it } from "vitest";
import { headerLines } from "../../src/handshake/header-fields.ts";
import { HeaderList } from "../../src/handshake/header-list.ts";

describe("header lines as an application writes them", () => {
  const lines = [
    ["X-A", "1"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
  ];

  it("may be a record, in which an array makes several lines", () => {
    expect(headerLines({ "X-A": "1", "Set-Cookie": ["a=1", "b=2"], "X-None": [] })).toEqual(lines);
  });

  it("may be pairs: an array, a HeaderList, a Map, a Headers", () => {
    const pairs = [
      ["X-A", "1"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ] as const;
    expect(headerLines(pairs)).toEqual(lines);
    expect(headerLines(new HeaderList(pairs))).toEqual(lines);
    expect(headerLines(new Map([["X-A", "1"]]))).toEqual([["X-A", "1"]]);
    expect(headerLines(new Headers({ "X-A": "1" }))).toEqual([["x-a", "1"]]);
  });

  it("may be absent", () => {
    expect(headerLines(undefined)).toEqual([]);
  });

  it.each([
    ["no object", "X-A: 1", /^headers must be an object or pairs .*, not the string "X-A: 1"$/],
    ["null", null, /not null$/],
    ["a number as value", { "X-A": 1 }, /^the value of the header "X-A" must be a string, not the number 1$/],
    ["undefined as value", { "X-A": undefined }, /not undefined$/],
    ["a number in an array", { "X-A": ["1", 2] }, /not the number 2$/],
    ["strings for pairs", ["X-A", "1"], /^headers must hold pairs .*, not the string "X-A"$/],
    ["a name that is no string", [[1, "1"]], /^headers must hold pairs/],
    ["a pair without a value", [["X-A"]], /^the value of the header "X-A" must be a string, not undefined$/],
  ])("%s → TypeError", (_, given: any, message) => {
    expect(() => headerLines(given)).toThrow(TypeError);
    expect(() => headerLines(given)).toThrow(message);
  });
});
