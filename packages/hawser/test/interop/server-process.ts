// Servers of others as processes of their own, for our client to talk to. They all do the same: what the path says.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Authority } from "../client/support/authority.ts";

/** By path: another python3 on the PATH may not see the system's modules. */
const PYTHON = "/usr/bin/python3";

/** A server that runs. */
export interface ServerProcess {
  readonly ws: string;
  readonly wss: string;
  /** What its certificate is signed with. */
  readonly ca: string;
  stop(): Promise<void>;
}

/** A kind of server: whether it is there, and what it can do. */
export interface ServerKind {
  readonly name: string;
  readonly isThere: boolean;
  /** How to get it. */
  readonly install: string;
  /** Program and arguments, behind which key and certificate are named. */
  readonly command: readonly string[];
  /** Its `close` without a code sends none; otherwise it sends 1000. */
  readonly closesWithoutCode: boolean;
}

export const wsServer: ServerKind = {
  name: "ws",
  isThere: true,
  install: "npm install",
  command: [process.execPath, fileURLToPath(new URL("./ws-server.mjs", import.meta.url))],
  closesWithoutCode: true,
};

export const pythonServer: ServerKind = {
  name: "Python's websockets",
  isThere: spawnSync(PYTHON, ["-c", "import websockets"], { stdio: "ignore" }).status === 0,
  install: "apt-get install python3-websockets",
  command: [PYTHON, fileURLToPath(new URL("./python-server.py", import.meta.url))],
  closesWithoutCode: false,
};

export const hawserServer: ServerKind = {
  name: "serve",
  isThere: true,
  install: "npm install",
  command: [
    process.execPath,
    "--import",
    "tsx",
    fileURLToPath(new URL("./hawser-server.mjs", import.meta.url)),
  ],
  closesWithoutCode: false,
};

/** Starts a server that listens for ws and wss. */
export async function startServer({ command }: ServerKind): Promise<ServerProcess> {
  const authority = new Authority();
  const { key, cert } = authority.issue("DNS:localhost", "IP:127.0.0.1");
  const folder = mkdtempSync(join(tmpdir(), "hawser-"));
  const files = { key: join(folder, "key.pem"), cert: join(folder, "cert.pem") };
  writeFileSync(files.key, key);
  writeFileSync(files.cert, cert);
  const [program = "", ...words] = command;
  const child = spawn(program, [...words, files.key, files.cert], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    exited.then(() => Promise.reject(new Error("the server has ended"))),
  ]);
  const ports = JSON.parse(String(line)) as { ws: number; wss: number };
  return {
    ws: `ws://127.0.0.1:${ports.ws}`,
    wss: `wss://localhost:${ports.wss}`,
    ca: authority.cert,
    async stop() {
      child.stdin.end();
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}
