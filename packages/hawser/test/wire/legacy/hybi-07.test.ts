// hybi-07 and hybi-08: the frames of RFC 6455, but that a length may be longer than it needs; and what is no frame of theirs.
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { fromRole, refused, roles, sessionOf, taken, toRole } from "./support.ts";

const versions = ["hybi-07", "hybi-08"] as const;
const cases = versions.flatMap((version) => roles.map((role) => ({ version, role })));

describe.each(cases)("$version as a $role", ({ version, role }) => {
  const refuse = (input: Uint8Array, violation: string, code: number, sent: number, why: string) => {
    const body = bytes`${sent >> 8}${sent & 0xff}${why}`;
    const error = expect.objectContaining({ violation, closeCode: code });
    const answer = fromRole(role, version, bytes`88 ${body.length} ${body}`);
    refused(version, role, input, { cause: "protocol", code, error }, answer);
  };

  test.each([
    ["c1 05 48 65 6c 6c 6f", "reserved-bits", "a reserved bit is set"],
    ["83 05 48 65 6c 6c 6f", "reserved-opcode", "the opcode is reserved: 3"],
    ["8b 00", "reserved-opcode", "the opcode is reserved: 11"],
    ["09 05 48 65 6c 6c 6f", "control-fragmented", "a control frame is fragmented"],
    ["89 7e 00 7e", "control-too-long", "a control frame is over 125 bytes"],
    ["80 02 6c 6f", "unexpected-continuation", "a continuation continues nothing"],
    [
      "01 03 48 65 6c 81 03 61 62 63",
      "expected-continuation",
      "a new message starts before the last one has ended",
    ],
    ["81 7f 80 00 00 00 00 00 00 00", "length-top-bit", "the top bit of a 64-bit length is set"],
  ])("%s is refused", (hex, violation, why) => {
    const plain = Buffer.from(hex.replaceAll(" ", ""), "hex");
    // The one that is two frames.
    const frames = hex.startsWith("01 03") ? [plain.subarray(0, 5), plain.subarray(5)] : [plain];
    refuse(Buffer.concat(frames.map((frame) => toRole(role, version, frame))), violation, 1002, 1002, why);
  });

  test("text that is no UTF-8 ends the connection: with 1007 from draft 8 on, with 1002 before", () => {
    const sent = version === "hybi-08" ? 1007 : 1002;
    for (const frame of [bytes`81 02 80 81`, bytes`81 03 61 62 e2`])
      refuse(toRole(role, version, frame), "invalid-utf8", 1007, sent, "text is not valid UTF-8");
  });

  test("a frame that is masked as its sender must not", () => {
    if (role === "server")
      refuse(bytes`81 05 ${"Hello"}`, "not-masked", 1002, 1002, "a client must mask its frames");
    else {
      const frame = bytes`81 85 37 fa 21 3d 7f 9f 4d 51 58`;
      refuse(frame, "masked", 1002, 1002, "a server must not mask its frames");
    }
  });

  test("a length in a longer form than it needs is one (draft 14 was the first to forbid it)", () => {
    const input = [
      role === "server" ? bytes`81 fe 00 05 37 fa 21 3d 7f 9f 4d 51 58` : bytes`81 7e 00 05 ${"Hello"}`,
      role === "server"
        ? bytes`82 ff 00 00 00 00 00 00 00 01 37 fa 21 3d 36`
        : bytes`82 7f 00 00 00 00 00 00 00 01 01`,
    ];
    taken(version, role, Buffer.concat(input), ["Hello", bytes`01`]);
  });

  test("a message over limits.message is refused at its header, with 1004", () => {
    const header = toRole(role, version, bytes`82 7e 04 01`).subarray(0, 4);
    const body = bytes`03 ec ${"the message is over 1024 bytes"}`;
    const end = { cause: "limit", code: 1009 } as const;
    const answer = fromRole(role, version, bytes`88 ${body.length} ${body}`);
    refused(version, role, header, end, answer, { limits: { message: 1024 } });
  });

  test("no reader is left from a message that is over: the next begins anew", () => {
    const session = sessionOf(version, role);
    for (const text of ["a", "b"]) session.receive(toRole(role, version, bytes`81 01 ${text}`));
    expect(session.messages).toEqual(["a", "b"]);
  });
});
