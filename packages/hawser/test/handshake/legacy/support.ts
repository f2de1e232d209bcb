// What the tests of the older handshakes share: the requests and answers of their drafts, and chance that repeats itself.
import { Buffer } from "node:buffer";
import type { Randomness } from "../../../src/handshake/agreement.ts";
import type { RequestHead } from "../../../src/handshake/head.ts";
import { readPieces } from "../support.ts";

/** Joins the lines of a head. */
export function head(...lines: readonly string[]): Buffer {
  return Buffer.from([...lines, "", ""].join("\r\n"), "latin1");
}

/** The head of a request that was read from its bytes, as the reader gives it. */
export function parsed(...lines: readonly string[]): RequestHead {
  const read = readPieces([head(...lines).toString("latin1")]);
  if (read === undefined) throw new Error("no head");
  return read.head;
}

/** The first example of hixie-76: its keys, the numbers in them, its eight bytes, and the proof. */
export const example = {
  key1: "4 @1  46546xW%0l 1 5",
  key2: "12998 5 Y3 1  .P00",
  numbers: [829_309_203, 259_970_620],
  body: "^n:ds[4U",
  proof: "8jKS'y:G*Co,Wxa-",
} as const;

/** The four examples of hixie-76. */
export const proofs: readonly (readonly [key1: string, key2: string, body: string, proof: string])[] = [
  [example.key1, example.key2, example.body, example.proof],
  [
    "18x 6]8vM;54 *(5:  {   U1]8  z [  8",
    "1_ tx7X d  <  nw  334J702) 7]o}` 0",
    "Tm[K T2u",
    "fQJ,fN/4F4!~K~MH",
  ],
  ["P388 O503D&ul7 {K%gX( %7  15", "1 N ?|k UT0or 3o  4 I97N 5-S3O 31", 'G0"-Z?GX', "0st3Rl&q-2ZU^weu"],
  ["3e6b263  4 17 80", "17  9 G`ZD9   2 2b 7X 3 /r90", "WjN}|M(6", "n`9eBk9z$R8pOtVb"],
];

/** Gives the same numbers and bytes each time (a linear congruential generator). */
export function repeatable(seed = 1): Randomness {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return {
    integer: (below) => Math.floor((next() / 2 ** 32) * below),
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => next() >>> 24)),
  };
}
