// Unmasking by size. The key is applied again and again to the same bytes, which is as much work each time.
import { createRequire } from "node:module";
import { unmask } from "bufferutil";
import { applyMask } from "hawser/wire";
import { bench, group, summary } from "mitata";
import { bytes, KiB, MiB } from "../units.mjs";

const { unmask: unmaskPlain } = createRequire(import.meta.url)("bufferutil/fallback.js");

const mask = 0x7b5ba712;
const key = Buffer.from([0x12, 0xa7, 0x5b, 0x7b]);

for (const size of [16, 48, 128, 512, KiB, 4 * KiB, 64 * KiB, MiB]) {
  const payload = Buffer.alloc(size, "The quick brown fox ");
  group(`unmask ${bytes(size)}`, () => {
    summary(() => {
      bench("hawser", () => applyMask(payload, 0, size, mask)).baseline();
      bench("bufferutil", () => unmask(payload, key));
      bench("bufferutil's loop in JavaScript", () => unmaskPlain(payload, key));
    });
  });
}
