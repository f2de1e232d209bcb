// Python's websockets as a peer, in a process of its own.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startAsked } from "./asked-program.ts";
import { browserCodes, type PeerKind, registeredCodes } from "./peer.ts";
import { connectRemotely } from "./remote-peer.ts";

/** By path: another python3 on the PATH may not see the system's modules. */
const PYTHON = "/usr/bin/python3";
const script = fileURLToPath(new URL("./python-peer.py", import.meta.url));

export const python: PeerKind = {
  name: "Python's websockets",
  isThere: spawnSync(PYTHON, ["-c", "import websockets"], { stdio: "ignore" }).status === 0,
  install: "apt-get install python3-websockets",
  async start() {
    const { ask, stop } = startAsked([PYTHON, script]);
    return { connect: (url, options = {}) => connectRemotely(ask, url, options), stop };
  },
  closeCodes: [...registeredCodes, ...browserCodes.slice(1)],
  can: { headers: true, fragments: true, ping: true, closeWithoutCode: false, status: true, drop: true },
};
