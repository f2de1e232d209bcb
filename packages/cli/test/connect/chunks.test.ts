// Standard input as chunks, in turn with all else that happens.
import { Readable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { chunksOf } from "../../src/connect/pipe.ts";

test("between two chunks all else has its turn, however many are there", async () => {
  let turns = 0;
  let next: NodeJS.Immediate;
  const turn = () => {
    turns += 1;
    next = setImmediate(turn);
  };
  turn();
  onTestFinished(() => clearImmediate(next));
  const input = Readable.from(["one", "two", "three"].map((text) => Buffer.from(text)));
  const at: number[] = [];
  for await (const _chunk of chunksOf(input, new AbortController().signal)) at.push(turns);
  expect(at).toHaveLength(3);
  expect(new Set(at).size).toBe(3);
});
