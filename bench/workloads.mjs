// The workloads: what each is called, what it loads a server with, and who takes part.
//
// The first candidate is what the others are compared to. `peers` are those that only --all brings. `optional` marks workloads
// that a peer may be unable to run. A load names its mode and the flags of the load generator (loadgen/options.c).
import { KiB, MiB } from "./units.mjs";

const servers = ["ws", "ws-bufferutil", "net", "hawser", "hawser-session"];
const peers = ["bun", "deno"];
const poolOrNot = ["hawser", "hawser-pool"];
const echo = { mode: "echo", connections: 100, size: 20 };
const echoInPool = { unit: "echoes/s", candidates: poolOrNot, peers: [] };

export const workloads = {
  W1: {
    title: "echo of 20 B text, 100 connections, 1 in flight on each",
    unit: "echoes/s",
    load: { ...echo, depth: 1 },
    candidates: servers,
    peers,
  },
  W2: {
    title: "echo of 20 B text, 100 connections, 32 in flight on each",
    unit: "echoes/s",
    load: { ...echo, depth: 32 },
    candidates: servers,
    peers,
  },
  W3: {
    title: "echo of 64 KiB binary, 10 connections, 1 in flight on each",
    unit: "echoes/s",
    load: { mode: "echo", connections: 10, depth: 1, size: 64 * KiB, binary: true },
    candidates: servers,
    peers,
  },
  W3b: {
    title: "echo of 1 MiB binary, 4 connections, 1 in flight on each",
    unit: "echoes/s",
    load: { mode: "echo", connections: 4, depth: 1, size: MiB, binary: true },
    candidates: servers,
    peers,
  },
  W4: {
    title: "broadcast of 128 B text to 1,000 subscribers, 1 in flight",
    unit: "deliveries/s",
    load: { mode: "broadcast", connections: 1000, depth: 1, size: 128 },
    candidates: ["ws", "ws-bufferutil", "hawser"],
    peers,
  },
  W4p: {
    title: "broadcast of 128 B text to 1,000 subscribers, 16 in flight",
    unit: "deliveries/s",
    load: { mode: "broadcast", connections: 1000, depth: 16, size: 128 },
    candidates: ["ws", "ws-bufferutil", "hawser"],
    peers,
  },
  W5: {
    title: "memory of an idle connection, at 10,000",
    unit: "KiB",
    load: { mode: "idle", connections: 10_000, messages: 0 },
    candidates: ["ws", "net", "hawser", "hawser-session"],
    peers,
  },
  W5z: {
    title: "memory of an idle connection, at 10,000, after one compressed message",
    unit: "KiB",
    load: { mode: "idle", connections: 10_000, messages: 1, compressed: true },
    candidates: ["ws", "hawser", "hawser-session"],
    peers,
    optional: true,
  },
  W6: {
    title: "echo of 1 KiB JSON, compressed, 100 connections, 1 in flight on each",
    unit: "echoes/s",
    load: { mode: "echo", connections: 100, depth: 1, compressed: true },
    candidates: ["ws", "ws-bufferutil", "hawser"],
    peers,
    optional: true,
  },
  W7: {
    title: "connect, handshake and close, 100 at a time",
    unit: "connections/s",
    load: { mode: "accept", connections: 100 },
    candidates: ["ws", "hawser", "hawser-session"],
    peers,
  },
  W8: {
    title: "a client that receives a flood of 128 B text (ws: as Buffers; all others: as strings)",
    unit: "messages/s",
    client: true,
    candidates: ["ws", "ws-strings", "undici", "hawser", "hawser-session", "hawser-websocket"],
    peers,
  },
  P1: { ...echoInPool, title: "as W1, in a member of a pool", load: { ...echo, depth: 1 } },
  P2: { ...echoInPool, title: "as W2, in a member of a pool", load: { ...echo, depth: 32 } },
  P7: {
    title: "as W7, handed to a member of a pool",
    unit: "connections/s",
    load: { mode: "accept", connections: 100 },
    candidates: poolOrNot,
    peers: [],
  },
};

/** Whether the figure is memory, of which less is better. */
export const isMemory = ({ load }) => load?.mode === "idle";

/** The same with few connections and short messages: to see that it works, and for nothing else. */
export function small(workload) {
  if (workload.client === true) return workload;
  const { load } = workload;
  const size = load.size === undefined ? {} : { size: Math.min(load.size, 4 * KiB) };
  return { ...workload, load: { ...load, ...size, connections: Math.min(load.connections, 4) } };
}
