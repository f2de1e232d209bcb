// W1, W2, W3: echo servers under the load generator.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { firstLine, start } from "./processes.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export const echo = {
  W1: workload("20 B text, 100 connections, 1 in flight", [100, 1, 20, "text"]),
  W2: workload("20 B text, 100 connections, 32 in flight", [100, 32, 20, "text"]),
  W3: workload("64 KiB binary, 10 connections, 1 in flight", [10, 1, 65_536, "binary"]),
};

function workload(title, load) {
  return {
    title,
    unit: "echoes",
    candidates: ["ws", "hawser", "hawser-session"],
    rateOf: (candidate, warmup, seconds) => rateOf(candidate, [...load, warmup, seconds]),
  };
}

/** @param load connections, messages in flight on each, their size, their kind, seconds of warming up and of measuring */
async function rateOf(candidate, load) {
  const server = start(0, [process.execPath, here(`servers/${candidate}.mjs`)]);
  try {
    const port = await firstLine(server);
    return Number(await firstLine(start(1, [generator(), port, ...load.map(String)])));
  } finally {
    server.kill();
  }
}

let compiled;

/** The load generator, compiled when it is first needed. */
function generator() {
  if (compiled !== undefined) return compiled;
  const folder = mkdtempSync(join(tmpdir(), "hawser-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  compiled = join(folder, "loadgen");
  try {
    execFileSync("cc", ["-O2", "-o", compiled, here("loadgen.c")], { stdio: "inherit" });
  } catch {
    console.error("bench: the load generator needs a C compiler (cc) on Linux");
    process.exit(1);
  }
  return compiled;
}
