// OutputBuffer: slabs and pieces come out in the order in which they went in.
import { describe, expect, test } from "vitest";
import { OutputBuffer } from "../../src/wire/output-buffer.ts";
import { bytes, filler } from "../support/bytes.ts";

/** Puts bytes into a slab, as an encoder does. */
function put(output: OutputBuffer, piece: Uint8Array): void {
  const slab = output.reserve(piece.length);
  expect(slab.bytes.length - slab.used).toBeGreaterThanOrEqual(piece.length);
  slab.bytes.set(piece, slab.used);
  slab.used += piece.length;
}

describe("OutputBuffer", () => {
  test("is empty at first", () => {
    expect(new OutputBuffer().take()).toEqual(bytes``);
  });

  test("keeps the order of slabs and pieces", () => {
    const output = new OutputBuffer();
    put(output, bytes`01 02`);
    put(output, bytes`03`);
    output.write(bytes`04`);
    output.write(bytes`05 06`);
    put(output, bytes`07`);
    expect(output.take()).toEqual(bytes`01 02 03 04 05 06 07`);
  });

  test("gives each byte once", () => {
    const output = new OutputBuffer();
    put(output, bytes`01`);
    expect(output.take()).toEqual(bytes`01`);
    expect(output.take()).toEqual(bytes``);
    put(output, bytes`02`);
    expect(output.take()).toEqual(bytes`02`);
  });

  test("what was taken stays as it is when more is written", () => {
    const output = new OutputBuffer();
    put(output, bytes`01`);
    const taken = output.take();
    put(output, bytes`02`);
    taken[0] = 9;
    expect(output.take()).toEqual(bytes`02`);
  });

  test("room that was reserved and not used is not output", () => {
    const output = new OutputBuffer();
    output.reserve(100);
    put(output, bytes`01`);
    output.reserve(100);
    expect(output.take()).toEqual(bytes`01`);
  });

  test("a small slab serves many", () => {
    const output = new OutputBuffer();
    const slab = output.reserve(8);
    slab.used += 8;
    expect(output.reserve(8)).toBe(slab);
  });

  test.each([4095, 4096, 4097, 32_768])("takes %i bytes behind others", (size) => {
    const output = new OutputBuffer();
    const large = filler(size);
    put(output, bytes`01 02 03`);
    put(output, large);
    put(output, bytes`04`);
    expect(output.take()).toEqual(bytes`01 02 03 ${large} 04`);
  });
});
