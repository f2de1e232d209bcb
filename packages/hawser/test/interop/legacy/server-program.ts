// A server in a program of its own: prints its port, then how each of its connections ended, and ends with its standard input.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Mailbox } from "../../support/mailbox.ts";

/** How a connection ended, as its server saw it. */
interface SeenEnd {
  /** What its library says where there is no code. */
  readonly code: number | null;
  readonly reason: string;
}

/** A server that runs. */
export interface ServerProgram {
  readonly url: string;
  /** How the connection whose target has `?id=…` ended, once it has. */
  ended(id: string): Promise<SeenEnd>;
  stop(): Promise<void>;
}

/** Starts a server. */
export async function startServerProgram([
  program = "",
  ...words
]: readonly string[]): Promise<ServerProgram> {
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
  const gone = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [port] = await Promise.race([
    once(lines, "line"),
    gone.then(() => Promise.reject(new Error(`${program} has ended`))),
  ]);
  const ends = new Map<string, Mailbox<SeenEnd>>();
  const endOf = (id: string) => {
    const box = ends.get(id) ?? new Mailbox<SeenEnd>();
    ends.set(id, box);
    return box;
  };
  lines.on("line", (line) => {
    const { id, ...end } = JSON.parse(line) as SeenEnd & { readonly id: string };
    endOf(id).put(end);
  });
  return {
    url: `ws://127.0.0.1:${port}`,
    ended: (id) => endOf(id).take(),
    async stop() {
      child.stdin.end();
      await gone;
    },
  };
}
