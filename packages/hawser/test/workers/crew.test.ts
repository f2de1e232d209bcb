// Who gets the next socket.
import { expect, test } from "vitest";
import { type Fitness, fittest } from "../../src/workers/crew.ts";

const fit: Fitness = { phase: "ready", tight: false, lastHeard: 1000, load: 5 };

test.each<[string, Fitness[], number | undefined]>([
  ["nobody", [], undefined],
  ["the one with the fewest", [fit, { ...fit, load: 4 }, { ...fit, load: 6 }], 1],
  ["of those with as few, the first", [fit, fit], 0],
  ["nobody who starts still", [{ ...fit, phase: "starting", load: 0 }, fit], 1],
  ["nobody who leaves", [{ ...fit, phase: "leaving", load: 0 }, fit], 1],
  ["nobody without memory for more (R17)", [{ ...fit, tight: true, load: 0 }, fit], 1],
  ["nobody who was not heard for long (R9, R13)", [{ ...fit, lastHeard: 899, load: 0 }, fit], 1],
  ["who was heard just in time", [{ ...fit, lastHeard: 900, load: 0 }, fit], 0],
  [
    "none of these",
    [
      { ...fit, phase: "gone" },
      { ...fit, tight: true },
      { ...fit, lastHeard: 0 },
    ],
    undefined,
  ],
])("%s", (_name, members, expected) => {
  expect(fittest(members, 900)).toBe(expected === undefined ? undefined : members[expected]);
});
