// Servers to connect to, and `hawser connect` as a child process on pipes.
import { existsSync, readFileSync } from "node:fs";
import { type AnyConnection, type ServeOptions, type Server, serve } from "hawser";
import { onTestFinished } from "vitest";
import { type Program, startPiped } from "../support/program.ts";

export interface Target {
  readonly server: Server;
  readonly url: string;
  /** The next connection that nobody has asked for. */
  arrival(): Promise<AnyConnection>;
}

/** A server that does nothing by itself, or what `session` does. It is gone after the test. */
export async function target(
  session: (ws: AnyConnection) => unknown = () => undefined,
  options: Partial<ServeOptions> = {},
): Promise<Target> {
  const arrived: AnyConnection[] = [];
  let tell: () => void = () => undefined;
  const server = await serve({ port: 0, host: "127.0.0.1", ...options }, async (ws: AnyConnection) => {
    arrived.push(ws);
    tell();
    await session(ws);
    await ws.closed;
  });
  onTestFinished(async () => {
    for (const connection of server.connections) void connection.terminate();
    await server.close();
  });
  return {
    server,
    url: server.url,
    async arrival() {
      for (;;) {
        const ws = arrived.shift();
        if (ws !== undefined) return ws;
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
    },
  };
}

/** Sends every message back. */
export async function echo(ws: AnyConnection): Promise<void> {
  for await (const message of ws) ws.send(message);
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `hawser connect` to its end with this input. */
export async function connectWith(input: string | Uint8Array, ...args: readonly string[]): Promise<Result> {
  const program = startPiped(["connect", ...args]);
  program.child.stdin?.on("error", () => undefined).end(input);
  return resultOf(program);
}

/** Waits for the end of the program. */
export async function resultOf(program: Program): Promise<Result> {
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/** Writes to the program as fast as it reads. Stops when it does not read any more. */
export async function feed(program: Program, chunk: Uint8Array, count: number): Promise<void> {
  const { stdin } = program.child;
  if (stdin === null) throw new Error("the program has no pipe to read from");
  // Once is not enough: several writes may fail.
  stdin.on("error", () => undefined);
  const gone = new Promise<void>((resolve) => {
    stdin.once("close", resolve);
  });
  for (let left = count; left > 0 && stdin.writable; left -= 1) {
    if (stdin.write(chunk)) continue;
    const drained = new Promise<void>((resolve) => {
      stdin.once("drain", resolve);
    });
    await Promise.race([drained, gone]);
  }
  stdin.end();
}

/** Whether the system says how much memory a process has had. */
export const tellsMemory: boolean = existsSync("/proc/self/status");

/** The most memory that the program has had so far, in MiB. */
export function peakMemory(program: Program): number {
  const status = readFileSync(`/proc/${program.child.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
