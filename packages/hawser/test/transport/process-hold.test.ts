// Holding the process: a child that does nothing else ends when it is let go, and not before.
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const source = new URL("../../src/transport/process-hold.ts", import.meta.url).href;

test.each([
  ["held until a timer that would not keep it alive lets go", "holdProcess()", "let go, the end"],
  ["not held at all", "() => {}", "the end"],
])("%s", async (_, hold, said) => {
  const program = `
    const { holdProcess } = await import(${JSON.stringify(source)});
    const said = [];
    const release = ${hold};
    setTimeout(() => { said.push("let go"); release(); release(); }, 50).unref();
    process.on("exit", () => console.log([...said, "the end"].join(", ")));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--import",
    tsx,
    "--input-type=module",
    "--eval",
    program,
  ]);
  expect(stdout).toBe(`${said}\n`);
});
