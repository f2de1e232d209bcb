// The rows of compression that are bytes in, and messages or one close code out: Z1, Z3 to Z9, Z15 to Z17, for either role.
import { Buffer } from "node:buffer";
import { deflateRawSync } from "node:zlib";
import { bytes, filler } from "../support/bytes.ts";
import { deflated } from "../support/deflate.ts";
import type { FrameMaker } from "../support/frames.ts";

/** What both ends of these rows hold a message to. */
export const MAX_MESSAGE = 1024 * 1024;

/** One input, after a handshake that agreed on compression. */
export interface CompressionRow {
  readonly title: string;
  readonly takeover?: boolean;
  input(peer: FrameMaker): Buffer[];
  /** What is delivered before the end, or before the Close that the test sends. */
  readonly messages: readonly (string | Uint8Array)[];
  /** The code it earns; undefined: the connection stays open. */
  readonly code?: number;
}

const rsv1 = { rsv: 0x40 } as const;
const hello = "Hello Hello Hello";
/** Fifty megabytes of nothing in fifty kilobytes. */
const bomb = deflated(Buffer.alloc(50 * 1024 * 1024));
const secret = "a secret of the message before this one";

export const compressionRows: readonly CompressionRow[] = [
  {
    title: "Z1: a bomb of 50 kB to 50 MB is 1009",
    input: (peer) => [peer.text(deflated("before"), rsv1), peer.binary(bomb, rsv1), peer.text("never")],
    messages: ["before"],
    code: 1009,
  },
  {
    title: "Z1: a bomb in fragments is 1009",
    input: (peer) => [
      peer.binary(bomb.subarray(0, 100), { ...rsv1, fin: false }),
      peer.more(bomb.subarray(100, 30_000)),
      peer.last(bomb.subarray(30_000)),
    ],
    messages: [],
    code: 1009,
  },
  {
    title: "Z1: a message of just the limit is taken, one byte more is 1009",
    input: (peer) => [
      peer.binary(deflated(Buffer.alloc(MAX_MESSAGE)), rsv1),
      peer.binary(deflated(Buffer.alloc(MAX_MESSAGE + 1)), rsv1),
    ],
    messages: [new Uint8Array(MAX_MESSAGE)],
    code: 1009,
  },
  {
    title: "Z3: garbage is 1007",
    input: (peer) => [peer.text(bytes`ff ff ff ff`, rsv1), peer.text("never")],
    messages: [],
    code: 1007,
  },
  {
    title: "Z3: a large message that breaks off is 1007",
    input: (peer) => [peer.binary(deflated(filler(100_000).map((byte) => byte % 7)).subarray(0, -200), rsv1)],
    messages: [],
    code: 1007,
  },
  {
    title: "Z4: BFINAL within a message is lawful, and so is the next message",
    input: (peer) => [
      peer.text(Buffer.concat([deflateRawSync(hello), bytes`00`]), rsv1),
      peer.text(deflated(hello), rsv1),
      peer.text(deflateRawSync(hello), rsv1),
      peer.text(hello),
    ],
    messages: [hello, hello, hello, hello],
  },
  {
    title: "Z4: the message after it may refer to it, with takeover",
    takeover: true,
    input: (peer) => [
      peer.text(Buffer.concat([deflateRawSync(hello), bytes`00`]), rsv1),
      peer.text(deflated(hello, { dictionary: Buffer.from(hello) }), rsv1),
    ],
    messages: [hello, hello],
  },
  {
    title: "Z5: bytes behind the final block are ignored",
    input: (peer) => [
      peer.text(Buffer.concat([deflateRawSync(hello), bytes`ff ff ff ff`]), rsv1),
      peer.text(deflated(hello), rsv1),
    ],
    messages: [hello, hello],
  },
  {
    title: "Z6: RSV1 with no payload is an empty message, and so is 00",
    input: (peer) => [
      peer.text("", rsv1),
      peer.binary(filler(0), rsv1),
      peer.text(bytes`00`, rsv1),
      peer.text("", { ...rsv1, fin: false }),
      peer.last(""),
    ],
    messages: ["", new Uint8Array(0), "", ""],
  },
  ...(["ping", "pong"] as const).map((kind) => ({
    title: `Z7: RSV1 on a ${kind} is 1002`,
    input: (peer: FrameMaker) => [peer[kind]("", rsv1), peer.text("never")],
    messages: [],
    code: 1002,
  })),
  {
    title: "Z7: RSV1 on a close is 1002",
    input: (peer) => [peer.close(1000, "", rsv1)],
    messages: [],
    code: 1002,
  },
  {
    title: "Z8: RSV1 on a continuation is 1002",
    input: (peer) => [
      peer.text(deflated(hello).subarray(0, 2), { ...rsv1, fin: false }),
      peer.last("a", rsv1),
    ],
    messages: [],
    code: 1002,
  },
  ...[0x20, 0x10, 0x60, 0x50].map((rsv) => ({
    title: `Z8: the reserved bits 0x${rsv.toString(16)} mean nothing still: 1002`,
    input: (peer: FrameMaker) => [peer.text(deflated(hello), { rsv })],
    messages: [],
    code: 1002,
  })),
  {
    title: "Z9: what is not compressed is taken, between messages that are",
    input: (peer) => [
      peer.text("a"),
      peer.text(deflated("b"), rsv1),
      peer.binary(filler(3)),
      peer.text(deflated("c"), rsv1),
    ],
    messages: ["a", "b", new Uint8Array(filler(3)), "c"],
  },
  {
    title: "Z9: text is UTF-8 once it is inflated: 1007",
    input: (peer) => [peer.binary(deflated(bytes`61 ff`), rsv1), peer.text(deflated(bytes`61 ff`), rsv1)],
    messages: [new Uint8Array([0x61, 0xff])],
    code: 1007,
  },
  {
    title: "Z15: an old window, where none was agreed on, is 1007",
    input: (peer) => [
      peer.text(deflated(secret), rsv1),
      peer.text(deflated(secret, { dictionary: Buffer.from(secret) }), rsv1),
    ],
    messages: [secret],
    code: 1007,
  },
  {
    title: "Z16: a window larger than agreed is 1007",
    takeover: true,
    input: (peer) => [
      peer.binary(deflated(filler(9000)), rsv1),
      peer.binary(deflated(filler(300), { dictionary: filler(9000), windowBits: 15 }), rsv1),
    ],
    messages: [new Uint8Array(filler(9000))],
    code: 1007,
  },
  {
    title: "Z17: sixty-four blocks of nothing are a message, and so are ten thousand",
    input: (peer) =>
      [64, 10_000].map((count) => {
        const blocks = Buffer.concat(Array.from({ length: count }, () => bytes`00 00 00 ff ff`));
        return peer.text(Buffer.concat([blocks, deflated("end")]), rsv1);
      }),
    messages: ["end", "end"],
  },
];
