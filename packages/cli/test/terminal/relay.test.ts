// The relay of the terminal tests: to end it ends the program on its terminal, and nobody else.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { missing, PYTHON } from "../support/screen.ts";

const relay = fileURLToPath(new URL("../support/run-in-terminal.py", import.meta.url));

/** A relay in a process group of its own, so that what goes wrong is its own harm, with a program that waits; and that one's id. */
async function start(): Promise<{ child: ChildProcess; program: number }> {
  const script = "process.stdout.write(String(process.pid)); setInterval(() => undefined, 1e9)";
  const child = spawn(PYTHON, [relay, "60", "16", process.execPath, "-e", script], { detached: true });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [chunk] = await once(child.stdout, "data");
  return { child, program: Number(chunk) };
}

/** The state of a process and the id of its parent, as the kernel has them; undefined once it is gone. */
function statusOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const [state = "", parent] = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /, "")
      .split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

test.skipIf(missing)("SIGTERM kills the program", async () => {
  const { child, program } = await start();
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([128 + 9, null]);
  expect(statusOf(program)).toBeUndefined();
});

test.skipIf(missing)("SIGTERM that comes when the program is over kills nobody", async () => {
  const { child, program } = await start();
  const shell = statusOf(program)?.parent ?? 0;
  child.kill("SIGSTOP");
  process.kill(program, "SIGINT");
  // The relay is stopped and cannot bury it.
  while (statusOf(shell)?.state !== "Z") await turn();
  child.kill("SIGTERM");
  child.kill("SIGCONT");
  expect(await once(child, "close")).toEqual([128 + 2, null]);
});
