// One measurement: what is measured on one core, what it talks to on another.
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { candidates, clientCommand, serverCommand } from "./candidates.mjs";
import { loadCommand } from "./load-generator.mjs";
import { cores, Running } from "./processes.mjs";

/**
 * Measures one candidate once.
 *
 * @param flags for Node, of the process that is measured
 * @returns what the load generator, or the client, found out
 * @throws Failure if a process ends before its time
 */
export async function measure(name, workload, { warmup, seconds, flags = [] }) {
  return workload.client === true
    ? measureClient(name, { warmup, seconds, flags })
    : measureServer(name, workload.load, { warmup, seconds, flags });
}

async function measureServer(name, load, { warmup, seconds, flags }) {
  const candidate = candidates[name];
  const command = serverCommand(candidate, { compressed: load.compressed, flags });
  const server = new Running(
    `the server of ${candidate.label}`,
    cores.measured,
    command,
    candidate.environment,
  );
  let generator;
  try {
    const [port, ...others] = (await server.firstLine()).split(" ");
    const raw = candidate.raw === true;
    const servers = [server.pid, ...others].join(",");
    const run = loadCommand(load, { port, server: servers, raw, warmup, seconds });
    generator = new Running(`the load generator, on ${candidate.label},`, cores.other, run);
    return JSON.parse(await untilDeath(server, generator.firstLine()));
  } finally {
    await Promise.all([generator?.stop(), server.stop()]);
  }
}

async function measureClient(name, { warmup, seconds, flags }) {
  const candidate = candidates[name];
  const flood = fileURLToPath(new URL("servers/flood.mjs", import.meta.url));
  const server = new Running("the server of the flood", cores.other, [process.execPath, flood]);
  let client;
  try {
    const url = `ws://127.0.0.1:${await server.firstLine()}/`;
    const command = clientCommand(candidate, url, { warmup, seconds, flags });
    client = new Running(`the client of ${candidate.label}`, cores.measured, command, candidate.environment);
    const line = await untilDeath(server, client.firstLine());
    // It ends by itself, and writes its profile while doing so.
    await client.ended;
    return JSON.parse(line);
  } finally {
    await Promise.all([client?.stop(), server.stop()]);
  }
}

/** What the other process says, unless the server dies: then that is the failure, whoever noticed it first. */
async function untilDeath(server, result) {
  const died = server.ended.then((how) => {
    throw server.failure(how);
  });
  try {
    return await Promise.race([result, died]);
  } catch (error) {
    await Promise.race([died, delay(200)]);
    throw error;
  } finally {
    // It ends in any case, later.
    died.catch(() => undefined);
    result.catch(() => undefined);
  }
}
