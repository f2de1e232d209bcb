// The folder that a run leaves behind: bench/results/NAME, with JSON and plots.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** @param name of the folder; by default the time */
export function resultFolder(name) {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const folder = fileURLToPath(new URL(`results/${name ?? time}`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  return {
    folder,
    write(file, content) {
      const path = join(folder, file);
      writeFileSync(path, typeof content === "string" ? content : `${JSON.stringify(content, null, 1)}\n`);
      return path;
    },
  };
}
