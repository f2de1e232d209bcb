// A module that never comes to an end, and keeps its process from hearing anything; and a program that starts it.
import { writeSync } from "node:fs";
import process from "node:process";
import { startPool } from "hawser";

if (process.argv.includes("--primary")) {
  process.argv.pop();
  process.on("SIGTERM", () => process.exit(3));
  void startPool({ module: import.meta.url, port: 0, workers: 1, signals: false });
} else {
  writeSync(1, `${process.pid}\n`);
  for (;;);
}
