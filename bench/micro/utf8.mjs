// Text from bytes, checked, and back.
import { isUtf8 } from "node:buffer";
import { bench, do_not_optimize, group, summary } from "mitata";
import { decodeAscii, decodeUtf8, encodeUtf8 } from "../../packages/hawser/dist/wire/rfc6455/text.js";
import { bytes, KiB } from "../units.mjs";
import { asciiText, wideText } from "./frames.mjs";

for (const size of [20, 256, 4 * KiB, 64 * KiB]) {
  const ascii = Buffer.from(asciiText(size));
  const wide = Buffer.from(wideText(size));
  group(`text of ${bytes(size)} from bytes`, () => {
    summary(() => {
      bench("hawser, known to be ASCII", () =>
        do_not_optimize(decodeAscii(ascii, 0, ascii.length)),
      ).baseline();
      bench("hawser, not ASCII", () => isUtf8(wide) && do_not_optimize(decodeUtf8(wide, 0, wide.length)));
      bench("as ws does, ASCII", () => isUtf8(ascii) && do_not_optimize(ascii.toString()));
      bench("as ws does, not ASCII", () => isUtf8(wide) && do_not_optimize(wide.toString()));
    });
  });
  const memory = Buffer.alloc(4 * wide.length);
  const text = wide.toString();
  group(`text of ${bytes(size)} to bytes`, () => {
    summary(() => {
      bench("hawser, into memory that is there", () => encodeUtf8(memory, text, 0)).baseline();
      bench("as ws does", () => do_not_optimize(Buffer.from(text)));
    });
  });
}
