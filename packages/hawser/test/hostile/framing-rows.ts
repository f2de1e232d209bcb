// The rows of framing that are bytes in, and messages, answers or one close code out: F1 to F36, for either role.
import { Buffer } from "node:buffer";
import type { Limits, Role } from "hawser/wire";
import { bytes, filler } from "../support/bytes.ts";
import { type FrameMaker, framesFor, masked, plain } from "../support/frames.ts";

/** Bytes that earn a close code. */
interface Refused {
  readonly input: Buffer;
  readonly code: number;
  readonly limits?: Partial<Limits>;
}

/** Bytes that are taken, and the connection stays open. */
interface Taken {
  readonly input: Buffer;
  readonly messages: readonly (string | Uint8Array)[];
  /** Frames that come back, as `plain` builds them. */
  readonly answers: readonly Buffer[];
  readonly limits?: Partial<Limits>;
}

/** One row of the table, or one part of it. */
export interface FramingRow {
  readonly title: string;
  readonly refused: readonly Refused[];
  readonly taken: readonly Taken[];
}

/** What a row's table is made with. */
interface Maker {
  readonly role: Role;
  /** Builds frames as the endpoint's peer sends them. */
  readonly peer: FrameMaker;
  refuse(input: Buffer, code: number, limits?: Partial<Limits>): void;
  /** As `refuse`, without the byte more that must change nothing: where less than a frame is enough. */
  refuseAlready(input: Buffer, code: number, limits?: Partial<Limits>): void;
  take(
    input: Buffer,
    messages: Taken["messages"],
    answers?: Taken["answers"],
    limits?: Partial<Limits>,
  ): void;
}

const unlimited = { message: Number.POSITIVE_INFINITY };

