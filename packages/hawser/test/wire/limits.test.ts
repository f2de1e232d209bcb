// Limits and timeouts: the defaults that are documented, and every value that is refused.
import { describe, expect, test } from "vitest";
import { defaultLimits, defaultTimeouts, resolveLimits, resolveTimeouts } from "../../src/wire/limits.ts";

describe("the defaults", () => {
  test("are those of the documentation", () => {
    expect(defaultLimits).toEqual({
      head: 16_384,
      headers: 100,
      message: 1_048_576,
      memory: 1_048_576,
      inbox: 65_536,
      sendMark: 65_536,
      sendBuffer: 1_048_576,
      connections: 65_536,
      handshakes: 1024,
      rate: Number.POSITIVE_INFINITY,
    });
    expect(defaultTimeouts).toEqual({
      handshake: 10_000,
      keepalive: 25_000,
      pong: 10_000,
      close: 5000,
      stalled: 30_000,
      message: Number.POSITIVE_INFINITY,
      idle: Number.POSITIVE_INFINITY,
    });
  });

  test("cannot be changed by accident", () => {
    expect(Object.isFrozen(defaultLimits)).toBe(true);
    expect(Object.isFrozen(defaultTimeouts)).toBe(true);
  });

  test("hold where nothing is given", () => {
    expect(resolveLimits(undefined)).toEqual(defaultLimits);
    expect(resolveTimeouts({})).toEqual(defaultTimeouts);
    expect(resolveLimits({ message: undefined } as object)).toEqual(defaultLimits);
  });

  test("give way to what is given, and to another base", () => {
    expect(resolveLimits({ message: 1, rate: 20 })).toEqual({ ...defaultLimits, message: 1, rate: 20 });
    const base = { ...defaultTimeouts, idle: 7 };
    expect(resolveTimeouts({ close: 9 }, base)).toEqual({ ...defaultTimeouts, idle: 7, close: 9 });
    expect(base.close).toBe(5000);
  });
});

const groups = [
  ["limits", (given: unknown) => resolveLimits(given as object), Object.keys(defaultLimits)],
  ["timeouts", (given: unknown) => resolveTimeouts(given as object), Object.keys(defaultTimeouts)],
] as const;

describe.each(groups)("%s", (group, resolve, names) => {
  test.each(names)("%s may be a whole number above 0, or Infinity", (name) => {
    for (const value of [1, 4096, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
      expect(resolve({ [name]: value })).toHaveProperty(name, value);
    }
  });

  test.each(names)("%s may be no other number", (name) => {
    for (const value of [0, -0, -1, 0.5, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 53]) {
      const attempt = () => resolve({ [name]: value });
      expect(attempt).toThrow(RangeError);
      expect(attempt).toThrow(
        `${group}.${name} must be a whole number above 0, or Infinity for no limit, not ${value}`,
      );
    }
  });

  test.each(names)("%s may be nothing but a number", (name) => {
    for (const [value, described] of [
      ["10", 'the string "10"'],
      [10n, "the bigint 10"],
      [true, "the boolean true"],
      [null, "null"],
      [{}, "an object"],
    ] as const) {
      const attempt = () => resolve({ [name]: value });
      expect(attempt).toThrow(TypeError);
      expect(attempt).toThrow(`${group}.${name} must be a number, not ${described}`);
    }
  });

  test.each(["mesage", "toString", "__proto__x"])(
    "%s does not exist, and those that do are listed",
    (name) => {
      const attempt = () => resolve({ [name]: 1 });
      expect(attempt).toThrow(TypeError);
      expect(attempt).toThrow(`${group}.${name} does not exist; there are ${names.join(", ")}`);
    },
  );

  test.each([null, 5, "text", true])("%s is no object", (given) => {
    expect(() => resolve(given)).toThrow(TypeError);
    expect(() => resolve(given)).toThrow(`${group} must be an object, not `);
  });
});
