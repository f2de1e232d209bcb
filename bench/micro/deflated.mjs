// Messages to compress, and ws's compressor, which has no public name.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { jsonMessage } from "../load-generator.mjs";
import { KiB } from "../units.mjs";

const require = createRequire(import.meta.url);
const folder = dirname(require.resolve("ws/package.json"));
const PerMessageDeflate = require(join(folder, "lib/permessage-deflate.js"));

export const sizes = [128, KiB, 4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB];

/** The settings of small messages: no context, little memory, and no more effort than pays. */
export const small = { level: 1, memLevel: 4, windowBits: 12 };

/** JSON of this many bytes. */
export function json(size) {
  return Buffer.from(jsonMessage.repeat(Math.ceil(size / jsonMessage.length))).subarray(0, size);
}

/** Both directions of ws, in promises, as a server that has agreed on everything by default. */
export function ofWs() {
  const deflate = new PerMessageDeflate({ threshold: 0, isServer: true });
  deflate.accept([{}]);
  const promised = (method) => (data) =>
    new Promise((resolve, reject) => {
      deflate[method](data, true, (error, result) => (error ? reject(error) : resolve(result)));
    });
  return { compress: promised("compress"), decompress: promised("decompress") };
}
