// The tables on the terminal.
import { candidates } from "./candidates.mjs";
import { subject } from "./targets.mjs";
import { number } from "./units.mjs";

/** Above this, as a part of one core, what else runs on the machine is worth a warning. */
const noticeable = 0.1;

/** What all figures belong to. */
export function heading({ machine, versions, small }) {
  const { processor, cores, memory, system, pinned, loadGenerator } = machine;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    `${processor}, ${cores} cores, ${memory}, ${system}`,
    named.join(", "),
    pinned
      ? "what is measured on core 0, what it talks to on core 1"
      : "NOT pinned to cores: figures are rougher than they need to be",
  ];
  if (loadGenerator !== "C") {
    lines.push("NO C compiler: the load generator in JavaScript is the bottleneck, and ratios are too small");
  }
  if (small) lines.push("SMALL: few connections and short messages; these figures say nothing");
  return lines.join("\n");
}

/** One workload: a line for each candidate, and the targets. */
export function workloadTable(name, summary) {
  const { title, unit, baseline, less, results, unavailable, targets } = summary;
  const base = candidates[baseline].label;
  const rows = [
    ["", less ? `${unit}, collected` : unit, "spread", `× ${base}`, "spread", less ? "as it was" : "CPU"],
  ];
  for (const [candidate, { value, ratio, runs }] of Object.entries(results)) {
    rows.push([
      candidates[candidate].label,
      number(value.median),
      range(value),
      ratio === undefined ? "" : number(ratio.median),
      ratio === undefined ? "" : range(ratio),
      less ? number(middle(runs, "kib")) : cost(middle(runs, "cpuPerMessage")),
    ]);
  }
  const lines = [`\n${name}: ${title}`, ...aligned(rows)];
  for (const [candidate, reason] of Object.entries(unavailable)) {
    lines.push(`  ${candidates[candidate].label}: not available (${reason})`);
  }
  const disturbed = Math.max(...Object.values(results).map(({ runs }) => middle(runs, "otherLoad")));
  if (disturbed > noticeable) {
    lines.push(`  other processes kept ${disturbed.toFixed(1)} cores busy meanwhile: do not trust this`);
  }
  return [...lines, ...targets.map((target) => `  ${targetLine(target, unit)}`)].join("\n");
}

/** All targets of all workloads, one line each. */
export function targetTable(summaries) {
  const rows = [];
  for (const [name, { targets, unit }] of Object.entries(summaries)) {
    for (const target of targets)
      rows.push([name, wanted(target, unit), reachedText(target), verdict(target)]);
  }
  return [`\nTargets of ${candidates[subject].label}`, ...aligned(rows)].join("\n");
}

/** One series of growth: a line for each step. */
export function growthTable({ title, axis, steps, candidates: names }, points) {
  const rows = [["", ...names.flatMap((name) => [candidates[name].label, ""])]];
  rows.push([axis.name, ...names.flatMap(() => ["CPU", "messages/s"])]);
  steps.forEach((step, index) => {
    const cells = names.flatMap((name) => {
      const { cpuPerMessage, rate } = points[name][index];
      return [cost(cpuPerMessage.median), number(rate.median)];
    });
    rows.push([axis.format(step), ...cells]);
  });
  return [`\nGrowth: ${title}`, ...aligned(rows)].join("\n");
}

function targetLine(target, unit) {
  return `target ${wanted(target, unit)}: ${reachedText(target)} ${verdict(target)}`;
}

function wanted({ direction, ratio, against }, unit) {
  const sign = direction === "at least" ? "≥" : "≤";
  return against === undefined
    ? `${sign} ${ratio} ${unit}`
    : `${sign} ${ratio} × ${candidates[against].label}`;
}

function reachedText({ reached }) {
  return reached === undefined ? "–" : `${number(reached.median)} (${range(reached)})`;
}

function verdict({ met }) {
  if (met === undefined) return "not measured";
  return met ? "met" : "NOT MET";
}

function range({ low, high }) {
  return `${number(low)}–${number(high)}`;
}

function cost(microseconds) {
  return microseconds > 0 ? `${number(microseconds)} µs` : "";
}

function middle(runs, field) {
  const sorted = runs.map((run) => run[field] ?? 0).toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** The first column to the left, all others to the right. */
function aligned(rows) {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column].length))) ?? [];
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
    return `  ${cells.join("   ")}`.trimEnd();
  });
}
