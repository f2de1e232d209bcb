// Deflating by size: zlib at once and on the thread pool, and as Hawser and ws do.
import { promisify } from "node:util";
import { constants, deflateRaw, deflateRawSync } from "node:zlib";
import { bench, do_not_optimize, group, summary } from "mitata";
import { bytes } from "../units.mjs";
import { ofHawser } from "./codec.mjs";
import { json, ofWs, sizes, small } from "./deflated.mjs";

const onThreadPool = promisify(deflateRaw);
const options = { ...small, finishFlush: constants.Z_SYNC_FLUSH };

for (const size of sizes) {
  const message = json(size);
  group(`deflate ${bytes(size)} JSON`, () => {
    summary(() => {
      bench("zlib at once, level 1", () => do_not_optimize(deflateRawSync(message, options))).baseline();
      bench("zlib at once, level 6", () =>
        do_not_optimize(deflateRawSync(message, { ...options, level: 6 })),
      );
      bench("zlib on the thread pool, level 1", async () =>
        do_not_optimize(await onThreadPool(message, options)),
      );
      const hawser = ofHawser();
      bench("hawser", async () => do_not_optimize(await hawser.compress(message)));
      const { compress } = ofWs();
      bench("ws", async () => do_not_optimize(await compress(message)));
    });
  });
}
