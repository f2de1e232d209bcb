// examples/all-versions.ts, with `hawser connect` in every version.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { allVersions, type WireVersion } from "hawser";
import { expect, onTestFinished, test } from "vitest";
import { start } from "../../../../examples/all-versions.ts";
import { openUndici, openWs, portOf } from "./support.ts";

const cli = fileURLToPath(new URL("../../../cli", import.meta.url));

const run = promisify(execFile);

/** Pipes a line through `hawser connect`. Resolves with what it printed. */
async function ask(url: string, version: WireVersion): Promise<string> {
  if (!existsSync(`${cli}/dist/main.js`)) throw new Error('run "npm run build" before this test');
  const args = [`${cli}/bin/hawser.mjs`, "connect", "-q", "--version", version, url];
  const running = run(process.execPath, args);
  running.child.stdin?.end("hello\n");
  return (await running).stdout;
}

async function server(): Promise<string> {
  const started = await start(0);
  onTestFinished(async () => void (await started.close()));
  return `ws://localhost:${portOf(started.url)}`;
}

test("hawser connect --version, in every version at once", async () => {
  const url = await server();
  const answers = await Promise.all(
    allVersions.map(async (version) => {
      const path = version === "whatwg-2010-08" ? "/whatwg" : "/";
      return [version, await ask(`${url}${path}`, version)];
    }),
  );
  // The drafts 2 and 3 are one on the wire.
  const spoken = (version: WireVersion) => (version === "hybi-03" ? "hybi-02" : version);
  expect(answers).toEqual(allVersions.map((version) => [version, `speaking ${spoken(version)}\nhello\n`]));
});

test.each([
  ["ws", openWs],
  ["undici", openUndici],
])("%s is answered as ever", async (_, open) => {
  const client = await open(await server());
  client.send("hello");
  expect([await client.next(), await client.next()]).toEqual(["speaking rfc6455", "hello"]);
  expect(await client.close()).toEqual({ code: 1000, reason: "" });
});
