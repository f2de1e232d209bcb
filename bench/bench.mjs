// `npm run bench`: all workloads, for all candidates, as ratios within one run.
import process from "node:process";
import { readCommandLine } from "./command-line.mjs";
import { Failure } from "./failure.mjs";
import { machine, versions } from "./machine.mjs";
import { installPeers } from "./peers.mjs";
import { Progress } from "./progress.mjs";
import { heading, targetTable, workloadTable } from "./report.mjs";
import { resultFolder } from "./results.mjs";
import { runRounds } from "./rounds.mjs";
import { summarise } from "./summary.mjs";
import { small, workloads } from "./workloads.mjs";

/** Seconds that a measurement takes beside loading: starting, opening connections, ending. */
const around = 1;

try {
  await main(readCommandLine(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`\nbench: ${error.message}`);
  if (error.output !== "") console.error(error.output.trimEnd());
  process.exit(1);
}

async function main({ names, settings, folder: folderName }) {
  if (settings.all) installPeers();
  const about = {
    date: new Date().toISOString(),
    small: settings.small,
    settings,
    machine: machine(),
    versions: versions(settings.all),
  };
  console.log(heading(about));
  const summaries = await measureWorkloads(names, settings);
  console.log(targetTable(summaries));
  const { folder, write } = resultFolder(folderName);
  write("bench.json", { ...about, workloads: summaries });
  console.log(`\n${folder}`);
}

async function measureWorkloads(names, settings) {
  const chosen = Object.fromEntries(names.map((name) => [name, withCandidates(name, settings)]));
  const turns = Object.values(chosen).reduce((sum, { candidates }) => sum + candidates.length, 0);
  const progress = new Progress(turns * settings.rounds, settings.warmup + settings.seconds + around);
  const summaries = {};
  for (const [name, workload] of Object.entries(chosen)) {
    summaries[name] = summarise(name, workload, await runRounds(name, workload, settings, progress));
    console.log(workloadTable(name, summaries[name]));
  }
  return summaries;
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
