// Hawser's codec, as a connection with the default settings has it. It works at once or on the thread pool, as it sees fit.
import { defaultCompression } from "../../packages/hawser/dist/handshake/compression.js";
import { DeflateCodec } from "../../packages/hawser/dist/transport/deflate.js";
import { DeflateWork } from "../../packages/hawser/dist/transport/deflate-work.js";

const alone = { contextTakeover: false, windowBits: defaultCompression.windowBits };

/** A thread whose turn always has time: the benchmarks ask for more than a turn of the loop would do. */
class EndlessWork extends DeflateWork {
  constructor() {
    super((act) => setImmediate(act));
  }

  get hasTime() {
    return true;
  }
}

/** Both directions. What is not done at once comes as a promise. */
export function ofHawser() {
  const codec = new DeflateCodec({ send: alone, receive: alone }, defaultCompression, new EndlessWork());
  return {
    compress: (data) => given((owner) => codec.deflate(data, owner)),
    decompress: (data, max) => given((owner) => codec.inflate(data, max, owner)),
  };
}

function given(begin) {
  let settle;
  const owner = { deflated: (result) => settle(result), inflated: (result) => settle(result) };
  const result = begin(owner);
  if (result !== undefined) return result;
  return new Promise((resolve) => {
    settle = resolve;
  });
}
