// What compression costs in memory: RSS and heap of a server for each of 2,000 connections, idle and after one compressed message
// each way on every one. Run `npm run build` first, then `node bench/compression-memory.mjs`.
import { fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { connect, serve } from "hawser";
import { WebSocketServer } from "ws";

const CONNECTIONS = Number(process.env.CONNECTIONS ?? 2000);

/** What the server is told, by the name in the table. */
const settings = {
  "no compression": { compression: false },
  "`true`": { compression: true },
  "`{ contextTakeover: true, windowBits: 9 }`": { compression: { contextTakeover: true, windowBits: 9 } },
  "`{ contextTakeover: true }`": { compression: { contextTakeover: true } },
  "`{ contextTakeover: true, windowBits: 15 }`": { compression: { contextTakeover: true, windowBits: 15 } },
  "`ws`, perMessageDeflate: true": { ws: true },
};

/** About 1 KiB of JSON, another one each time. */
function json(id) {
  const items = Array.from({ length: 16 }, (_, index) => ({
    id: id * 31 + index,
    name: `item ${id % 97}`,
    on: index % 2 === 0,
  }));
  return JSON.stringify({ user: id, items }).padEnd(1024, " ");
}

async function serveAlone() {
  const [name] = process.argv.slice(3);
  const { compression, ws } = settings[name];
  let port;
  if (ws) {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: true });
    await once(server, "listening");
    server.on("connection", (socket) => socket.on("message", (data) => socket.send(data, { binary: false })));
    ({ port } = server.address());
  } else {
    const server = await serve(
      { port: 0, host: "127.0.0.1", compression },
      { message: (socket, message) => void socket.send(message) },
    );
    ({ port } = server);
  }
  process.on("message", () => {
    for (let round = 0; round < 4; round += 1) globalThis.gc();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send({ rss, heap: heapUsed + external });
  });
  process.send({ port });
}

async function measure(name) {
  const child = fork(process.argv[1], ["serve", name], { execArgv: ["--expose-gc"] });
  const next = async (word) => {
    if (word !== undefined) child.send(word);
    return (await once(child, "message"))[0];
  };
  const { port } = await next();
  const before = await next("memory");
  const options = {
    compression: { contextTakeover: true, windowBits: 15 },
    timeouts: { keepalive: Number.POSITIVE_INFINITY },
  };
  const clients = [];
  while (clients.length < CONNECTIONS) {
    const some = Array.from({ length: 100 }, () => connect(`ws://127.0.0.1:${port}/`, options));
    clients.push(...(await Promise.all(some)));
  }
  await wait(500);
  const idle = await next("memory");
  for (const [id, client] of clients.entries()) {
    client.send(json(id));
    await client.receive();
  }
  await wait(500);
  const used = await next("memory");
  child.kill();
  await Promise.all(clients.map((client) => client.terminate()));
  const each = (of, kind) => ((of[kind] - before[kind]) / CONNECTIONS / 1024).toFixed(1);
  return [name, each(idle, "rss"), each(used, "rss"), each(idle, "heap"), each(used, "heap")];
}

if (process.argv[2] === "serve") {
  await serveAlone();
} else {
  console.log(`KiB for each of ${CONNECTIONS} connections, Node ${process.version}\n`);
  console.log("| setting | RSS, idle | RSS, used | heap, idle | heap, used |\n|---|---|---|---|---|");
  for (const name of Object.keys(settings)) console.log(`| ${(await measure(name)).join(" | ")} |`);
}
