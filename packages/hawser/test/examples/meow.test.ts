// examples/meow.ts, and that every example can be run by hand.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { start } from "../../../../examples/meow.ts";
import { openUndici, openWs } from "./support.ts";

const require = createRequire(import.meta.url);
const tsx = pathToFileURL(require.resolve("tsx")).href;
const root = fileURLToPath(new URL("../../../..", import.meta.url));

test.each([
  ["ws", openWs],
  ["undici", openUndici],
])("%s is greeted and answered", async (_, open) => {
  const server = await start(0);
  onTestFinished(async () => void (await server.close()));
  const client = await open(server.url);
  expect(await client.next()).toBe("滴水之恩当以涌泉相报");
  client.send("hello");
  client.send("貓");
  expect([await client.next(), await client.next()]).toEqual(["hello, MEOW!", "貓, MEOW!"]);
  expect(await client.close()).toEqual({ code: 1000, reason: "" });
});

test("binary is not welcome", async () => {
  const server = await start(0);
  onTestFinished(async () => void (await server.close()));
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(server.url);
  await once(socket, "open");
  socket.send(Buffer.of(1, 2, 3));
  const [code] = await once(socket, "close");
  expect(code).toBe(1003);
});

test("it runs by hand, at PORT, and says where", async () => {
  const child = spawn(process.execPath, ["--import", tsx, "examples/meow.ts"], {
    cwd: root,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill());
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  const client = await openWs(url);
  expect(await client.next()).toBe("滴水之恩当以涌泉相报");
});

const files = readdirSync(`${root}/examples`).filter((file) => file.endsWith(".ts"));

test.each(files)("%s is short, runs when called, and imports the public names only", (file) => {
  const text = readFileSync(`${root}/examples/${file}`, "utf8");
  expect(text.split("\n").length).toBeLessThan(90);
  // What starts a pool runs whenever it is loaded: in members, too.
  const whenCalled = text.includes("process.argv[1] === fileURLToPath(import.meta.url)");
  expect(whenCalled || text.includes("await startPool({\n  module: import.meta.url,")).toBe(true);
  expect(text).not.toMatch(/from "\.|hawser\/src|hawser\/dist/);
});
