// `npm run bench`: all workloads, for all candidates, as ratios within one run.
import process from "node:process";
import { readCommandLine } from "./command-line.mjs";
import { Failure, orFail } from "./failure.mjs";
import { growthSeries, growthTurns, measureGrowth } from "./growth.mjs";
import { machine, versions } from "./machine.mjs";
import { installPeers } from "./peers.mjs";
import { Progress } from "./progress.mjs";
import { growthTable, heading, targetTable, workloadTable } from "./report.mjs";
import { resultFolder } from "./results.mjs";
import { runRounds } from "./rounds.mjs";
import { summarise } from "./summary.mjs";
import { small, workloads } from "./workloads.mjs";

/** Seconds that a measurement takes beside loading: starting, opening connections, ending. */
const around = 1;

await orFail(() => main(readCommandLine(process.argv.slice(2))));

async function main({ names, growth, settings, out }) {
  if (settings.all) installPeers();
  const about = {
    date: new Date().toISOString(),
    small: settings.small,
    settings,
    machine: machine(),
    versions: versions(settings.all),
  };
  console.log(heading(about));
  const { folder, write } = resultFolder(out);
  if (names.length > 0) {
    const results = { ...about, workloads: await measureWorkloads(names, settings) };
    console.log(targetTable(results.workloads));
    write("bench.json", results);
    // Drawing is the work of a large library: not worth loading to refuse a flag.
    const { workloadsPlot } = await import("./plots/workloads.mjs");
    write("bench.svg", workloadsPlot(results));
  }
  if (growth) await runGrowth(about, write);
  console.log(`\nwritten to ${folder}`);
}

async function runGrowth(about, write) {
  const { growthPlot } = await import("./plots/growth.mjs");
  const { settings } = about;
  const chosen = growthSeries(settings);
  const progress = new Progress(growthTurns(chosen, settings.rounds), guess(settings));
  const measured = {};
  for (const series of chosen) {
    const points = await measureGrowth(series, settings, progress);
    measured[series.name] = points;
    progress.clear();
    console.log(growthTable(series, points));
    write(`growth-${series.name}.svg`, growthPlot({ ...series, points, about }));
  }
  write("growth.json", { ...about, growth: measured });
}

async function measureWorkloads(names, settings) {
  const chosen = Object.fromEntries(names.map((name) => [name, withCandidates(name, settings)]));
  const turns = Object.values(chosen).reduce((sum, { candidates }) => sum + candidates.length, 0);
  const progress = new Progress(turns * settings.rounds, guess(settings));
  const summaries = {};
  for (const [name, workload] of Object.entries(chosen)) {
    summaries[name] = summarise(name, workload, await runRounds(name, workload, settings, progress));
    progress.clear();
    console.log(workloadTable(name, summaries[name]));
  }
  return summaries;
}

/** Seconds that one measurement may take. */
function guess({ warmup, seconds }) {
  return warmup + seconds + around;
}

/** A workload with those who take part this time. */
function withCandidates(name, { all, only, small: isSmall }) {
  const { peers, ...workload } = workloads[name];
  const everybody = [...workload.candidates, ...(all ? peers : [])];
  const candidates =
    only === undefined ? everybody : everybody.filter((candidate) => only.includes(candidate));
  if (candidates.length === 0) throw new Failure(`none of ${only.join(", ")} takes part in ${name}`);
  return { ...(isSmall ? small(workload) : workload), candidates };
}
