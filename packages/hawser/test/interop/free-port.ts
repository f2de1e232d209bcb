// Programs that must be told their ports: free ones are found, and tried anew if somebody else takes them first.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** A program that listens on its ports of 127.0.0.1. */
export interface Listening {
  readonly ports: readonly number[];
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

/**
 * Starts a program, and waits until it listens.
 *
 * @param wordsFor program and arguments for these ports
 * @param ready whether it is ready, when it listens
 */
export async function onFreePorts(
  count: number,
  wordsFor: (ports: readonly number[]) => readonly string[],
  ready: () => Promise<boolean> = async () => true,
): Promise<Listening> {
  let said = "";
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const ports = await freePorts(count);
    const [program = "", ...words] = wordsFor(ports);
    const child = spawn(program, words, { stdio: ["ignore", "ignore", "pipe"] });
    said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const exited = once(child, "exit");
    const runs = () => child.exitCode === null && child.signalCode === null;
    // Not turn by turn: a program that starts needs the processor more than we do.
    while (runs() && !((await answer(ports)) && (await ready()))) await pause(5);
    if (runs()) return { ports, child, exited };
  }
  throw new Error(`no program could be started on a free port: ${said}`);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) {
    server.close();
    await once(server, "close");
  }
  return ports;
}

async function answer(ports: readonly number[]): Promise<boolean> {
  for (const port of ports) if (!(await answers(port))) return false;
  return true;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
