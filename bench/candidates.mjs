// The candidates: how each is run, and in which runtime.
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bun, deno } from "./peers.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// ws takes bufferutil where it is installed, which it is here.
const withoutBufferutil = { WS_NO_BUFFER_UTIL: "1" };

/**
 * `server` and `client` are files of servers/ and clients/; `raw` means a server that knows no WebSocket, and sends back the
 * bytes that come.
 */
export const candidates = {
  ws: { label: "ws", server: "ws.mjs", client: "ws.mjs", environment: withoutBufferutil },
  "ws-bufferutil": { label: "ws + bufferutil", server: "ws.mjs" },
  "ws-strings": { label: "ws, made strings", client: "ws-strings.mjs", environment: withoutBufferutil },
  undici: { label: "undici", client: "undici.mjs" },
  net: { label: "node:net", server: "net.mjs", raw: true },
  hawser: { label: "hawser", server: "hawser.mjs", client: "hawser.mjs" },
  "hawser-session": {
    label: "hawser, for await",
    server: "hawser-session.mjs",
    client: "hawser-session.mjs",
  },
  "hawser-pool": { label: "hawser, pool of one", server: "hawser-pool.mjs" },
  "hawser-websocket": { label: "hawser, WebSocket", client: "hawser-websocket.mjs" },
  bun: { label: "Bun", runtime: "bun", server: "bun.js", client: "global-websocket.mjs" },
  deno: { label: "Deno", runtime: "deno", server: "deno.js", client: "global-websocket.mjs" },
};

const runtimes = {
  // gc() is there for every server: only idle connections are measured with it.
  node: (file, flags) => [process.execPath, "--expose-gc", ...flags, file],
  bun: (file) => [bun(), file],
  deno: (file) => [deno(), "run", "--quiet", "--no-config", "--allow-net", "--v8-flags=--expose-gc", file],
};

/**
 * The command line of a candidate's server.
 *
 * @param flags for Node itself, as --cpu-prof
 */
export function serverCommand({ runtime = "node", server }, { compressed = false, flags = [] } = {}) {
  return [...runtimes[runtime](here(`servers/${server}`), flags), ...(compressed ? ["--compression"] : [])];
}

/** The command line of a candidate's client. */
export function clientCommand({ runtime = "node", client }, url, { warmup, seconds, flags = [] }) {
  return [...runtimes[runtime](here(`clients/${client}`), flags), url, String(warmup), String(seconds)];
}
