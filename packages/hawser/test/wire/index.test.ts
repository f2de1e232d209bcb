// `hawser/wire` offers the codec to people who bring their own I/O: what its names are, and that they are enough.
import { expect, test } from "vitest";
import * as wire from "../../src/wire/index.ts";
import { bytes } from "../support/bytes.ts";

test("the public names", () => {
  expect(Object.keys(wire).sort((one, other) => (one < other ? -1 : 1))).toEqual([
    "Decoder",
    "Encoder",
    "HawserError",
    "LimitError",
    "MAX_HEADER",
    "Opcode",
    "OutputBuffer",
    "ProtocolError",
    "UnsupportedError",
    "Utf8Checker",
    "allVersions",
    "applyMask",
    "checkClose",
    "createWire",
    "defaultLimits",
    "defaultTimeouts",
    "emptyHeader",
    "encodeMessage",
    "firstByte",
    "framingOf",
    "headerSize",
    "isControl",
    "isReserved",
    "mayTravel",
    "parseClose",
    "printClose",
    "readHeader",
    "resolveLimits",
    "resolveTimeouts",
    "rotate",
    "violations",
    "writeHeader",
  ]);
});

test("encoder and decoder work without a machine", () => {
  const output = new wire.OutputBuffer();
  new wire.Encoder(output, () => 0x3d21fa37).text("Hello");
  const frame = output.take();
  expect(frame).toEqual(bytes`81 85 37 fa 21 3d 7f 9f 4d 51 58`);
  const seen: string[] = [];
  const decoder = new wire.Decoder("server", {
    header: (header) => void seen.push(`opcode ${header.opcode}, ${header.length} bytes`),
    payload: (payload, start, end) => seen.push(payload.toString("latin1", start, end)) > 0,
  });
  decoder.decode(frame, 0);
  expect(seen).toEqual(["opcode 1, 5 bytes", "Hello"]);
});
