// The program as a child process, as people start it: what is in dist, by its bin.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const bin: string = fileURLToPath(new URL("../../bin/hawser.mjs", import.meta.url));

const built = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** Starts `hawser` with these arguments and nothing to read. It is killed after the test, if it runs then. */
export function start(args: readonly string[], environment: Record<string, string> = {}): Program {
  return started(new Program(args, environment, "ignore"));
}

/** The same, with a pipe to write to: `child.stdin`. Its output may go to a file instead of `stdout`. */
export function startPiped(
  args: readonly string[],
  environment: Record<string, string> = {},
  output?: string,
): Program {
  return started(new Program(args, environment, "pipe", output));
}

function started(program: Program): Program {
  // Not in an afterEach: those are skipped when another one fails.
  onTestFinished(async () => {
    program.child.kill("SIGKILL");
    await program.ended;
  });
  return program;
}

/** Starts the demo on a free port. Resolves when it listens. */
export async function startDemo(...args: readonly string[]): Promise<RunningDemo> {
  const program = start(["serve", "--demo", "--port", "0", ...args]);
  const [, url = ""] = await program.printed(/page +(http:\S+)\//);
  // With the last line of the greeting, everything is set up.
  await program.printed(/Ctrl-C closes/);
  return { program, url, ws: url.replace(/^http/, "ws") };
}

export interface RunningDemo {
  readonly program: Program;
  /** Without a slash at the end: `http://127.0.0.1:40000`. */
  readonly url: string;
  /** The same for WebSockets. */
  readonly ws: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";

  constructor(
    args: readonly string[],
    environment: Record<string, string>,
    stdin: "ignore" | "pipe",
    output?: string,
  ) {
    if (!existsSync(built)) throw new Error(`${built} is missing: run "npm run build" before these tests`);
    const { PORT: _port, FORCE_COLOR: _color, ...rest } = process.env;
    const file = output === undefined ? undefined : openSync(output, "w");
    this.child = spawn(process.execPath, [bin, ...args], {
      env: { ...rest, ...environment },
      stdio: [stdin, file ?? "pipe", "pipe"],
    });
    if (file !== undefined) closeSync(file);
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.child, "close").then(([code, signal]) => ({ code, signal }));
  }

  /** Resolves when stdout has something that matches, with the match; rejects if the program ends without. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.stdout);
        if (match === null) return false;
        this.child.stdout?.off("data", look);
        resolve(match);
        return true;
      };
      if (look()) return;
      this.child.stdout?.on("data", look);
      void this.ended.then(({ code }) => {
        if (!look()) {
          reject(new Error(`ended with ${code} before printing ${pattern}:\n${this.stdout}${this.stderr}`));
        }
      });
    });
  }

  /** How many lines of stdout match. */
  count(pattern: RegExp): number {
    return this.stdout.split("\n").filter((line) => pattern.test(line)).length;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}
