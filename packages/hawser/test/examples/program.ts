// Examples that are whole programs: run as their first lines say, with tsx, on a free port.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** One that runs. */
export interface Example {
  readonly child: ChildProcess;
  /** Where it listens, as it printed it. */
  readonly url: string;
  /** What it printed so far. */
  readonly lines: readonly string[];
  readonly exit: Promise<unknown>;
}

/** Starts it, and waits for the line that has a URL. It ends with its test. */
export async function runExample(name: string, environment: Record<string, string> = {}): Promise<Example> {
  const file = fileURLToPath(new URL(`../../../../examples/${name}`, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", file], {
    env: { ...process.env, PORT: "0", ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exit = once(child, "close").then(([code, signal]) => (code ?? signal) as unknown);
  const lines: string[] = [];
  const url = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      const found = /wss?:\/\/[^\s;,]+/.exec(line)?.[0];
      if (found !== undefined) resolve(found);
    });
  });
  const failed = exit.then((code) => {
    throw new Error(`${name} ended with ${String(code)} before it listened`);
  });
  failed.catch(() => undefined);
  return { child, url: await Promise.race([url, failed]), lines, exit };
}
