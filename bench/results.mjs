// The folder that a run leaves behind, with JSON and plots.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "./failure.mjs";

/**
 * @param out the folder; by default one below bench/results with the time as its name
 * @throws Failure if it cannot be made
 */
export function resultFolder(out) {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const folder =
    out === undefined ? fileURLToPath(new URL(`results/${time}`, import.meta.url)) : resolve(out);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new Failure(`there can be no folder for the results: ${error.message}`);
  }
  return {
    folder,
    write(file, content) {
      const path = join(folder, file);
      writeFileSync(path, typeof content === "string" ? content : `${JSON.stringify(content, null, 1)}\n`);
      return path;
    },
  };
}
