// Python's websockets as a peer, in a process of its own.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { browserCodes, type ConnectOptions, type Peer, type PeerKind, registeredCodes } from "./peer.ts";
import { connectRemotely } from "./remote-peer.ts";

/** By path: another python3 on the PATH may not see the system's modules. */
const PYTHON = "/usr/bin/python3";
const script = fileURLToPath(new URL("./python-peer.py", import.meta.url));

export const python: PeerKind = {
  name: "Python's websockets",
  isThere: spawnSync(PYTHON, ["-c", "import websockets"], { stdio: "ignore" }).status === 0,
  install: "apt-get install python3-websockets",
  start: startPython,
  closeCodes: [...registeredCodes, ...browserCodes.slice(1)],
  can: { headers: true, fragments: true, ping: true, closeWithoutCode: false, status: true, drop: true },
};

interface Answer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}

async function startPython(): Promise<Peer> {
  const child = spawn(PYTHON, [script], { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { number, result, error } = JSON.parse(line) as Answer;
    const waiter = waiting.get(number);
    waiting.delete(number);
    if (error === undefined) waiter?.resolve(result);
    else waiter?.reject(new Error(error));
  });
  child.on("exit", () => {
    for (const { reject } of waiting.values()) reject(new Error("the Python process has ended"));
  });
  let asked = 0;
  const ask = (operation: string, argument: object) => {
    asked += 1;
    const number = asked;
    child.stdin.write(`${JSON.stringify({ number, operation, argument })}\n`);
    return new Promise<unknown>((resolve, reject) => waiting.set(number, { resolve, reject }));
  };
  return {
    connect: (url: string, options: ConnectOptions = {}) => connectRemotely(ask, url, options),
    async stop() {
      const gone = once(child, "exit");
      child.kill();
      await gone;
    },
  };
}
