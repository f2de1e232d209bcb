// Inflating by size: at once, on the thread pool, and as ws does.
import { promisify } from "node:util";
import { constants, deflateRawSync, inflateRaw, inflateRawSync } from "node:zlib";
import { bench, do_not_optimize, group, summary } from "mitata";
import { bytes, MiB } from "../units.mjs";
import { json, ofWs, sizes, small } from "./deflated.mjs";

const onThreadPool = promisify(inflateRaw);
const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MiB };

for (const size of sizes) {
  const message = deflateRawSync(json(size), { ...small, finishFlush: constants.Z_SYNC_FLUSH });
  const onWire = message.subarray(0, -4);
  group(`inflate ${bytes(size)} JSON`, () => {
    summary(() => {
      bench("at once", () => do_not_optimize(inflateRawSync(message, options))).baseline();
      bench("on the thread pool", async () => do_not_optimize(await onThreadPool(message, options)));
      const { decompress } = ofWs();
      bench("ws", async () => do_not_optimize(await decompress(onWire)));
    });
  });
}
