// Close codes and the body of a close frame (RFC 6455 §5.5.1, §7.4).
import { describe, expect, test } from "vitest";
import { ProtocolError } from "../../../src/wire/errors.ts";
import {
  checkClose,
  fitReason,
  mayTravel,
  parseClose,
  printClose,
} from "../../../src/wire/rfc6455/close-code.ts";
import { bytes } from "../../support/bytes.ts";

/** RFC 6455 §7.4.1 and the IANA registry, by hand. */
const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];

describe("mayTravel", () => {
  test("knows every 16-bit code", () => {
    const travelling: number[] = [];
    for (let code = 0; code <= 0xffff; code += 1) if (mayTravel(code)) travelling.push(code);
    const free = Array.from({ length: 2000 }, (_, index) => 3000 + index);
    expect(travelling).toEqual([...registered, ...free]);
  });

  test.each([Number.NaN, -1000, Number.POSITIVE_INFINITY])("%s is no code", (code) => {
    expect(mayTravel(code)).toBe(false);
  });
});

describe("checkClose", () => {
  test.each([...registered, 3000, 4999])("lets %i pass", (code) => {
    expect(() => checkClose(code, "why")).not.toThrow();
  });

  test("lets no code pass, without a reason", () => {
    expect(() => checkClose(undefined, "")).not.toThrow();
    expect(() => checkClose(undefined, "why")).toThrow(RangeError);
    expect(() => checkClose(undefined, "why")).toThrow("a close reason needs a close code before it");
  });

  test.each([0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535, 1000.5, Number.NaN])(
    "refuses %d",
    (code) => {
      expect(() => checkClose(code, "")).toThrow(RangeError);
      expect(() => checkClose(code, "")).toThrow(`close code ${code} may not be sent`);
    },
  );

  test.each(["1000", null, 1000n, {}])("refuses %s as a code", (code) => {
    expect(() => checkClose(code, "")).toThrow(TypeError);
    expect(() => checkClose(code, "")).toThrow("a close code must be a number, not ");
  });

  test.each([new Uint8Array(4), { length: 4 }, 5, undefined, null])(
    "refuses %s as a reason (C17)",
    (reason) => {
      expect(() => checkClose(1000, reason)).toThrow(TypeError);
      expect(() => checkClose(1000, reason)).toThrow("a close reason must be a string, not ");
    },
  );

  test("counts the bytes of a reason, not its characters", () => {
    expect(() => checkClose(1000, "x".repeat(123))).not.toThrow();
    expect(() => checkClose(1000, "é".repeat(61))).not.toThrow();
    expect(() => checkClose(1000, "x".repeat(124))).toThrow(RangeError);
    expect(() => checkClose(1000, "é".repeat(62))).toThrow("at most 123 bytes of UTF-8, not 124");
  });
});

describe("fitReason", () => {
  test("leaves alone what fits", () => {
    expect(fitReason("")).toBe("");
    expect(fitReason("x".repeat(123))).toBe("x".repeat(123));
    expect(fitReason("é".repeat(61))).toBe("é".repeat(61));
  });

  test("cuts what does not, and says so", () => {
    expect(fitReason("x".repeat(124))).toBe(`${"x".repeat(120)}…`);
    expect(fitReason("x".repeat(5000))).toBe(`${"x".repeat(120)}…`);
    expect(fitReason("é".repeat(62))).toBe(`${"é".repeat(60)}…`);
    expect(fitReason("水".repeat(42))).toBe(`${"水".repeat(40)}…`);
  });

  test.each([0, 1, 2, 3])("never cuts a character of two halves (after %i bytes)", (before) => {
    const cut = fitReason("x".repeat(before) + "😀".repeat(40));
    expect(cut).toMatch(/^x*(?:😀)+…$/u);
    expect(Buffer.from(cut).toString()).toBe(cut);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(123);
    expect(Buffer.byteLength(cut)).toBeGreaterThan(115);
  });
});

describe("printClose and parseClose", () => {
  test("an empty body is no code, which is 1005 (RFC 6455 §7.1.5)", () => {
    expect(printClose(undefined, "")).toEqual(bytes``);
    expect(parseClose(bytes``)).toEqual({ code: 1005, reason: "" });
  });

  test.each([
    [1000, "", bytes`03 e8`],
    [1001, "bye", bytes`03 e9 ${"bye"}`],
    [4999, "水", bytes`13 87 e6 b0 b4`],
  ])("%i with the reason %o", (code, reason, body) => {
    expect(printClose(code, reason)).toEqual(body);
    expect(parseClose(body)).toEqual({ code, reason });
  });

  test("a byte order mark stays in the reason", () => {
    expect(parseClose(bytes`03 e8 ef bb bf`).reason).toBe("\ufeff");
  });

  test.each([
    ["one byte", bytes`03`, "close-truncated"],
    ["code 0", bytes`00 00`, "close-code"],
    ["code 1005", bytes`03 ed`, "close-code"],
    ["a reason that is not UTF-8", bytes`03 e8 c3 28`, "invalid-utf8"],
    ["a reason that ends inside a character", bytes`03 e8 e6 b0`, "invalid-utf8"],
  ])("refuses %s", (_what, body, violation) => {
    expect(() => parseClose(body)).toThrow(ProtocolError);
    expect(() => parseClose(body)).toThrow(expect.objectContaining({ violation }));
  });
});
