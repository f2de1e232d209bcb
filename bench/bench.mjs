// `npm run bench`: workloads W1, W2, W3 (echo servers) and W8 (a client under a flood) against npm ws, as ratios within one run.
//
// What is measured runs in a process of its own on one core, what it talks to on another; the candidates take turns, and the
// median of all rounds counts. `npm run bench -- W2` runs one workload, `-- --rounds 3` sets the rounds.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { echo } from "./echo.mjs";
import { flood } from "./flood.mjs";
import { pinned } from "./processes.mjs";

const workloads = { ...echo, ...flood };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    warmup: { type: "string", default: "1" },
  },
});
const chosen = positionals.length === 0 ? Object.keys(workloads) : positionals;
for (const name of chosen) {
  if (name in workloads) continue;
  console.error(`bench: there is no workload ${name}; there are ${Object.keys(workloads).join(", ")}`);
  process.exit(1);
}

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"}, ${pinned ? "pinned" : "not pinned"}`,
);
for (const name of chosen) report(name, workloads[name], await measure(workloads[name]));

/** Rates of every candidate, round by round. */
async function measure({ candidates, rateOf }) {
  const rates = Object.fromEntries(candidates.map((candidate) => [candidate, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const candidate of candidates) {
      rates[candidate].push(await rateOf(candidate, values.warmup, values.seconds));
    }
  }
  return rates;
}

/** The first candidate is what the others are compared to. */
function report(name, { title, unit, candidates }, rates) {
  const [baseline] = candidates;
  console.log(`\n${name}: ${title}`);
  for (const candidate of candidates) {
    const ratios = rates[candidate].map((rate, round) => rate / rates[baseline][round]);
    const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    const rate = Math.round(median(rates[candidate])).toLocaleString("en");
    console.log(
      `  ${candidate.padEnd(18)} ${rate.padStart(12)} ${unit}/s   ${median(ratios).toFixed(2)} × ${baseline} (${spread})`,
    );
  }
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
