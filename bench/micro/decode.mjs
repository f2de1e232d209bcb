// Decoding: a chunk of masked frames to messages, by the whole machine.
import { createWire } from "hawser/wire";
import { bench, do_not_optimize, group, summary } from "mitata";
import { Receiver } from "ws";
import { bytes, KiB } from "../units.mjs";
import { asciiText, maskedFrames } from "./frames.mjs";

let delivered = 0;

function deliver(message) {
  delivered += 1;
  do_not_optimize(message);
  return true;
}

const sink = {
  reserve: () => ({ bytes: Buffer.alloc(256), used: 0 }),
  write: () => undefined,
  message: deliver,
};

for (const [size, count] of [
  [20, 100],
  [KiB, 10],
  [64 * KiB, 1],
]) {
  // Unmasking happens in place: every round needs a fresh copy, which both pay.
  const chunk = maskedFrames(asciiText(size), count);
  group(`decode ${count} × ${bytes(size)} text`, () => {
    summary(() => {
      const wire = createWire({ role: "server", sink, now: 0 });
      const hawser = () => wire.receive(Buffer.from(chunk), 0);
      checkDelivery(hawser, count);
      bench("hawser", hawser).baseline();

      const receiver = new Receiver({ isServer: true });
      receiver.on("message", (data) => deliver(data.toString()));
      const ws = () => receiver.write(Buffer.from(chunk));
      checkDelivery(ws, count);
      bench("ws, made strings", ws);
    });
  });
}

/** A decoder that stops at a mistake would be the fastest of all. */
function checkDelivery(decode, count) {
  delivered = 0;
  decode();
  if (delivered !== count) throw new Error(`${delivered} of ${count} messages were delivered`);
}
