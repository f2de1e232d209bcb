// Processes of a benchmark: each on a core of its own where that can be had, each saying one line.
import { execFileSync, spawn } from "node:child_process";
import { availableParallelism } from "node:os";

/** Whether processes are tied to cores. */
export const pinned = availableParallelism() > 1 && has("taskset");

/** Starts a command on this core. */
export function start(core, command) {
  const [program, ...args] = pinned ? ["taskset", "-c", String(core), ...command] : command;
  return spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
}

/** The first line that a process prints. */
export function firstLine(child) {
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

function has(command) {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
