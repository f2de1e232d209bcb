// The rows of closing that are bytes in, and a Close out: C1 to C11, for either role.
import { Buffer } from "node:buffer";
import type { Role } from "hawser/wire";
import { bytes } from "../support/bytes.ts";
import { framesFor } from "../support/frames.ts";

/** Bytes, and the Close that answers them. */
interface ClosingCase {
  readonly input: Buffer;
  /** Undefined: an empty one. */
  readonly code: number | undefined;
  /** The same body comes back, and the end is clean; false: the peer broke a rule. */
  readonly echoed: boolean;
  readonly reason: string;
}

/** One row of the table. */
export interface ClosingRow {
  readonly title: string;
  readonly cases: readonly ClosingCase[];
}

/** The rows, for an endpoint of this role. */
export function closingRows(role: Role): readonly ClosingRow[] {
  const peer = framesFor(role);
  const refused = (input: Buffer, code: number): ClosingCase => ({ input, code, echoed: false, reason: "" });
  const echoed = (input: Buffer, code: number | undefined, reason = ""): ClosingCase => ({
    input,
    code,
    echoed: true,
    reason,
  });
  const illegal = (...codes: number[]) =>
    codes.flatMap((code) => [refused(peer.close(code), 1002), refused(peer.close(code, "why"), 1002)]);
  const lawful = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999];
  const badReasons = [bytes`ff`, bytes`c0 80`, bytes`ed a0 80`, bytes`61 e6 b0`];
  return [
    {
      title: "C1: an empty close is echoed empty, and is 1005 here",
      cases: [echoed(peer.close(), undefined)],
    },
    {
      title: "C2: a close of one byte is 1002",
      cases: [refused(peer.frame({ opcode: 8, payload: bytes`03` }), 1002)],
    },
    { title: "C3: codes below 1000 are 1002", cases: illegal(0, 999) },
    { title: "C4: codes that stand for something else are 1002", cases: illegal(1004, 1005, 1006, 1015) },
    { title: "C5: codes that nobody has are 1002", cases: illegal(1016, 1100, 2000, 2999) },
    { title: "C6: codes from 5000 on are 1002", cases: illegal(5000, 65_535) },
    {
      title: "C7: codes that may travel are echoed",
      cases: lawful.flatMap((code) => [
        echoed(peer.close(code), code),
        echoed(peer.close(code, "水"), code, "水"),
      ]),
    },
    {
      title: "C8: a reason that is no UTF-8 is 1007",
      cases: badReasons.map((reason) => refused(peer.close(1000, reason), 1007)),
    },
    {
      title: "C9: a reason of 124 bytes is 1002, one of 123 is lawful",
      cases: [
        refused(peer.close(1000, "x".repeat(124)), 1002),
        echoed(peer.close(1000, "x".repeat(123)), 1000, "x".repeat(123)),
      ],
    },
    {
      title: "C10: data and pings after a close are ignored, and one close goes out",
      cases: [echoed(Buffer.concat([peer.close(1000), peer.text("late"), peer.ping("late")]), 1000)],
    },
    {
      title: "C10: bytes after a close that are no frames are ignored too",
      cases: [echoed(bytes`${peer.close(1000)} ff ff ff ff ff`, 1000)],
    },
    {
      title: "C11: a second close is ignored",
      cases: [
        echoed(Buffer.concat([peer.close(1000), peer.close(1001, "no")]), 1000),
        echoed(Buffer.concat([peer.close(1000), peer.close(5)]), 1000),
      ],
    },
  ];
}
