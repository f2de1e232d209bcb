// Processes of a benchmark: each on a core of its own where that can be had, and none that outlives the benchmark.
import { execFileSync, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { Failure } from "./failure.mjs";

const kept = 16 * 1024;
const patience = 5000;
const running = new Set();

/** Whether processes are tied to cores. */
export const pinned = process.platform === "linux" && availableParallelism() > 1 && has("taskset");

/** The core for what is measured, and the one for what it talks to. */
export const cores = { measured: 0, other: 1 };

/** A process that has been started. */
export class Running {
  #child;
  #name;
  #stdout = "";
  #stderr = "";
  /** Fulfilled with the exit status, or the signal. */
  ended;

  /**
   * @param name for messages
   * @param core where it runs
   * @param command the program and its arguments
   * @param environment variables beside those that are there
   */
  constructor(name, core, command, environment = {}) {
    this.#name = name;
    const [program, ...args] = pinned ? ["taskset", "-c", String(core), ...command] : command;
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    this.#child = child;
    running.add(child);
    child.stdout.setEncoding("utf8").on("data", (text) => {
      this.#stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#stderr = (this.#stderr + text).slice(-kept);
    });
    this.ended = new Promise((resolve) => {
      child.on("error", (error) => {
        running.delete(child);
        resolve(error.message);
      });
      child.on("close", (code, signal) => {
        running.delete(child);
        resolve(signal ?? code);
      });
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /**
   * The first line that it prints.
   *
   * @throws Failure if it ends without one
   */
  async firstLine() {
    const line = new Promise((resolve) => {
      const look = () => this.#stdout.includes("\n") && resolve(this.#stdout.split("\n", 1)[0]);
      this.#child.stdout.on("data", look);
      look();
    });
    return Promise.race([line, this.ended.then((how) => this.#firstLineAtEnd(how))]);
  }

  #firstLineAtEnd(how) {
    if (this.#stdout.includes("\n")) return this.#stdout.split("\n", 1)[0];
    throw this.failure(how);
  }

  /** That it ended before its time. */
  failure(how) {
    return new Failure(`${this.#name} ended (${how})`, this.#stderr);
  }

  /** Ends it: asked first, so that it can write what it has to write. */
  async stop() {
    this.#child.kill("SIGTERM");
    const late = new AbortController();
    const asked = await Promise.race([
      this.ended.then(() => true),
      delay(patience, false, { signal: late.signal }),
    ]);
    late.abort();
    if (!asked) this.#child.kill("SIGKILL");
    await this.ended;
  }
}

function has(command) {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function endAll() {
  for (const child of running) child.kill("SIGKILL");
}

process.on("exit", endAll);
for (const [signal, number] of [
  ["SIGINT", 2],
  ["SIGTERM", 15],
  ["SIGHUP", 1],
]) {
  // "exit" ends the processes.
  process.on(signal, () => process.exit(128 + number));
}
