// Frames of the drafts hybi-01 to hybi-08 as a server sent them, checked against implementations of the time. Not masked.
import { Buffer } from "node:buffer";
import type { WireVersion } from "hawser/wire";
import { bytes } from "../../support/bytes.ts";

/** One frame: what is in it, and how it lies on the wire. */
export interface FrameVector {
  readonly label: string;
  readonly kind: "text" | "binary" | "continuation" | "ping" | "pong";
  /** No fragment follows. */
  readonly last: boolean;
  readonly payload: Buffer;
  readonly wire: Buffer;
  /** SHA-256 of the wire, where it is long. */
  readonly digest?: string;
}

/** The frames of some versions. */
export interface VersionVectors {
  readonly versions: readonly WireVersion[];
  readonly frames: readonly FrameVector[];
}

const a = (count: number) => Buffer.alloc(count, "a");

const contents = [
  { label: "Hello", kind: "text", last: true, payload: bytes`${"Hello"}` },
  { label: "an empty text", kind: "text", last: true, payload: bytes`` },
  {
    label: "text of three, three and four bytes a character",
    kind: "text",
    last: true,
    payload: bytes`${"日€😀"}`,
  },
  { label: "the first fragment of a text", kind: "text", last: false, payload: bytes`${"Hel"}` },
  { label: "the last fragment of a text", kind: "continuation", last: true, payload: bytes`${"lo"}` },
  { label: "three bytes", kind: "binary", last: true, payload: bytes`00 ff 80` },
  { label: "a ping", kind: "ping", last: true, payload: bytes`${"Hello"}` },
  { label: "a pong", kind: "pong", last: true, payload: bytes`${"Hello"}` },
  { label: "125 characters", kind: "text", last: true, payload: a(125) },
  { label: "126 characters", kind: "text", last: true, payload: a(126) },
  { label: "256 bytes", kind: "binary", last: true, payload: a(256) },
  { label: "65,535 characters", kind: "text", last: true, payload: a(65_535) },
  { label: "65,536 bytes", kind: "binary", last: true, payload: a(65_536) },
] as const;

function vectors(
  versions: readonly WireVersion[],
  wires: readonly Buffer[],
  digests: readonly [string, string],
): VersionVectors {
  const frames = contents.map((content, index): FrameVector => {
    const wire = wires[index] ?? Buffer.alloc(0);
    const digest = digests[index - contents.length + digests.length];
    return { ...content, wire, ...(digest !== undefined && { digest }) };
  });
  return { versions, frames };
}

/** All there are, by framing. */
export const hybiVectors: readonly VersionVectors[] = [
  vectors(
    ["hybi-01", "hybi-02", "hybi-03"],
    [
      bytes`04 05 48 65 6c 6c 6f`,
      bytes`04 00`,
      bytes`04 0a e6 97 a5 e2 82 ac f0 9f 98 80`,
      bytes`84 03 48 65 6c`,
      bytes`00 02 6c 6f`,
      bytes`05 03 00 ff 80`,
      bytes`02 05 48 65 6c 6c 6f`,
      bytes`03 05 48 65 6c 6c 6f`,
      bytes`04 7d ${a(125)}`,
      bytes`04 7e 00 7e ${a(126)}`,
      bytes`05 7e 01 00 ${a(256)}`,
      bytes`04 7e ff ff ${a(65_535)}`,
      bytes`05 7f 00 00 00 00 00 01 00 00 ${a(65_536)}`,
    ],
    [
      "efad6ed67f74772caa23d18032186b5c1eea53be23c374fcb8d44bdca5d68208",
      "fd510af8e85717de65ea25ede66a85d321b3ea43bbb658c22bd07325fd9f41f0",
    ],
  ),
  vectors(
    ["hybi-04"],
    [
      bytes`84 05 48 65 6c 6c 6f`,
      bytes`84 00`,
      bytes`84 0a e6 97 a5 e2 82 ac f0 9f 98 80`,
      bytes`04 03 48 65 6c`,
      bytes`80 02 6c 6f`,
      bytes`85 03 00 ff 80`,
      bytes`82 05 48 65 6c 6c 6f`,
      bytes`83 05 48 65 6c 6c 6f`,
      bytes`84 7d ${a(125)}`,
      bytes`84 7e 00 7e ${a(126)}`,
      bytes`85 7e 01 00 ${a(256)}`,
      bytes`84 7e ff ff ${a(65_535)}`,
      bytes`85 7f 00 00 00 00 00 01 00 00 ${a(65_536)}`,
    ],
    [
      "4e4d482d2ad4dd679b62e7dcb0cc465cc27448b433a67b1a6b9df22aa9e3ee6e",
      "1f3f9db48753c194eb825c644dc50261107ba25841f6c73597f4fe86f9637d71",
    ],
  ),
  vectors(
    ["hybi-05", "hybi-06"],
    [
      bytes`84 05 48 65 6c 6c 6f`,
      bytes`84 00`,
      bytes`84 0a e6 97 a5 e2 82 ac f0 9f 98 80`,
      bytes`04 03 48 65 6c`,
      bytes`80 02 6c 6f`,
      bytes`85 03 00 ff 80`,
      bytes`82 05 48 65 6c 6c 6f`,
      bytes`83 05 48 65 6c 6c 6f`,
      bytes`84 7d ${a(125)}`,
      bytes`84 7e 00 7e ${a(126)}`,
      bytes`85 7e 01 00 ${a(256)}`,
      bytes`84 7e ff ff ${a(65_535)}`,
      bytes`85 7f 00 00 00 00 00 01 00 00 ${a(65_536)}`,
    ],
    [
      "4e4d482d2ad4dd679b62e7dcb0cc465cc27448b433a67b1a6b9df22aa9e3ee6e",
      "1f3f9db48753c194eb825c644dc50261107ba25841f6c73597f4fe86f9637d71",
    ],
  ),
  vectors(
    ["hybi-07", "hybi-08"],
    [
      bytes`81 05 48 65 6c 6c 6f`,
      bytes`81 00`,
      bytes`81 0a e6 97 a5 e2 82 ac f0 9f 98 80`,
      bytes`01 03 48 65 6c`,
      bytes`80 02 6c 6f`,
      bytes`82 03 00 ff 80`,
      bytes`89 05 48 65 6c 6c 6f`,
      bytes`8a 05 48 65 6c 6c 6f`,
      bytes`81 7d ${a(125)}`,
      bytes`81 7e 00 7e ${a(126)}`,
      bytes`82 7e 01 00 ${a(256)}`,
      bytes`81 7e ff ff ${a(65_535)}`,
      bytes`82 7f 00 00 00 00 00 01 00 00 ${a(65_536)}`,
    ],
    [
      "030297542163a8eaccfb9a3ad18df060a712676d65ec8a3121c3b0096274ff1a",
      "0c5d9b5860f3b3e8d7ec665d9c4d51722c3c78f094dc6f09adc45abb4eec26c4",
    ],
  ),
];
