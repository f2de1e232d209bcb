// From runs to what is told: medians, spreads, ratios, and whether the targets are met.
import { ratios, spread } from "./statistics.mjs";
import { subject, targets } from "./targets.mjs";
import { isMemory } from "./workloads.mjs";

/**
 * A workload with its runs as it goes to the report and to the JSON.
 *
 * `value` is the rate, or the KiB per connection after a garbage collection.
 */
export function summarise(name, workload, { runs, unavailable }) {
  const figure = isMemory(workload) ? (run) => run.kibCollected : (run) => run.rate;
  const values = Object.fromEntries(
    Object.entries(runs).map(([candidate, list]) => [candidate, list.map(figure)]),
  );
  const [baseline] = workload.candidates;
  const results = Object.fromEntries(
    Object.entries(runs).map(([candidate, list]) => [
      candidate,
      {
        value: spread(values[candidate]),
        ratio: baseline in values ? ratios(values[candidate], values[baseline]) : undefined,
        runs: list,
      },
    ]),
  );
  return {
    title: workload.title,
    unit: workload.unit,
    less: isMemory(workload),
    load: workload.load,
    baseline,
    results,
    unavailable,
    targets: (targets[name] ?? []).map((target) => judge(target, values)),
  };
}

/** @returns the target with what was reached; `met` is undefined where one of both was not measured, or did nothing in a round */
function judge(target, values) {
  const ours = values[target.subject ?? subject];
  const theirs = target.against === undefined ? undefined : values[target.against];
  if (ours === undefined || (target.against !== undefined && theirs === undefined)) return target;
  if (theirs?.includes(0)) return target;
  const reached = theirs === undefined ? spread(ours) : ratios(ours, theirs);
  const met =
    target.direction === "at least" ? reached.median >= target.ratio : reached.median <= target.ratio;
  return { ...target, reached, met };
}
