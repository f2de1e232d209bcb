// Runs every check in order, cheap ones first, and stops at the first that fails. With `check`: all but the tests.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const module = (path) => join(root, "node_modules", path);

const checks = [
  ["peers of the operating system", "scripts/peers.mjs"],
  ["build", "scripts/build.mjs"],
  // By path: typescript-5.4 brings a tsc too and either may own node_modules/.bin/tsc.
  ["types", module("typescript/bin/tsc"), "--noEmit"],
  ["format, lint and arrows (biome)", module("@biomejs/biome/bin/biome"), "check", "--error-on-warnings"],
  ["promises and types (oxlint)", module("oxlint/bin/oxlint"), "--type-aware", "--deny-warnings"],
  ["unused code (knip)", module("knip/bin/knip.js"), "--no-progress"],
  ["packages as published", "scripts/package-check.mjs"],
];

/** Runs a Node program and gives its status and, unless it may print, its output. */
function run([program, ...args], stdio = "pipe") {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { cwd: root, stdio: ["ignore", stdio, stdio] });
    const output = [];
    child.stdout?.on("data", (chunk) => output.push(chunk));
    child.stderr?.on("data", (chunk) => output.push(chunk));
    child.on("close", (code) => resolve({ ok: code === 0, output: Buffer.concat(output).toString() }));
  });
}

for (const [name, ...command] of checks) {
  const start = performance.now();
  const { ok, output } = await run(command);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${ok ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
  if (!ok) {
    console.log(output);
    process.exit(1);
  }
}
if (process.argv.includes("check")) process.exit(0);

const folder = mkdtempSync(join(tmpdir(), "hawser-test-"));
const report = join(folder, "report.json");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const { ok } = await run([module("vitest/vitest.mjs"), "run", "--coverage", ...reporters], "inherit");
let result;
try {
  result = JSON.parse(readFileSync(report, "utf8"));
} catch {
  console.log("FAIL tests: vitest ended without a report");
  process.exit(1);
} finally {
  rmSync(folder, { recursive: true });
}

const skipped = result.numPendingTests + result.numTodoTests;
const skippedPeers = result.testResults
  .filter((file) => file.name.includes("/test/interop/"))
  .flatMap((file) =>
    file.assertionResults.filter((test) => test.status === "skipped" || test.status === "pending"),
  );
const forbidden = process.env.HAWSER_REQUIRE_PEERS === "1" && skippedPeers.length > 0;
if (forbidden)
  for (const test of skippedPeers) console.log(`FAIL skipped for want of its peer: ${test.fullName}`);

const nothing = result.numPassedTests === 0;
if (nothing) console.log("FAIL no test passed");
// A file that did not load, or coverage below its mark, fails the run with no failed test.
if (!ok && result.numFailedTests === 0) console.log("FAIL tests: no test failed, but vitest did (see above)");

console.log(
  `\n${result.numPassedTests} passed, ${result.numFailedTests} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
);
process.exit(ok && !forbidden && !nothing ? 0 : 1);
