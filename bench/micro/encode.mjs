// Encoding: text to the frames of a server, and of a client.
import { Encoder } from "hawser/wire";
import { bench, do_not_optimize, group, summary } from "mitata";
import { Sender } from "ws";
import { bytes, KiB } from "../units.mjs";
import { asciiText } from "./frames.mjs";

/** Memory that is written over and over, as that of plain sockets. */
const slab = { bytes: Buffer.alloc(64 * KiB), used: 0 };
const output = {
  reserve() {
    slab.used = 0;
    return slab;
  },
  write: do_not_optimize,
};

for (const size of [8, 20, 64, 256, KiB, 4 * KiB]) {
  const text = asciiText(size);
  for (const mask of [false, true]) {
    group(`encode ${bytes(size)} text, ${mask ? "client" : "server"}`, () => {
      summary(() => {
        const encoder = new Encoder(output, mask ? () => 0x7b5ba712 : undefined);
        bench("hawser", () => encoder.text(text)).baseline();
        const options = { fin: true, opcode: 1, rsv1: false, readOnly: false, mask };
        bench("ws", () => do_not_optimize(Sender.frame(Buffer.from(text), options)));
      });
    });
  }
}
