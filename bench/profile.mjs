// `npm run bench:profile -- W1 [candidate]`: where the time of a server, or of a client, goes under the load of a workload.
//
// Leaves three files: the profile of V8 (for the developer tools of a browser), a flame graph, and a table of whose the time was and what took longest.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { candidates } from "./candidates.mjs";
import { Failure, orFail } from "./failure.mjs";
import { measure } from "./measure.mjs";
import { callTree } from "./profile/call-tree.mjs";
import { flameGraph } from "./profile/flame-graph.mjs";
import { ownersOfTime } from "./profile/owners.mjs";
import { selfTimes } from "./profile/self-times.mjs";
import { resultFolder } from "./results.mjs";
import { number } from "./units.mjs";
import { workloads } from "./workloads.mjs";

const usage =
  "Usage: npm run bench:profile -- WORKLOAD [CANDIDATE] [--seconds S] [--warmup S] [--out FOLDER]";

await orFail(async () => {
  const { values, positionals } = commandLine();
  const [name, candidate = "hawser"] = positionals;
  check(name, candidate);
  const { folder, write } = resultFolder(values.out);
  const title = `profile-${name}-${candidate}`;
  const flags = ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${title}.cpuprofile`];
  console.log(`${name}, ${candidates[candidate].label}: ${workloads[name].title}`);
  const run = await measure(candidate, workloads[name], {
    warmup: Number(values.warmup),
    seconds: Number(values.seconds),
    flags,
  });
  console.log(`${number(run.rate ?? run.kibCollected)} ${workloads[name].unit} while profiled\n`);
  const profile = JSON.parse(readFileSync(join(folder, `${title}.cpuprofile`), "utf8"));
  const tree = callTree(profile, Number(values.seconds));
  const table = `${ownersOfTime(tree)}\n\n${selfTimes(tree)}`;
  write(
    `${title}.svg`,
    flameGraph(tree, `${name}: ${candidates[candidate].label}, ${workloads[name].title}`),
  );
  write(`${title}.txt`, `${table}\n`);
  console.log(`${table}\n\nwritten to ${folder}`);
});

function commandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: "string", default: "5" },
        warmup: { type: "string", default: "1" },
        out: { type: "string" },
      },
    });
  } catch (error) {
    throw new Failure(`${error.message}. ${usage}`);
  }
}

function check(name, candidate) {
  if (name === undefined || !Object.hasOwn(workloads, name)) {
    throw new Failure(`the workload must be one of ${Object.keys(workloads).join(", ")}. ${usage}`);
  }
  const onNode = workloads[name].candidates;
  if (!onNode.includes(candidate)) throw new Failure(`the candidate must be one of ${onNode.join(", ")}`);
}
