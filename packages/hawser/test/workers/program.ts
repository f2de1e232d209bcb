// A whole program that is a pool, in a process of its own: for what signals, exit codes and stopped processes show.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { PoolOptions } from "hawser";
import { onTestFinished } from "vitest";
import { memberModule } from "./support.ts";

/** One that is running. */
export interface Program {
  readonly child: ChildProcess;
  readonly url: string;
  /** Of its members, when it was ready. */
  readonly pids: readonly number[];
  /** What it printed so far, and waits for more of it. */
  readonly said: readonly string[];
  readonly errors: () => string;
  until(line: string): Promise<void>;
  readonly exit: Promise<number | NodeJS.Signals>;
}

/** Starts it, with so many descriptors at most, if that is said. It is killed with its test, if it is there still. */
export async function program(options: Partial<PoolOptions> = {}, descriptors = 0): Promise<Program> {
  const command = [process.execPath, memberModule("whole"), JSON.stringify({ options })];
  const limited = ["sh", "-c", 'ulimit -n "$0" && exec "$@"', String(descriptors), ...command];
  const [name = "", ...args] = descriptors === 0 ? command : limited;
  const child = spawn(name, args, { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += String(chunk);
  });
  const said: string[] = [];
  let heard = () => {};
  createInterface({ input: child.stdout }).on("line", (line) => {
    said.push(line);
    heard();
  });
  const exit = once(child, "close").then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const until = (wanted: string) =>
    Promise.race([
      new Promise<void>((resolve) => {
        heard = () => said.some((line) => line.includes(wanted)) && resolve();
        heard();
      }),
      exit.then((code) => {
        if (!said.some((line) => line.includes(wanted)))
          throw new Error(`it ended with ${code}, without having said ${wanted}: ${errors}`);
      }),
    ]);
  await until("ws://");
  const [url, ...pids] = said.find((line) => line.startsWith("ws"))!.split(" ") as [string, ...string[]];
  return { child, url, pids: pids.map(Number), said, errors: () => errors, until, exit };
}
