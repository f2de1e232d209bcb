// Bun and Deno: installed when first asked for, from the npm packages that hold their programs, without running anything of them.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Failure } from "./failure.mjs";

const folder = fileURLToPath(new URL("peers", import.meta.url));
const arm = process.arch === "arm64";

/** The program of Bun. */
export function bun() {
  const build = arm ? "aarch64" : hasAvx2() ? "x64" : "x64-baseline";
  return `${folder}/node_modules/@oven/bun-linux-${build}/bin/bun`;
}

/** The program of Deno. */
export function deno() {
  return `${folder}/node_modules/@deno/linux-${arm ? "arm64" : "x64"}-glibc/deno`;
}

/** Installs both unless they are there. @throws Failure where they cannot be had */
export function installPeers() {
  if (process.platform !== "linux") throw new Failure("--all works on Linux only");
  if (existsSync(bun()) && existsSync(deno())) return;
  console.error("installing Bun and Deno into bench/peers (some 300 MB) …");
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0 || !existsSync(bun()) || !existsSync(deno())) {
    throw new Failure("npm ci in bench/peers brought no Bun and Deno for this machine");
  }
}

/** Versions of both. */
export function peerVersions() {
  const bunVersion = execFileSync(bun(), ["--version"], { encoding: "utf8" }).trim();
  const denoVersion = execFileSync(deno(), ["--version"], { encoding: "utf8" }).split(" ")[1];
  return { bun: bunVersion, deno: denoVersion };
}

function hasAvx2() {
  return /\bavx2\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
}
