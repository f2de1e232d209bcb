// How cost grows: with the number of connections, and with the size of messages.
import { Failure } from "./failure.mjs";
import { runRounds } from "./rounds.mjs";
import { spread } from "./statistics.mjs";
import { bytes, KiB, MiB } from "./units.mjs";

const candidates = ["ws", "net", "hawser"];

const series = [
  {
    name: "connections",
    title: "Echo of 20 B text, one message in flight on each connection",
    axis: { name: "connections", format: (count) => count.toLocaleString("en") },
    steps: [10, 100, 1000, 10_000],
    load: (connections) => ({ mode: "echo", connections, depth: 1, size: 20 }),
  },
  {
    name: "size",
    title: "Echo of binary messages, 4 connections, one in flight on each",
    axis: { name: "size of a message", format: bytes },
    steps: [16, 64, 256, KiB, 4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB, 4 * MiB, 16 * MiB],
    load: (size) => ({ mode: "echo", connections: 4, depth: 1, size, binary: true }),
  },
];

/**
 * What is measured: for --small only the first steps.
 *
 * @throws Failure if none of `only` takes part
 */
export function growthSeries({ small, only }) {
  const taking = only === undefined ? candidates : candidates.filter((candidate) => only.includes(candidate));
  if (taking.length === 0) throw new Failure(`none of ${only.join(", ")} takes part in growth`);
  return series.map((one) => ({
    ...one,
    steps: small ? one.steps.slice(0, 2) : one.steps,
    candidates: taking,
  }));
}

/** How many measurements that will be. */
export function growthTurns(chosen, rounds) {
  return chosen.reduce((sum, { steps, candidates: names }) => sum + steps.length * names.length * rounds, 0);
}

/** Measures one series. @returns for each candidate its points */
export async function measureGrowth({ name, axis, steps, load, candidates: names }, settings, progress) {
  const points = Object.fromEntries(names.map((candidate) => [candidate, []]));
  for (const at of steps) {
    const workload = { load: load(at), candidates: names };
    const what =
      name === "connections" ? `growth, ${axis.format(at)} connections` : `growth, ${axis.format(at)}`;
    const { runs } = await runRounds(what, workload, settings, progress);
    for (const candidate of names) points[candidate].push({ at, ...pointOf(runs[candidate]) });
  }
  return points;
}

function pointOf(runs) {
  return {
    rate: spread(runs.map(({ rate }) => rate)),
    cpuPerMessage: spread(runs.map(({ cpuPerMessage }) => cpuPerMessage)),
  };
}
