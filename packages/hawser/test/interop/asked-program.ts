// A peer in a program of its own that answers questions: one of each a line, as JSON. It ends with its standard input.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Ask } from "./remote-peer.ts";

/** A program that runs. */
export interface AskedProgram {
  readonly ask: Ask;
  stop(): Promise<void>;
}

interface Answer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Starts a program. */
export function startAsked([program = "", ...words]: readonly string[]): AskedProgram {
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
  const gone = once(child, "exit");
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { number, result, error } = JSON.parse(line) as Answer;
    const waiter = waiting.get(number);
    waiting.delete(number);
    if (error === undefined) waiter?.resolve(result);
    else waiter?.reject(new Error(error));
  });
  child.on("exit", () => {
    for (const { reject } of waiting.values()) reject(new Error(`${program} has ended`));
  });
  let asked = 0;
  return {
    ask(operation, argument) {
      asked += 1;
      const number = asked;
      child.stdin.write(`${JSON.stringify({ number, operation, argument })}\n`);
      return new Promise<unknown>((resolve, reject) => waiting.set(number, { resolve, reject }));
    },
    async stop() {
      child.stdin.end();
      await gone;
    },
  };
}
