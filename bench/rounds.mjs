// Runs the candidates of a workload in turns, round by round, so that a slow minute of the machine hits all of them.
import { candidates } from "./candidates.mjs";
import { Failure } from "./failure.mjs";
import { measure } from "./measure.mjs";

/**
 * Measures every candidate of a workload in every round.
 *
 * @param settings rounds, warmup, seconds
 * @param progress hears of each measurement before and after
 * @returns for each candidate its runs, or why it cannot run this workload
 */
export async function runRounds(name, workload, settings, progress) {
  const runs = Object.fromEntries(workload.candidates.map((candidate) => [candidate, []]));
  const unavailable = {};
  for (let round = 0; round < settings.rounds; round += 1) {
    for (const candidate of rotated(workload.candidates, round)) {
      if (candidate in unavailable) {
        progress.skip();
        continue;
      }
      progress.begin(`${name}, round ${round + 1} of ${settings.rounds}: ${candidates[candidate].label}`);
      try {
        const run = await measure(candidate, workload, settings);
        runs[candidate].push(run);
        progress.end(run);
      } catch (error) {
        if (!(error instanceof Failure) || workload.optional !== true) throw error;
        unavailable[candidate] = error.reason;
        delete runs[candidate];
        progress.end(undefined);
      }
    }
  }
  return { runs, unavailable };
}

/** Nobody is always the one that runs after the same other. */
function rotated(names, round) {
  const first = round % names.length;
  return [...names.slice(first), ...names.slice(0, first)];
}
