import { describe, expect, it } from "vitest";
import { defaultCompression, resolveCompression } from "../../src/handshake/compression.ts";

describe("the option compression", () => {
  it("is what the end has by default where nothing is said", () => {
    expect(resolveCompression(undefined, false)).toBeUndefined();
    expect(resolveCompression(undefined, true)).toEqual(defaultCompression);
  });

  it("is off with false, and has all defaults with true and with an empty object", () => {
    expect(resolveCompression(false, true)).toBeUndefined();
    expect(resolveCompression(true, false)).toEqual({
      threshold: 1024,
      level: 1,
      contextTakeover: false,
      windowBits: 12,
      memLevel: 4,
    });
    expect(resolveCompression({}, false)).toEqual(defaultCompression);
  });

  it("takes what is given, to the ends of each range", () => {
    const most = {
      threshold: Number.POSITIVE_INFINITY,
      level: 9,
      contextTakeover: true,
      windowBits: 15,
      memLevel: 9,
    };
    const least = { threshold: 0, level: 1, contextTakeover: false, windowBits: 8, memLevel: 1 };
    expect(resolveCompression(most, false)).toEqual(most);
    expect(resolveCompression(least, false)).toEqual(least);
  });

  it.each([
    [1, "compression must be true, false or an object, as { threshold: 512 }, not the number 1"],
    ["yes", 'compression must be true, false or an object, as { threshold: 512 }, not the string "yes"'],
    [
      { treshold: 1 },
      'compression has no option "treshold"; there are threshold, level, contextTakeover, windowBits, memLevel',
    ],
    [{ level: "1" }, 'compression.level must be a number, not the string "1"'],
    [{ contextTakeover: 1 }, "compression.contextTakeover must be true or false, not the number 1"],
  ])("refuses %j with a TypeError", (given, message) => {
    expect(() => resolveCompression(given, false)).toThrow(new TypeError(message));
  });

  it.each([
    [{ level: 0 }, "compression.level must be a whole number from 1 to 9, not 0"],
    [{ level: 10 }, "compression.level must be a whole number from 1 to 9, not 10"],
    [{ windowBits: 7 }, "compression.windowBits must be a whole number from 8 to 15, not 7"],
    [{ windowBits: 16 }, "compression.windowBits must be a whole number from 8 to 15, not 16"],
    [{ memLevel: 1.5 }, "compression.memLevel must be a whole number from 1 to 9, not 1.5"],
    [{ threshold: -1 }, "compression.threshold must be a whole number 0 or above, not -1"],
    [{ threshold: Number.NaN }, "compression.threshold must be a whole number 0 or above, not NaN"],
  ])("refuses %j with a RangeError", (given, message) => {
    expect(() => resolveCompression(given, false)).toThrow(new RangeError(message));
  });
});
