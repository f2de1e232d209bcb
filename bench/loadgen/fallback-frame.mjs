// Frames of the load generator in JavaScript: one is made, those of the server are counted (RFC 6455 §5.2).

const key = Buffer.from([0x12, 0xa7, 0x5b, 0xe3]);

/** One masked frame with this message. */
export function maskedFrame(payload, { binary, compressed }) {
  const first = 0x80 | (compressed ? 0x40 : 0) | (binary ? 2 : 1);
  const header = Buffer.concat([headerFor(first, payload.length), key]);
  return Buffer.concat([header, payload.map((byte, index) => byte ^ key[index & 3])]);
}

function headerFor(first, size) {
  if (size < 126) return Buffer.from([first, 0x80 | size]);
  if (size < 65_536) return Buffer.from([first, 0x80 | 126, size >> 8, size & 0xff]);
  const header = Buffer.alloc(10);
  header.writeUInt16BE((first << 8) | 0x80 | 127);
  header.writeBigUInt64BE(BigInt(size), 2);
  return header;
}

/** Counts the messages of a server, whatever way their bytes are cut. */
export class ReplyCounter {
  #compressed;
  #header = Buffer.alloc(0);
  #left = 0;
  #final = false;
  #ping;
  #hearPing;
  /** The server sent its Close. */
  closed = false;

  /** @param ping hears of pings: the payload */
  constructor(compressed, ping) {
    this.#compressed = compressed;
    this.#hearPing = ping;
  }

  /** @returns how many messages ended in this chunk */
  count(chunk) {
    let messages = 0;
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left === 0) {
        rest = this.#readHeader(rest);
        if (rest === undefined) return messages;
      }
      const size = Math.min(this.#left, rest.length);
      this.#ping?.push(Buffer.from(rest.subarray(0, size)));
      rest = rest.subarray(size);
      this.#left -= size;
      if (this.#left > 0) return messages;
      if (this.#final) messages += 1;
      if (this.#ping !== undefined) this.#hearPing(Buffer.concat(this.#ping));
      this.#ping = undefined;
    }
    return messages;
  }

  /** @returns what lies behind the header; undefined if it is not whole yet */
  #readHeader(chunk) {
    const bytes = this.#header.length === 0 ? chunk : Buffer.concat([this.#header, chunk]);
    const length = bytes.length < 2 ? 0 : bytes[1] & 127;
    const size = length < 126 ? 2 : length === 126 ? 4 : 10;
    if (bytes.length < size) {
      this.#header = Buffer.from(bytes);
      return undefined;
    }
    this.#header = Buffer.alloc(0);
    this.#left =
      length < 126 ? length : length === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    this.#begin(bytes[0]);
    return bytes.subarray(size);
  }

  #begin(first) {
    const control = (first & 8) !== 0;
    this.#final = !control && (first & 0x80) !== 0;
    if ((first & 15) === 8) this.closed = true;
    if ((first & 15) === 9) this.#ping = [];
    const opens = !control && (first & 15) !== 0;
    if (opens && ((first & 0x40) !== 0) !== this.#compressed) {
      throw new Error(`an answer is ${this.#compressed ? "not " : ""}compressed`);
    }
  }
}
