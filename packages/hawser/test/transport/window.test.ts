// The window: the last bytes, whatever they came in.
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Window } from "../../src/transport/window.ts";
import { filler } from "../support/bytes.ts";

it("remembers nothing at first, and nothing of nothing", () => {
  const window = new Window(8);
  expect(window.bytes).toBeUndefined();
  window.append(new Uint8Array(0));
  expect(window.bytes).toBeUndefined();
});

it("remembers the last bytes of what went through, whatever the pieces", () => {
  const pieces = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 20 });
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 11 }), pieces, (bits, sizes) => {
      const window = new Window(bits);
      const whole = filler(sizes.reduce((sum, size) => sum + size, 0));
      let at = 0;
      for (const size of sizes) {
        window.append(whole.subarray(at, at + size));
        at += size;
        const remembered = whole.subarray(Math.max(0, at - 2 ** bits), at);
        expect(Buffer.compare(window.bytes ?? Buffer.alloc(0), remembered)).toBe(0);
      }
    }),
    { seed: 7692, numRuns: 200 },
  );
});

it("takes no more memory than it has to", () => {
  const window = new Window(15);
  window.append(filler(100));
  expect(window.bytes?.buffer.byteLength).toBe(1024);
  window.append(filler(1000));
  expect(window.bytes?.buffer.byteLength).toBe(2048);
  window.append(filler(1_000_000));
  expect(window.bytes?.buffer.byteLength).toBe(32_768);
  const small = new Window(8);
  small.append(filler(1));
  expect(small.bytes?.buffer.byteLength).toBe(256);
});
