// What a figure belongs to: the machine, and the versions of all that ran.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, platform, release, totalmem } from "node:os";
import process from "node:process";
import { inC } from "./load-generator.mjs";
import { peerVersions } from "./peers.mjs";
import { pinned } from "./processes.mjs";

/** The machine, and how it was used. */
export function machine() {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${release()}`,
    pinned,
    loadGenerator: inC() ? "C" : "JavaScript",
  };
}

/** @param all whether Bun and Deno take part */
export function versions(all) {
  return {
    hawser: commit(),
    node: process.versions.node,
    v8: process.versions.v8,
    ws: packageVersion("ws"),
    bufferutil: packageVersion("bufferutil"),
    undici: packageVersion("undici"),
    ...(all && peerVersions()),
  };
}

function packageVersion(name) {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

/** The commit, with a plus if files differ from it. */
function commit() {
  try {
    return git("describe", "--always", "--dirty=+", "--exclude=*");
  } catch {
    return "unknown";
  }
}

function git(...args) {
  const cwd = new URL(".", import.meta.url);
  return execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}
