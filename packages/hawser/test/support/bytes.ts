// Bytes as one reads them in the RFC: bytes`81 05 48 65 6c 6c 6f`, bytes`81 05 ${"Hello"}`.
import { Buffer } from "node:buffer";

/** What may stand in a `bytes` template: bytes as they are, text as UTF-8, a number as one byte. */
type Piece = Uint8Array | string | number;

/** Builds a buffer from hexadecimal digits (spaces and line ends mean nothing) and what stands between them. */
export function bytes(template: TemplateStringsArray, ...pieces: readonly Piece[]): Buffer {
  const parts: Buffer[] = [];
  for (const [index, text] of template.entries()) {
    parts.push(fromHex(text));
    const piece = pieces[index];
    if (piece !== undefined) parts.push(toBuffer(piece));
  }
  return Buffer.concat(parts);
}

/** A buffer of `size` bytes that repeats no short pattern, the same each time. */
export function filler(size: number): Buffer {
  const buffer = Buffer.alloc(size);
  for (let index = 0; index < size; index += 1) buffer[index] = (index * 167 + (index >> 8) * 13) & 0xff;
  return buffer;
}

function fromHex(text: string): Buffer {
  const digits = text.replace(/\s+/g, "");
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits)) throw new Error(`not pairs of hexadecimal digits: ${text}`);
  return Buffer.from(digits, "hex");
}

function toBuffer(piece: Piece): Buffer {
  if (typeof piece === "number") return Buffer.from([piece]);
  return typeof piece === "string" ? Buffer.from(piece) : Buffer.from(piece);
}
