// The load generator where there is no C compiler: the same flags and the same output, on node:net. It is slower than most servers.
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { LoadConnection } from "./fallback-connection.mjs";
import { maskedFrame } from "./fallback-frame.mjs";
import { processorSeconds, residentKib } from "./fallback-usage.mjs";

const text = { type: "string" };
const flag = { type: "boolean", default: false };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: text,
    connections: { ...text, default: "100" },
    depth: { ...text, default: "1" },
    size: { ...text, default: "20" },
    binary: flag,
    raw: flag,
    compressed: flag,
    payload: text,
    messages: { ...text, default: "0" },
    warmup: { ...text, default: "1" },
    seconds: { ...text, default: "2" },
    server: { ...text, default: "" },
  },
});
const [mode] = positionals;
const [port, count, depth, messages] = ["port", "connections", "depth", "messages"].map((name) =>
  Number(values[name]),
);
const servers = values.server.split(",").filter(Boolean).map(Number);
const [warmup, seconds] = [Number(values.warmup) * 1000, Number(values.seconds) * 1000];

/** For the server to collect its garbage, give memory back, and settle; no longer than it rested. */
const collecting = Math.min(seconds, 1500);
/** Connections that open at once: no more than the queue of a listening socket takes. */
const portion = 200;

const payload =
  values.payload === undefined
    ? Buffer.alloc(Number(values.size), "abcdefghijklmnopqrstuvwxyz")
    : readFileSync(values.payload);
const frame = maskedFrame(payload, values);
const common = { port, frame, raw: values.raw, compressed: values.compressed };
let counted = 0;
let stopping = false;

const modes = { echo, broadcast, idle, accept };
if (!Object.hasOwn(modes, mode)) throw new TypeError("the mode must be echo, broadcast, idle or accept");
await modes[mode]();
process.exit();

/** Opens connections in portions. */
async function open(howMany, make) {
  const all = [];
  while (all.length < howMany) {
    const next = Array.from({ length: Math.min(portion, howMany - all.length) }, make);
    await Promise.all(next.map((connection) => connection.opened));
    all.push(...next);
  }
  return all;
}

async function echo() {
  const received = (connection, count) => {
    counted += count;
    if (!stopping) connection.send(count);
  };
  const all = await open(count, () => new LoadConnection({ ...common, received }));
  for (const connection of all) connection.send(depth);
  await measure();
}

async function broadcast() {
  let sent = 0;
  const received = (_connection, count) => {
    counted += count;
    for (const complete = Math.floor(counted / subscribers.length); sent < complete + depth; sent += 1)
      publisher.send(1);
  };
  const subscribers = await open(count, () => new LoadConnection({ ...common, path: "/sub", received }));
  const [publisher] = await open(1, () => new LoadConnection({ ...common, path: "/pub" }));
  sent = depth;
  publisher.send(depth);
  await measure();
}

async function idle() {
  const before = residentKib(servers);
  const began = performance.now();
  let left = count * messages;
  let answered;
  const done = new Promise((resolve) => {
    answered = resolve;
  });
  const received = (connection, count) => {
    left -= count;
    if (left === 0) answered();
    if (connection.received < messages) connection.send(1);
  };
  const all = await open(count, () => new LoadConnection({ ...common, received }));
  if (messages > 0) {
    for (const connection of all) connection.send(1);
    await done;
  }
  const openingSeconds = (performance.now() - began) / 1000;
  await delay(seconds);
  const kib = (residentKib(servers) - before) / count;
  for (const server of servers) process.kill(server, "SIGUSR2");
  await delay(collecting);
  const kibCollected = (residentKib(servers) - before) / count;
  print({ kib, kibCollected, connections: count, openingSeconds, extension: all[0].extension });
}

async function accept() {
  const loop = async () => {
    while (!stopping) {
      const connection = new LoadConnection({ ...common });
      await connection.opened;
      await connection.close();
      counted += 1;
    }
  };
  const loops = Array.from({ length: count }, loop);
  await measure();
  await Promise.all(loops);
}

async function measure() {
  await delay(warmup);
  const before = {
    counted,
    time: performance.now(),
    server: processorSeconds(servers),
    own: process.cpuUsage(),
  };
  await delay(seconds);
  const passed = (performance.now() - before.time) / 1000;
  const { user, system } = process.cpuUsage(before.own);
  const used = processorSeconds(servers) - before.server;
  const messages = counted - before.counted;
  stopping = true;
  print({
    rate: messages / passed,
    serverLoad: used / passed,
    generatorLoad: (user + system) / 1e6 / passed,
    cpuPerMessage: messages > 0 ? (used * 1e6) / messages : 0,
    memory: residentKib(servers),
  });
}

function print(found) {
  console.log(JSON.stringify(found));
}
