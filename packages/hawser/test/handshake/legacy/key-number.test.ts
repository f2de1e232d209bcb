// The keys of hixie-76: the numbers in them, the proof that they were found, and keys of our own.
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyNumber, makeKey, proofOf } from "../../../src/handshake/legacy/key-number.ts";
import { refusalOf, runs } from "../support.ts";
import { example, proofs, repeatable } from "./support.ts";

const name = "Sec-WebSocket-Key1";

describe("the number in a key", () => {
  it.each([
    [example.key1, example.numbers[0]],
    [example.key2, example.numbers[1]],
    ["99999 0 ", 499_995],
    ["1 0", 10],
    ["0 0", 0],
    ["4294967295 x", 4_294_967_295],
  ])("%j comes to %i", (key, number) => {
    expect(keyNumber(name, ` ${key}`)).toBe(number);
    // Where somebody else has read the head, no space is left before it.
    expect(keyNumber(name, key)).toBe(number);
  });

  it("counts a space at its end, and each but the one behind the colon", () => {
    expect(keyNumber(name, "  12 ")).toBe(6);
  });

  it.each([
    ["nospaces123", "has no spaces"],
    ["12998 5 Y3 1.P00", "has a number that is no multiple of its 3 spaces"],
    ["4294967296 x", "comes to more than 32 bits"],
    ["99999999999999999999 1", "comes to more than 32 bits"],
    [`${"9".repeat(10_000)} 1`, "comes to more than 32 bits"],
    ["a b c", "has no digits"],
    ["", "has no digits"],
    [" ", "has no digits"],
  ])("%j → 400", (key, what) => {
    expect(refusalOf(() => keyNumber(name, ` ${key}`))).toMatchObject({
      status: 400,
      message: expect.stringContaining(what),
      rule: "draft-hixie-thewebsocketprotocol-76",
    });
  });
});

describe("the proof", () => {
  it.each(proofs)("of %j and %j with %j", (key1, key2, body, proof) => {
    const numbers = [keyNumber(name, key1), keyNumber(name, key2)] as const;
    expect(proofOf(numbers, Buffer.from(body, "latin1")).toString("latin1")).toBe(proof);
  });
});

describe("a key of ours", () => {
  it("comes to the number that it was made of, and has neither a space first or last nor anything but printable ASCII", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { key, number } = makeKey(repeatable(seed).integer);
        expect(keyNumber(name, key)).toBe(number);
        expect(key).toMatch(/^[!-~][ -~]*[!-~]$/);
        const spaces = key.split(" ").length - 1;
        const noise = key.replace(/[ 0-9]/g, "").length;
        expect([spaces >= 1 && spaces <= 12, noise >= 1 && noise <= 12]).toEqual([true, true]);
      }),
      runs(2000),
    );
  });

  it("is made of any chance: the least and the most", () => {
    expect(makeKey(() => 0)).toEqual({ key: "! 0", number: 0 });
    const { key, number } = makeKey((below) => below - 1);
    expect(number).toBe(357_913_941);
    expect(keyNumber(name, key)).toBe(number);
  });
});
