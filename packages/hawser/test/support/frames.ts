// Frames for tests: one builder that can also build what no endpoint may send, and one plain reader (RFC 6455 §5.2).
import { Buffer } from "node:buffer";
import { Opcode, type Role } from "hawser/wire";

/** A frame to be built. Only the opcode has no default. */
export interface FrameSpec {
  readonly opcode: number;
  /** Text as UTF-8. Default: empty. */
  readonly payload?: string | Uint8Array | undefined;
  /** Default: true. */
  readonly fin?: boolean | undefined;
  /** RSV1, RSV2, RSV3 as they stand in the first byte: 0x40, 0x20, 0x10. Default: 0. */
  readonly rsv?: number | undefined;
  /** The four bytes of the masking key; default: not masked. */
  readonly mask?: Uint8Array | undefined;
  /** The form of the length, in bits. Default: the shortest. */
  readonly form?: 7 | 16 | 64 | undefined;
  /** What the header says instead of the payload's length. */
  readonly length?: number | bigint | undefined;
}

/** The fields of a frame that was read, its payload in clear. */
export interface ReadFrame {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

type Options = Omit<FrameSpec, "opcode" | "payload">;

/** Builds frames of each kind. */
export interface FrameMaker {
  text(payload: string | Uint8Array, options?: Options): Buffer;
  binary(payload: Uint8Array, options?: Options): Buffer;
  /** A continuation; not the last one unless `fin` says so. */
  more(payload: string | Uint8Array, options?: Options): Buffer;
  /** The continuation that ends a message. */
  last(payload: string | Uint8Array, options?: Options): Buffer;
  ping(payload?: string | Uint8Array, options?: Options): Buffer;
  pong(payload?: string | Uint8Array, options?: Options): Buffer;
  /** A Close; without a code an empty one. The code may be one that must not travel. */
  close(code?: number, reason?: string | Uint8Array, options?: Options): Buffer;
  frame(spec: FrameSpec): Buffer;
}

/** The masking key of the examples in RFC 6455 §5.7. */
export const KEY: Buffer = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** Builds one frame, lawful or not. */
export function buildFrame(spec: FrameSpec): Buffer {
  const { opcode, payload = "", fin = true, rsv = 0, mask } = spec;
  const body = Buffer.from(payload as Uint8Array);
  const length = BigInt(spec.length ?? body.length);
  const form = spec.form ?? (length < 126n ? 7 : length < 65536n ? 16 : 64);
  const head = [(fin ? 0x80 : 0) | rsv | opcode];
  const flag = mask === undefined ? 0 : 0x80;
  if (form === 7) {
    head.push(flag | Number(length));
  } else {
    head.push(flag | (form === 16 ? 126 : 127));
    for (let shift = form - 8; shift >= 0; shift -= 8) head.push(Number((length >> BigInt(shift)) & 0xffn));
  }
  if (mask === undefined) return Buffer.concat([Buffer.from(head), body]);
  return Buffer.concat([Buffer.from(head), mask, xored(body, mask)]);
}

/** The loop of RFC 6455 §5.3, word by word: octet i XOR key octet (i mod 4). */
export function xored(payload: Uint8Array, key: Uint8Array): Buffer {
  return Buffer.from(payload.map((byte, index) => byte ^ key[index % 4]!));
}

/** A maker of frames with these fields where nothing else is said. */
function maker(base: Options): FrameMaker {
  const make =
    (opcode: number, own: Options = {}) =>
    (payload?: string | Uint8Array, options?: Options) =>
      buildFrame({ opcode, payload, ...base, ...own, ...options });
  const close = make(Opcode.close);
  return {
    text: make(Opcode.text),
    binary: make(Opcode.binary),
    more: make(Opcode.continuation, { fin: false }),
    last: make(Opcode.continuation),
    ping: make(Opcode.ping),
    pong: make(Opcode.pong),
    close: (code, reason, options) => close(closeBody(code, reason), options),
    frame: (spec) => buildFrame({ ...base, ...spec }),
  };
}

/** Frames as a server sends them: not masked. */
export const plain: FrameMaker = maker({});
/** Frames as a client sends them. */
export const masked: FrameMaker = maker({ mask: KEY });

/** Frames as the peer of an endpoint sends them. */
export function framesFor(role: Role): FrameMaker {
  return role === "server" ? masked : plain;
}

function closeBody(code: number | undefined, reason: string | Uint8Array = ""): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason as Uint8Array)]);
}

/** Reads whole frames; throws if bytes are left over. Knows no rules: it reads what is there. */
export function readFrames(from: Uint8Array): ReadFrame[] {
  const frames: ReadFrame[] = [];
  const input = Buffer.from(from);
  const take = (size: number): Buffer => {
    if (at + size > input.length) throw new Error(`a frame is cut: ${input.toString("hex")}`);
    at += size;
    return input.subarray(at - size, at);
  };
  let at = 0;
  while (at < input.length) {
    const [first = 0, second = 0] = take(2);
    const short = second & 0x7f;
    const length =
      short === 126 ? take(2).readUInt16BE() : short === 127 ? Number(take(8).readBigUInt64BE()) : short;
    const key = second & 0x80 ? take(4) : undefined;
    const payload = take(length);
    frames.push({
      fin: (first & 0x80) !== 0,
      rsv: first & 0x70,
      opcode: first & 0x0f,
      masked: key !== undefined,
      payload: key === undefined ? payload : xored(payload, key),
    });
  }
  return frames;
}
