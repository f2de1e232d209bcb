// Errors: one class tree, stable codes, the rule that was broken, and values put into words.
import { expect, describe as group, test } from "vitest";
import {
  describe,
  HawserError,
  LimitError,
  ProtocolError,
  UnsupportedError,
  type Violation,
  violations,
} from "../../src/wire/errors.ts";

const names = Object.keys(violations) as Violation[];

group("ProtocolError", () => {
  test.each(names)("of %s carries its row of the table", (violation) => {
    const error = new ProtocolError(violation);
    const row = violations[violation];
    expect(error).toBeInstanceOf(HawserError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "ProtocolError",
      code: "ERR_HAWSER_PROTOCOL",
      violation,
      closeCode: row.closeCode,
      rule: row.rule,
      message: row.text,
    });
    expect(error).not.toHaveProperty("cause");
  });

  test("says more where there is more to say", () => {
    expect(new ProtocolError("reserved-opcode", "3").message).toBe("the opcode is reserved: 3");
  });

  test.each(names)(
    "%s earns a close code of RFC 6455 §7.4.1 and names its section, or its draft",
    (violation) => {
      const codes: Partial<Record<Violation, number>> = {
        "invalid-utf8": 1007,
        "invalid-deflate": 1007,
        "unaccepted-kind": 1003,
      };
      expect(violations[violation].closeCode).toBe(codes[violation] ?? 1002);
      expect(violations[violation].rule).toMatch(
        /^(?:RFC (?:6455|7692) §\d|draft-hixie-thewebsocketprotocol-76$)/,
      );
    },
  );

  test.each(names)("%s fits a close frame (RFC 6455 §5.5)", (violation) => {
    expect(Buffer.byteLength(violations[violation].text)).toBeLessThanOrEqual(123);
  });
});

group("LimitError", () => {
  test("names the option that set the limit", () => {
    const error = new LimitError("timeouts.pong", 1011, "too late");
    expect(error).toBeInstanceOf(HawserError);
    expect(error).toMatchObject({
      name: "LimitError",
      code: "ERR_HAWSER_LIMIT",
      limit: "timeouts.pong",
      closeCode: 1011,
      message: "too late",
      rule: undefined,
    });
  });

  test("names the rule where the RFC has one", () => {
    expect(new LimitError("limits.message", 1009, "too big").rule).toBe("RFC 6455 §7.4.1");
  });
});

group("HawserError", () => {
  test("chains its cause", () => {
    const cause = new Error("below");
    const error = new UnsupportedError("no such thing", { cause, rule: "a rule" });
    expect(error).toMatchObject({ name: "UnsupportedError", code: "ERR_HAWSER_UNSUPPORTED", rule: "a rule" });
    expect(error.cause).toBe(cause);
  });

  test("has no cause and no rule where none was given", () => {
    const error = new UnsupportedError("no such thing");
    expect("cause" in error).toBe(false);
    expect(error.rule).toBeUndefined();
  });
});

class Ship {}

group("describe", () => {
  test.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ['the string "abc"', "abc"],
    ['the string "a \\"b\\"\\n"', 'a "b"\n'],
    [`the string "${"x".repeat(64)}"`, "x".repeat(64)],
    [`the string "${"x".repeat(64)}…"`, "x".repeat(65)],
    ["the number 7", 7],
    ["the number NaN", Number.NaN],
    ["the bigint 7", 7n],
    ["the boolean false", false],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["an object", {}],
    ["an object", Object.create(null)],
    ["an object", Object.create(Object.create(null))],
    ["an instance of Array", []],
    ["an instance of Ship", new Ship()],
  ])("%s", (words, value) => {
    expect(describe(value)).toBe(words);
  });

  test("an object whose `constructor` is data", () => {
    expect(describe({ constructor: undefined })).toBe("an object");
    expect(describe({ constructor: { name: "Ship" } })).toBe("an object");
  });
});