const table: readonly (readonly [title: string, fill: (maker: Maker) => void])[] = [
  ...[0x40, 0x20, 0x10].map(
    (rsv, index) =>
      [
        `F${index + 1}: a reserved bit without an extension is 1002`,
        ({ peer, refuse }: Maker) => {
          refuse(peer.text("Hi", { rsv }), 1002);
          refuse(peer.ping("", { rsv }), 1002);
          refuse(peer.close(1000, "", { rsv }), 1002);
        },
      ] as const,
  ),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode, index) =>
      [
        `F${index + 4}: the reserved opcode ${opcode} is 1002`,
        ({ peer, refuse }: Maker) => {
          refuse(peer.frame({ opcode }), 1002);
          refuse(peer.frame({ opcode, payload: "abc" }), 1002);
        },
      ] as const,
  ),
  [
    "F14, K12: a frame that is masked as its sender must not is 1002",
    ({ role, refuse }) => {
      const wrong = role === "server" ? plain : masked;
      refuse(wrong.text("Hello"), 1002);
      refuse(wrong.ping(), 1002);
      refuse(wrong.close(1000), 1002);
    },
  ],
  [
    "F15: a fragmented control frame is 1002",
    ({ peer, refuse }) => {
      for (const kind of ["ping", "pong"] as const) {
        refuse(peer[kind]("", { fin: false }), 1002);
        refuse(peer[kind]("p", { fin: false }), 1002);
      }
      refuse(peer.close(1000, "", { fin: false }), 1002);
    },
  ],
  ...[126, 127, 65_536].map(
    (length) =>
      [
        `F16: a control frame of ${length} bytes is 1002, before its payload`,
        ({ peer, refuse, refuseAlready }: Maker) => {
          for (const opcode of [8, 9, 10]) {
            refuse(peer.frame({ opcode, length }), 1002);
            // The first two bytes say enough.
            refuseAlready(peer.frame({ opcode, length }).subarray(0, 2), 1002);
          }
        },
      ] as const,
  ),
  [
    "F16: 125 bytes are lawful",
    ({ peer, take }) => take(peer.ping(filler(125)), [], [plain.pong(filler(125))]),
  ],
  [
    "F17: a 16-bit length for 5 bytes is 1002",
    ({ peer, refuse }) => {
      refuse(peer.text("Hello", { form: 16 }), 1002);
      refuse(peer.text(filler(125), { form: 16 }), 1002);
    },
  ],
  [
    "F18: a 64-bit length for 5 bytes, or for any that fit 16 bits, is 1002",
    ({ peer, refuse }) => {
      refuse(peer.text("Hello", { form: 64 }), 1002);
      refuse(peer.binary(filler(126), { form: 64 }), 1002);
      refuse(peer.frame({ opcode: 2, length: 65_535, form: 64 }), 1002);
    },
  ],
  ...[2n ** 63n, 2n ** 63n + 5n, 2n ** 64n - 1n].map(
    (length) =>
      [
        `F19: the 64-bit length ${length} with the top bit is 1002`,
        ({ peer, refuse }: Maker) => {
          refuse(peer.frame({ opcode: 2, length }), 1002);
          refuse(peer.frame({ opcode: 2, length }), 1002, unlimited);
        },
      ] as const,
  ),
  ...[2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n].map(
    (length) =>
      [
        `F20: the length ${length} is 1009`,
        ({ peer, refuse }: Maker) => {
          refuse(peer.frame({ opcode: 2, length }), 1009);
          refuse(peer.frame({ opcode: 1, length, fin: false }), 1009);
        },
      ] as const,
  ),
  [
    "F20: no length is taken for a smaller one, and an announcement gets no memory",
    ({ peer, refuse, take }) => {
      for (const length of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n])
        refuse(peer.frame({ opcode: 2, length }), 1009, unlimited);
      take(peer.frame({ opcode: 2, length: 2n ** 31n + 1n, payload: "a" }), [], [], unlimited);
    },
  ],
  [
    "F21: a message announced above the limit is 1009 by its header alone",
    ({ peer, refuse, refuseAlready, take }) => {
      const limits = { message: 1000 };
      refuse(peer.frame({ opcode: 2, length: 1001 }), 1009, limits);
      // The header up to its length will do: the key need not have come.
      refuseAlready(peer.frame({ opcode: 2, length: 1001 }).subarray(0, 4), 1009, limits);
      take(peer.binary(filler(1000)), [filler(1000)], [], limits);
    },
  ],
  [
    "F22: fragments that pass the limit together are 1009, at the frame that passes it",
    ({ peer, refuse, take }) => {
      const limits = { message: 250 };
      const parts = [peer.binary(filler(100), { fin: false }), peer.more(filler(100)), peer.last(filler(50))];
      take(Buffer.concat(parts), [bytes`${filler(100)} ${filler(100)} ${filler(50)}`], [], limits);
      refuse(Buffer.concat([...parts.slice(0, 2), peer.frame({ opcode: 0, length: 51 })]), 1009, limits);
    },
  ],
  [
    "F23: a continuation of nothing is 1002",
    ({ peer, refuse }) => {
      refuse(peer.last("a"), 1002);
      refuse(peer.more(""), 1002);
      refuse(peer.more("a"), 1002);
    },
  ],
  [
    "F24: a new message inside a fragmented one is 1002",
    ({ peer, refuse }) => {
      refuse(Buffer.concat([peer.text("a", { fin: false }), peer.text("b")]), 1002);
      refuse(Buffer.concat([peer.text("a", { fin: false }), peer.binary(bytes`01`, { fin: false })]), 1002);
    },
  ],
  [
    "F25: a ping between fragments is answered at once, and the message is whole",
    ({ peer, take }) => {
      const fragments = [peer.text("a", { fin: false }), peer.ping("p"), peer.last("b")];
      take(Buffer.concat(fragments), ["ab"], [plain.pong("p")]);
      take(Buffer.concat(fragments.slice(0, 2)), [], [plain.pong("p")]);
    },
  ],
  [
    "F29: every split gives the same result",
    ({ peer, take }) => {
      const input = [
        peer.text("a", { fin: false }),
        peer.ping("p"),
        peer.last("水"),
        peer.binary(filler(130)),
        peer.text(""),
        peer.pong("unsolicited"),
      ];
      take(Buffer.concat(input), ["a水", filler(130), ""], [plain.pong("p")]);
    },
  ],
  [
    "F31: pongs that answer nothing are ignored",
    ({ peer, take }) => take(Buffer.concat([peer.pong(), peer.pong("x"), peer.text("a")]), ["a"]),
  ],
  ...(
    [
      ["a lone FF", bytes`61 ff`],
      ["overlong", bytes`c0 80`],
      ["overlong in three bytes", bytes`e0 80 80`],
      ["a surrogate", bytes`ed a0 80`],
      ["above U+10FFFF", bytes`f4 90 80 80`],
      ["a lone continuation", bytes`80`],
    ] as const
  ).map(
    ([what, payload]) =>
      [
        `F32: text that is not UTF-8 is 1007: ${what}`,
        ({ peer, refuse }: Maker) => {
          refuse(peer.text(payload), 1007);
          refuse(Buffer.concat([peer.text("ok", { fin: false }), peer.last(payload)]), 1007);
        },
      ] as const,
  ),
  [
    "F33: a character cut by fragments and chunks is whole",
    ({ peer, take }) => {
      const [first, second] = [bytes`f0 9f`, bytes`98 80`];
      take(Buffer.concat([peer.text(first, { fin: false }), peer.last(second)]), ["😀"]);
      take(Buffer.concat([peer.text("水😀é")]), ["水😀é"]);
    },
  ],
  [
    "F34: bad text in a fragment that is not the last fails at once",
    ({ peer, refuse, refuseAlready, take }) => {
      refuse(peer.text(bytes`61 c3 28`, { fin: false }), 1007);
      const frame = peer.text(bytes`${"ab"} ed a0 ${"never sent"}`);
      const upTo = frame.length - "never sent".length;
      take(frame.subarray(0, upTo - 1), []);
      refuseAlready(frame.subarray(0, upTo), 1007);
    },
  ],
  [
    "F35: text that ends inside a character is 1007",
    ({ peer, refuse }) => {
      refuse(peer.text(bytes`61 e6 b0`), 1007);
      refuse(Buffer.concat([peer.text(bytes`f0 9f 98`, { fin: false }), peer.last("")]), 1007);
    },
  ],
  [
    "F36: NUL, byte order mark and noncharacters are kept as they are",
    ({ peer, take }) => {
      take(peer.text("\ufeff\0\ufffe\uffff\0"), ["\ufeff\0\ufffe\uffff\0"]);
      take(peer.text("\ufeff"), ["\ufeff"]);
    },
  ],
];

/** The rows, for an endpoint of this role. */
export function framingRows(role: Role): readonly FramingRow[] {
  const peer = framesFor(role);
  return table.map(([title, fill]) => {
    const refused: Refused[] = [];
    const taken: Taken[] = [];
    const refuseAlready: Maker["refuseAlready"] = (input, code, limits) =>
      refused.push({ input, code, ...(limits && { limits }) });
    fill({
      role,
      peer,
      refuseAlready,
      refuse: (input, code, limits) => {
        refuseAlready(input, code, limits);
        // What comes behind a frame that is refused changes nothing.
        refuseAlready(bytes`${input} ${peer.text("late")}`, code, limits);
      },
      take: (input, messages, answers, limits) =>
        taken.push({ input, messages, answers: answers ?? [], ...(limits && { limits }) }),
    });
    return { title, refused, taken };
  });
}
