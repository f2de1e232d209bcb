// The load generator: in C, compiled when it is first needed, and in JavaScript where that cannot be.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { Failure } from "./failure.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The message of the compressed workloads. */
export const jsonMessage = JSON.stringify(JSON.parse(readFileSync(here("message.json"), "utf8")));

let prepared;

function prepare() {
  if (prepared !== undefined) return prepared;
  const folder = mkdtempSync(join(tmpdir(), "hawser-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const program = compiled(join(folder, "loadgen"));
  prepared = {
    inC: program !== undefined,
    command: program === undefined ? [process.execPath, here("loadgen/fallback.mjs")] : [program],
    payload: compressedMessage(join(folder, "message.deflate")),
  };
  return prepared;
}

/** Undefined without a compiler. What stands in loadgen/ and does not compile is a mistake, and no reason to do without. */
function compiled(program) {
  // For tests of the other one.
  if (process.platform !== "linux" || process.env.HAWSER_BENCH_LOADGEN === "js") return undefined;
  const sources = readdirSync(here("loadgen")).filter((name) => name.endsWith(".c"));
  const files = sources.map((name) => here(`loadgen/${name}`));
  const { status, error, stderr } = spawnSync("cc", ["-O2", "-o", program, ...files], { encoding: "utf8" });
  if (error !== undefined) return undefined;
  if (status !== 0) throw new Failure("the load generator does not compile", stderr);
  return program;
}

/** One message as permessage-deflate sends it: without its last four bytes, and with a window that every server accepts. */
function compressedMessage(path) {
  const deflated = deflateRawSync(jsonMessage, { windowBits: 10, finishFlush: 2 });
  writeFileSync(path, deflated.subarray(0, -4));
  return path;
}

/** Whether the load generator is the one in C; the other one is slower than what it measures. */
export function inC() {
  return prepare().inC;
}

/** The command line for a load, as workloads.mjs has them. */
export function loadCommand(
  { mode, compressed = false, ...flags },
  { port, server, raw = false, warmup, seconds },
) {
  const { command, payload } = prepare();
  const given = { ...flags, ...(compressed && { compressed, payload }), raw, port, server, warmup, seconds };
  const words = Object.entries(given).flatMap(([name, value]) => {
    if (typeof value === "boolean") return value ? [`--${name}`] : [];
    return [`--${name}`, String(value)];
  });
  return [...command, mode, ...words];
}
