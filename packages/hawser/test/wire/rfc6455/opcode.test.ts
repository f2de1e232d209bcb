// Opcodes: all sixteen of them (RFC 6455 §5.2).
import { expect, test } from "vitest";
import { isControl, isReserved, Opcode } from "../../../src/wire/rfc6455/opcode.ts";

const all = Array.from({ length: 16 }, (_, opcode) => opcode);

test("the opcodes that are defined have the numbers of RFC 6455 §11.8", () => {
  expect(Opcode).toEqual({ continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 });
});

test("8 to 15 are control frames (RFC 6455 §5.5)", () => {
  expect(all.filter(isControl)).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
});

test("3 to 7 and 11 to 15 are reserved (RFC 6455 §5.2)", () => {
  expect(all.filter(isReserved)).toEqual([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]);
});
