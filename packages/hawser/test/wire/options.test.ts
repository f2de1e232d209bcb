// Options: wrong names and wrong values are told apart at once.
import { describe, expect, test } from "vitest";
import { checkBoolean, checkNames, checkOneOf } from "../../src/wire/options.ts";

describe("checkNames", () => {
  test("lets no options, and known names, pass", () => {
    expect(() => checkNames("serve()", undefined, ["port"])).not.toThrow();
    expect(() => checkNames("serve()", {}, ["port"])).not.toThrow();
    expect(() => checkNames("serve()", { port: undefined }, ["port"])).not.toThrow();
  });

  test("names what there is in place of what there is not", () => {
    const attempt = () => checkNames("serve()", { port: 1, hots: "a" }, ["port", "host"]);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow('serve() has no option "hots"; there are port, host');
  });

  test.each([
    [null, "null"],
    [8080, "the number 8080"],
  ])("%s is no object", (given, words) => {
    const attempt = () => checkNames("serve()", given, ["port"]);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(`the options of serve() must be an object, not ${words}`);
  });
});

describe("checkOneOf", () => {
  test("gives what is allowed, or nothing", () => {
    expect(checkOneOf<string>("accepts", "text", ["text", "binary"])).toBe("text");
    expect(checkOneOf<string>("accepts", undefined, ["text", "binary"])).toBeUndefined();
  });

  test("refuses the rest", () => {
    const attempt = () => checkOneOf<unknown>("accepts", "txt", ["text", "binary", 5]);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow('accepts must be one of text, binary, 5, not the string "txt"');
  });
});

describe("checkBoolean", () => {
  test("gives what was given, or the default", () => {
    expect(checkBoolean("coupled", false, true)).toBe(false);
    expect(checkBoolean("coupled", true, false)).toBe(true);
    expect(checkBoolean("coupled", undefined, true)).toBe(true);
    expect(checkBoolean("coupled", undefined, false)).toBe(false);
  });

  test.each([0, "true", null])("refuses %o", (given) => {
    expect(() => checkBoolean("coupled", given, true)).toThrow(TypeError);
    expect(() => checkBoolean("coupled", given, true)).toThrow("coupled must be true or false, not ");
  });
});
