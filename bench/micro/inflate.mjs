// Inflating by size: zlib at once and on the thread pool, and as Hawser and ws do.
import { promisify } from "node:util";
import { constants, deflateRawSync, inflateRaw, inflateRawSync } from "node:zlib";
import { bench, do_not_optimize, group, summary } from "mitata";
import { bytes, MiB } from "../units.mjs";
import { ofHawser } from "./codec.mjs";
import { json, ofWs, sizes, small } from "./deflated.mjs";

const onThreadPool = promisify(inflateRaw);
const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MiB };

for (const size of sizes) {
  const message = deflateRawSync(json(size), { ...small, finishFlush: constants.Z_SYNC_FLUSH });
  const onWire = message.subarray(0, -4);
  group(`inflate ${bytes(size)} JSON`, () => {
    summary(() => {
      bench("zlib at once", () => do_not_optimize(inflateRawSync(message, options))).baseline();
      bench("zlib on the thread pool", async () => do_not_optimize(await onThreadPool(message, options)));
      const hawser = ofHawser();
      bench("hawser", async () => do_not_optimize(await hawser.decompress(onWire, MiB)));
      const { decompress } = ofWs();
      bench("ws", async () => do_not_optimize(await decompress(onWire)));
    });
  });
}
