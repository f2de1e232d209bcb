// The benchmark still works: every workload once, shortly and with few connections. What it measures is not looked at.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, describe, expect, test } from "vitest";
import { root } from "../docs/support.ts";

const folder = mkdtempSync(join(tmpdir(), "hawser-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Why it cannot run here; undefined if it can. */
function obstacle(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (spawnSync("cc", ["--version"]).status !== 0) return "needs a C compiler";
  return existsSync(join(root, "packages/hawser/dist/index.js")) ? undefined : "needs npm run build first";
}

function bench(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, ["bench/bench.mjs", ...args], { cwd: root, env });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, output, ended };
}

const short = ["--small", "--rounds", "1", "--seconds", "0.2", "--warmup", "0.05"];

/** Runs the benchmark, and gives what it wrote. */
async function results(name: string, args: readonly string[], environment?: Record<string, string>) {
  const out = join(folder, name);
  const { output, ended } = bench([...short, "--out", out, ...args], environment);
  expect(await ended, output.stderr).toBe(0);
  return { out, read: (file: string) => JSON.parse(readFileSync(join(out, file), "utf8")) };
}

interface Workload {
  readonly results: Record<string, { value: { median: number }; runs: unknown[] }>;
  readonly unavailable: Record<string, string>;
  readonly targets: { direction: string; ratio: number; reached?: { median: number }; met?: boolean }[];
}

const reason = obstacle();
const minutes = 60_000;

describe.skipIf(reason !== undefined)(`the benchmark${reason === undefined ? "" : ` (${reason})`}`, () => {
  test("runs every workload for every candidate", { timeout: 5 * minutes }, async () => {
    const { out, read } = await results("all", []);
    const { workloads, machine, versions } = read("bench.json");
    expect(Object.keys(workloads)).toEqual([
      "W1",
      "W2",
      "W3",
      "W3b",
      "W4",
      "W4p",
      "W5",
      "W5z",
      "W6",
      "W7",
      "W8",
      "P1",
      "P2",
      "P7",
    ]);
    for (const [name, workload] of Object.entries<Workload>(workloads)) {
      expect(Object.keys(workload.results), name).toContain(name.startsWith("P") ? "hawser-pool" : "ws");
      expect(workload.unavailable, name).toEqual({});
      for (const [candidate, { value, runs }] of Object.entries(workload.results)) {
        expect(runs, `${name} ${candidate}`).toHaveLength(1);
        expect(value.median, `${name} ${candidate}`).toEqual(expect.any(Number));
      }
      expect(workload.targets.length, name).toBeGreaterThan(0);
      for (const { direction, ratio, reached, met } of workload.targets) {
        if (reached === undefined) continue;
        expect(met).toBe(direction === "at least" ? reached.median >= ratio : reached.median <= ratio);
      }
    }
    expect(Object.keys(machine)).toEqual([
      "processor",
      "cores",
      "memory",
      "system",
      "pinned",
      "loadGenerator",
    ]);
    expect(versions).toMatchObject({ node: process.versions.node });
    expect(readFileSync(join(out, "bench.svg"), "utf8")).toMatch(/^<svg[\s\S]*P7:[\s\S]*<\/svg>$/);
  });

  test("shows how cost grows", { timeout: 2 * minutes }, async () => {
    const { out, read } = await results("growth", ["growth", "--candidates", "hawser"]);
    const { growth } = read("growth.json");
    expect(growth.connections.hawser.map(({ at }: { at: number }) => at)).toEqual([10, 100]);
    expect(growth.size.hawser.map(({ at }: { at: number }) => at)).toEqual([16, 64]);
    expect(readdirSync(out).sort()).toEqual(["growth-connections.svg", "growth-size.svg", "growth.json"]);
  });

  test("has a load generator without a C compiler", { timeout: 2 * minutes }, async () => {
    const args = ["W1", "W4", "W5", "P7", "--candidates", "hawser"];
    const { read } = await results("fallback", args, { HAWSER_BENCH_LOADGEN: "js" });
    const { workloads, machine } = read("bench.json");
    expect(machine.loadGenerator).toBe("JavaScript");
    for (const name of ["W1", "W4", "W5", "P7"]) {
      expect(workloads[name].results.hawser.value.median, name).toEqual(expect.any(Number));
    }
  });

  test("leaves no process behind when it is interrupted", { timeout: minutes }, async () => {
    const { child, ended } = bench([
      "W1",
      "--candidates",
      "hawser",
      "--seconds",
      "10",
      "--out",
      join(folder, "cut"),
    ]);
    const children = () =>
      readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ").slice(0, -1);
    await expect.poll(() => children().length, { timeout: minutes / 2 }).toBe(2);
    const started = children();
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    // What nobody has collected yet is dead all the same.
    const runs = (pid: string) =>
      existsSync(`/proc/${pid}`) && !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    await expect.poll(() => started.filter(runs)).toEqual([]);
  });
});

test.each([
  [["W9"], "there is no workload W9; there are W1, W2,"],
  [["--rounds", "0"], "--rounds must be a whole number from 1 to 9999, not 0"],
  [["--seconds", "90"], "--seconds must be a number of seconds from 0.05 to 60, not 90"],
  [["--candidates", "socket.io"], "there is no candidate socket.io; there are ws,"],
  [["--round", "1"], "Unknown option '--round'"],
])("the benchmark refuses %j in one line", async (args, message) => {
  const { output, ended } = bench(args);
  expect(await ended).toBe(1);
  expect(output.stdout).toBe("");
  expect(output.stderr.trimEnd().split("\n")).toEqual([expect.stringContaining(`bench: ${message}`)]);
});
