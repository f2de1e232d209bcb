// DEFLATE read once more (RFC 1951), as plainly as can be, to check zlib's output by something that is not zlib: it notes how far
// back the data refers, and where its blocks end.
import { Buffer } from "node:buffer";

/** What deflate data holds. */
export interface PlainDeflate {
  readonly output: Buffer;
  /** The largest distance in it. */
  readonly farthest: number;
  /** The types of its blocks: 0 stored, 1 fixed, 2 dynamic. */
  readonly blocks: readonly number[];
}

const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const DISTANCES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A Huffman code: symbols by their code, written as "0110". */
type Code = ReadonlyMap<string, number>;

/** §3.2.2 */
function codeOf(lengths: readonly number[]): Code {
  const code = new Map<string, number>();
  let next = 0;
  for (let length = 1; length <= 15; length += 1) {
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue;
      code.set(next.toString(2).padStart(length, "0"), symbol);
      next += 1;
    }
    next *= 2;
  }
  return code;
}

class Bits {
  readonly #data: Uint8Array;
  at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  get atEnd(): boolean {
    return this.at >= this.#data.length * 8;
  }

  take(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index += 1, this.at += 1) {
      const byte = this.#data[this.at >> 3];
      if (byte === undefined) throw new Error("the data ends too early");
      value |= ((byte >> (this.at & 7)) & 1) << index;
    }
    return value;
  }

  symbol(code: Code): number {
    for (let bits = ""; bits.length < 16; ) {
      bits += this.take(1);
      const symbol = code.get(bits);
      if (symbol !== undefined) return symbol;
    }
    throw new Error("no such code");
  }

  align(): void {
    this.at = (this.at + 7) & ~7;
  }
}

const fixed = codeOf(
  Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
);
const fixedDistances = codeOf(Array.from({ length: 30 }, () => 5));

/**
 * Reads deflate data to its end.
 *
 * @param before what it may refer to: the window
 * @throws Error for what is no deflate data, and for what does not end where a block ends
 */
export function inflatePlainly(data: Uint8Array, before: Uint8Array = new Uint8Array(0)): PlainDeflate {
  const bits = new Bits(data);
  const bytes = [...before];
  const blocks: number[] = [];
  let farthest = 0;
  const symbols = (literals: Code, distances: Code) => {
    for (;;) {
      const symbol = bits.symbol(literals);
      if (symbol === 256) return;
      if (symbol < 256) {
        bytes.push(symbol);
        continue;
      }
      const index = symbol - 257;
      const length = LENGTHS[index]! + bits.take(index < 8 || index === 28 ? 0 : (index - 4) >> 2);
      const code = bits.symbol(distances);
      const distance = DISTANCES[code]! + bits.take(code < 4 ? 0 : (code - 2) >> 1);
      if (distance > bytes.length) throw new Error("refers to what is not there");
      farthest = Math.max(farthest, distance);
      for (let count = 0; count < length; count += 1) bytes.push(bytes[bytes.length - distance]!);
    }
  };
  for (let final = 0; final === 0 && !bits.atEnd; ) {
    final = bits.take(1);
    const type = bits.take(2);
    blocks.push(type);
    if (type === 0) {
      bits.align();
      const size = bits.take(16);
      if ((size ^ bits.take(16)) !== 0xffff) throw new Error("the length of a stored block is wrong");
      for (let count = 0; count < size; count += 1) bytes.push(bits.take(8));
    } else if (type === 1) {
      symbols(fixed, fixedDistances);
    } else if (type === 2) {
      const [literals, distances] = dynamicCodes(bits);
      symbols(literals, distances);
    } else {
      throw new Error("no such block");
    }
  }
  return { output: Buffer.from(bytes.slice(before.length)), farthest, blocks };
}

/** §3.2.7 */
function dynamicCodes(bits: Bits): [Code, Code] {
  const [literals, distances, own] = [bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4];
  const lengths: number[] = Array.from({ length: 19 }, () => 0);
  for (let index = 0; index < own; index += 1) lengths[ORDER[index]!] = bits.take(3);
  const code = codeOf(lengths);
  const all: number[] = [];
  while (all.length < literals + distances) {
    const symbol = bits.symbol(code);
    if (symbol < 16) all.push(symbol);
    else if (symbol === 16) all.push(...Array.from({ length: 3 + bits.take(2) }, () => all.at(-1)!));
    else all.push(...Array.from({ length: symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7) }, () => 0));
  }
  return [codeOf(all.slice(0, literals)), codeOf(all.slice(literals))];
}
