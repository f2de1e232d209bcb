// The receiving half of RFC 6455 written once more, as plainly as can be: it looks at all the bytes from the start, keeps
// everything, and knows no chunks. Slow; made to check the fast one against.
import { Buffer } from "node:buffer";
import type { Role } from "hawser/wire";
import { canBecomeUtf8, isWholeUtf8 } from "./plain-utf8.ts";

/** What came of a stream of bytes. */
export interface PlainResult {
  readonly messages: (string | Uint8Array)[];
  readonly pings: Buffer[];
  readonly pongs: Buffer[];
  /** The close code that the connection was failed with, or that of the peer's Close (1005: none); undefined: still open. */
  code: number | undefined;
}

/** What differs between receivers. */
export interface PlainSettings {
  readonly role: Role;
  readonly maxMessage: number;
  readonly accepts?: "text" | "binary" | undefined;
}

/** RFC 6455 §7.4: what may stand in a close frame. */
const closeCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];

/** Reads a stream to its end, or to what ends it. */
export function receivePlainly(input: Uint8Array, settings: PlainSettings): PlainResult {
  const result: PlainResult = { messages: [], pings: [], pongs: [], code: undefined };
  let message:
    | { kind: "text" | "binary"; bytes: Buffer; size: bigint; fragments: number; cost: number }
    | undefined;
  let rest = Buffer.from(input);
  const end = (code: number) => {
    result.code = code;
    return result;
  };
  while (rest.length >= 2) {
    const view = new DataView(rest.buffer, rest.byteOffset, rest.length);
    const fin = view.getUint8(0) >= 0x80;
    const opcode = view.getUint8(0) % 16;
    const masked = view.getUint8(1) >= 0x80;
    const short = view.getUint8(1) % 128;
    const isControl = opcode >= 8;

    // §5.2, §5.1, §5.5
    if (Math.floor(view.getUint8(0) / 16) % 8 !== 0) return end(1002);
    if (![0, 1, 2, 8, 9, 10].includes(opcode)) return end(1002);
    if (masked !== (settings.role === "server")) return end(1002);
    if (isControl && (!fin || short > 125)) return end(1002);

    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (rest.length < 2 + lengthBytes) return result;
    let length = BigInt(short);
    if (lengthBytes === 2) length = BigInt(view.getUint16(2));
    if (lengthBytes === 8) length = view.getBigUint64(2);
    if (lengthBytes === 2 && length < 126n) return end(1002);
    if (lengthBytes === 8 && (length < 65_536n || length >= 2n ** 63n)) return end(1002);

    if (!isControl) {
      // §5.4, and the limits of this library: fragments count 16 bytes each, with room for 256 of them.
      if ((opcode === 0) !== (message !== undefined)) return end(1002);
      const kind = message?.kind ?? (opcode === 1 ? "text" : "binary");
      if (settings.accepts !== undefined && settings.accepts !== kind) return end(1003);
      message ??= { kind, bytes: Buffer.alloc(0), size: 0n, fragments: 0, cost: 0 };
      message.size += length;
      message.fragments += 1;
      if (message.fragments > 1 || !fin) message.cost += Math.max(Number(length), 16);
      if (message.size > BigInt(settings.maxMessage)) return end(1009);
      if (message.cost > Math.max(settings.maxMessage, 4096)) return end(1009);
    }

    const start = 2 + lengthBytes + (masked ? 4 : 0);
    if (rest.length < start) return result;
    const key = masked ? rest.subarray(start - 4, start) : Buffer.alloc(4);
    const available = rest.subarray(start, start + Number(length));
    const payload = Buffer.from(available.map((byte, index) => byte ^ key[index % 4]!));
    const complete = BigInt(payload.length) === length;
    rest = rest.subarray(start + payload.length);

    if (!isControl) {
      message!.bytes = Buffer.concat([message!.bytes, payload]);
      const { kind, bytes } = message!;
      // §8.1: refused as soon as nothing that follows could make it valid.
      if (kind === "text" && !canBecomeUtf8(bytes)) return end(1007);
      if (!complete) return result;
      if (!fin) continue;
      if (kind === "text" && !isWholeUtf8(bytes)) return end(1007);
      result.messages.push(kind === "text" ? bytes.toString() : new Uint8Array(bytes));
      message = undefined;
    } else if (!complete) {
      return result;
    } else if (opcode === 9) {
      result.pings.push(payload);
    } else if (opcode === 10) {
      result.pongs.push(payload);
    } else {
      // §5.5.1, §7.4
      if (payload.length === 0) return end(1005);
      if (payload.length === 1) return end(1002);
      const code = payload.readUInt16BE(0);
      if (!closeCodes.includes(code) && !(code >= 3000 && code <= 4999)) return end(1002);
      return end(isWholeUtf8(payload.subarray(2)) ? code : 1007);
    }
  }
  return result;
}
