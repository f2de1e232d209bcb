// W8: a client that receives as fast as it can.
import { fileURLToPath } from "node:url";
import { firstLine, start } from "./processes.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export const flood = {
  W8: {
    title: "a client under a flood of 128 B text (ws: as Buffers, and as strings; all others: as strings)",
    unit: "messages",
    candidates: ["ws", "ws-strings", "undici", "hawser", "hawser-session", "hawser-websocket"],
    rateOf,
  },
};

async function rateOf(candidate, warmup, seconds) {
  const server = start(1, [process.execPath, here("servers/flood.mjs")]);
  try {
    const port = await firstLine(server);
    const client = [process.execPath, here(`clients/${candidate}.mjs`), `ws://127.0.0.1:${port}/`];
    return Number(await firstLine(start(0, [...client, warmup, seconds])));
  } finally {
    server.kill();
  }
}
