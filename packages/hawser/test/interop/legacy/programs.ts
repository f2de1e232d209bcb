// Where the programs of the peers are, and with what they run.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const path = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));

/** A program for Node. */
export function node(name: string): readonly string[] {
  return [process.execPath, path(name)];
}

/** A program for perl or ruby. By path: others on the PATH may not see the system's modules. */
export function script(language: "perl" | "ruby", name: string): readonly string[] {
  return [`/usr/bin/${language}`, path(name)];
}

/** Whether perl or ruby can load this. */
export function loads(language: "perl" | "ruby", statement: string): boolean {
  return spawnSync(`/usr/bin/${language}`, ["-e", statement], { stdio: "ignore" }).status === 0;
}
