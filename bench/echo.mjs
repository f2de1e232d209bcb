// `npm run bench`: echo workloads W1, W2 and W3 against npm ws, as ratios within one run.
//
// Each server runs in a process of its own on one core, the load generator on another; the candidates take turns, and the
// median of all rounds counts. `npm run bench -- W2` runs one workload, `-- --rounds 3` sets the rounds.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const workloads = {
  W1: {
    title: "20 B text, 100 connections, 1 in flight",
    connections: 100,
    depth: 1,
    size: 20,
    kind: "text",
  },
  W2: {
    title: "20 B text, 100 connections, 32 in flight",
    connections: 100,
    depth: 32,
    size: 20,
    kind: "text",
  },
  W3: {
    title: "64 KiB binary, 10 connections, 1 in flight",
    connections: 10,
    depth: 1,
    size: 65_536,
    kind: "binary",
  },
};
const candidates = ["ws", "hawser", "hawser-session"];
const baseline = "ws";

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
  if (!(name in workloads))
    fail(`there is no workload ${name}; there are ${Object.keys(workloads).join(", ")}`);
}

const folder = mkdtempSync(join(tmpdir(), "hawser-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const generator = join(folder, "loadgen");
try {
  execFileSync("cc", ["-O2", "-o", generator, here("loadgen.c")], { stdio: "inherit" });
} catch {
  fail("the load generator needs a C compiler (cc) on Linux");
}
const pinned = availableParallelism() > 1 && has("taskset");

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"}, ${pinned ? "pinned" : "not pinned"}`,
);
for (const name of chosen) report(name, await measure(workloads[name]));

/** Rates of every candidate, round by round. */
async function measure(workload) {
  const rates = Object.fromEntries(candidates.map((candidate) => [candidate, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const candidate of candidates) rates[candidate].push(await rateOf(candidate, workload));
  }
  return rates;
}

async function rateOf(candidate, { connections, depth, size, kind }) {
  const [command, ...more] = onCore(0, [process.execPath, here(`servers/${candidate}.mjs`)]);
  const server = spawn(command, more, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await firstLine(server);
    const load = [port, connections, depth, size, kind, values.warmup, values.seconds].map(String);
    const generated = spawn(...split(onCore(1, [generator, ...load])), {
      stdio: ["ignore", "pipe", "inherit"],
    });
    return Number(await firstLine(generated));
  } finally {
    server.kill();
  }
}

function report(name, rates) {
  console.log(`\n${name}: ${workloads[name].title}`);
  for (const candidate of candidates) {
    const ratios = rates[candidate].map((rate, round) => rate / rates[baseline][round]);
    const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    const rate = Math.round(median(rates[candidate])).toLocaleString("en");
    console.log(
      `  ${candidate.padEnd(16)} ${rate.padStart(12)} echoes/s   ${median(ratios).toFixed(2)} × ws (${spread})`,
    );
  }
}

function firstLine(child) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.split("\n", 1)[0]);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${child.spawnargs.join(" ")} exited with ${code}`)));
  });
}

function onCore(core, command) {
  return pinned ? ["taskset", "-c", String(core), ...command] : command;
}

function split([command, ...rest]) {
  return [command, rest];
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function has(command) {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(1);
}
