// UTF-8, refused as soon as it cannot become valid, however it is cut (RFC 6455 §8.1, RFC 3629).
import { isUtf8 } from "node:buffer";

/**
 * Checks text that comes in pieces.
 *
 * Whole characters are left to `isUtf8`, which is native; only a character that is cut by the end of a piece is followed
 * byte by byte. After its first byte, the next one may be in a narrower range than 80–BF: that is where overlong forms,
 * surrogates and what lies above U+10FFFF are caught at once (RFC 3629 §4).
 */
export class Utf8Checker {
  #missing = 0;
  #lowest = 0x80;
  #highest = 0xbf;

  /** No character is cut at the end of what was pushed. */
  get complete(): boolean {
    return this.#missing === 0;
  }

  /** Takes the next piece. Returns false if no bytes that follow could make it valid; the checker is of no use then. */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (this.#missing > 0 && at < end) {
      if (!this.#continues(bytes[at] ?? 0)) return false;
      at += 1;
    }
    const cut = lastCharacterCut(bytes, at, end);
    if (at < cut && !isUtf8(bytes.subarray(at, cut))) return false;
    if (cut === end) return true;
    if (!this.#begins(bytes[cut] ?? 0)) return false;
    for (let next = cut + 1; next < end; next += 1) {
      if (!this.#continues(bytes[next] ?? 0)) return false;
    }
    return true;
  }

  /** Makes it ready for another text. */
  reset(): void {
    this.#missing = 0;
    this.#lowest = 0x80;
    this.#highest = 0xbf;
  }

  /** Only asked about bytes of C0 and above. C0, C1 and F5 to FF begin no character. */
  #begins(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#missing = sequenceLength(byte) - 1;
    this.#lowest = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    this.#highest = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    return true;
  }

  #continues(byte: number): boolean {
    if (byte < this.#lowest || byte > this.#highest) return false;
    this.#missing -= 1;
    this.#lowest = 0x80;
    this.#highest = 0xbf;
    return true;
  }
}

/** How many bytes a character takes whose first byte is C0 or above. */
function sequenceLength(first: number): number {
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/** Where the last character begins, if `end` cuts it; `end` otherwise. */
function lastCharacterCut(bytes: Uint8Array, start: number, end: number): number {
  for (let back = 1; back <= 3 && end - back >= start; back += 1) {
    const byte = bytes[end - back] ?? 0;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? end - back : end;
    if (byte < 0x80) return end;
  }
  return end;
}
