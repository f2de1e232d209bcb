// hawser serve ./chat.ts at a real terminal: the line at its bottom, and what is printed above it.
import { connect } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { folderWith } from "../serve-module/support.ts";
import { key, missing, Screen } from "../support/screen.ts";

if (missing) console.warn("Python is missing: sudo apt-get install --no-install-recommends python3");

const chatty = `
  export default { message(ws, message) {
    for (let line = 1; line <= Number(message); line += 1) console.log("line " + line);
    process.stdout.write("and ");
    console.error("so on");
    ws.send("done");
  } };`;

async function serving() {
  const at = folderWith({ "chat.js": chatty });
  const screen = new Screen(["serve", at("chat.js"), "--port", "0"]);
  await screen.shows(/^1 member · 0 connections · /);
  const url = /ws:\S+?:\d+/.exec(screen.lines.join(""))?.[0] ?? "";
  const ws = await connect(url);
  onTestFinished(async () => void (await ws.terminate()));
  return { screen, ws, url };
}

describe.skipIf(missing)("hawser serve at a terminal", () => {
  test("the last row says how it fares; what members print scrolls above it, and all is whole at the end", async () => {
    const { screen, ws } = await serving();
    await screen.shows(/^1 member · 1 connection · 0 msg\/s in · 0 msg\/s out$/);
    ws.send("40");
    expect(await ws.receive()).toBe("done");
    await screen.shows("line 39", "line 40", "and so on", "", /^1 member · 1 connection · .* msg\/s in/);
    expect(screen.lines).toHaveLength(16);
    expect(screen.lines.filter((line) => line.includes("member"))).toHaveLength(1);

    screen.press(key.ctrlZ);
    await screen.shows("and so on", "^Z", "stopped", "", /^1 member · /);
    screen.press(key.ctrlC);
    expect((await ws.closed).code).toBe(1001);
    expect(await screen.ended).toBe(0);
    await screen.shows(/ draining: closing 1 connection with 1001; Ctrl-C/, /.*/, / drained$/);
    expect(screen.lines.join("\n")).not.toMatch(/msg\/s/);
    // The whole screen scrolls again.
    expect(screen.sequences.filter((text) => /^\[[\d;]*r/.test(text)).at(-1)).toMatch(/^\[r/);
  });

  test("when the terminal is gone, it closes its connections and ends", async () => {
    const { screen, ws, url } = await serving();
    screen.hangUp();
    expect((await ws.closed).code).toBe(1001);
    const again = async () => (await connect(url)).terminate();
    await expect.poll(() => again().catch((error: unknown) => String(error))).toMatch(/ECONNREFUSED/);
  });
});
