// A pool as a program of its own: one file for primary and members, signals, exit codes, and clocks that jump (R16).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { type AnyConnection, connect } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Program, program } from "./program.ts";
import { ask, eventually, memberModule } from "./support.ts";

async function client({ url }: Program): Promise<AnyConnection> {
  const ws = await connect(url);
  onTestFinished(async () => void (await ws.terminate()));
  return ws;
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a module that calls startPool itself: primary and members in one file, options with functions", async () => {
  const running = await program();
  const ws = await client(running);
  expect(await ask(ws, "role")).toBe("member somewhere");
  expect(running.pids).toContain(Number(await ask(ws, "pid")));
  // `http`, in the members.
  const request = get(running.url.replace("ws", "http"));
  const [response] = await once(request, "response");
  expect(String((await response.toArray())[0])).toBe("well");
  // `onError`, there too: without it, the fault would be on stderr. What it says over the channel is no message of ours.
  ws.send("throw");
  expect((await ws.closed).code).toBe(1011);
  const after = await client(running);
  expect(await ask(after, "hello")).toBe("hello");
  expect(running.errors()).toBe("");
});

describe("signals", () => {
  test("SIGHUP restarts the members; SIGTERM ends it with 1001 and exit code 0", async () => {
    const running = await program();
    expect(running.said[0]).toBe("ready");
    const before = await client(running);
    running.child.kill("SIGHUP");
    expect((await before.closed).code).toBe(1012);
    const after = await client(running);
    expect(running.pids).not.toContain(Number(await ask(after, "pid")));
    running.child.kill("SIGTERM");
    expect((await after.closed).code).toBe(1001);
    expect(await running.exit).toBe(0);
    expect(running.said.slice(-2)).toEqual(["draining", "closed well"]);
    expect(running.errors()).toBe("");
  });

  test("SIGHUP is obeyed while the first members start, too: it kills nobody", async () => {
    const words = JSON.stringify({ options: { workers: 1 }, loading: 500 });
    const child = spawn(process.execPath, [memberModule("whole"), words], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const lines = createInterface({ input: child.stdout });
    const ready = once(lines, "line");
    const children = `/proc/${child.pid}/task/${child.pid}/children`;
    await eventually(() => readFileSync(children, "utf8") !== "", "a first member");
    child.kill("SIGHUP");
    expect(await ready).toEqual(["ready"]);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  test("when the primary exits, members that are too busy to hear of it are killed", async () => {
    const child = spawn(process.execPath, [memberModule("busy"), "--primary"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const pid = Number(line);
    expect(alive(pid)).toBe(true);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([3, null]);
    await eventually(() => !alive(pid), "an end of its member");
  });

  test("when the primary is killed, its members close what they have, and go", async () => {
    const running = await program();
    const ws = await client(running);
    running.child.kill("SIGKILL");
    expect((await ws.closed).code).toBe(1001);
    await eventually(() => !running.pids.some(alive), "an end of its members");
  });
});

test("a pool that gives up says so on stderr, and its program ends with exit code 1", async () => {
  const running = await program({ supervision: { restarts: 1 } });
  const [first, second] = running.pids as [number, number];
  process.kill(first, "SIGKILL");
  process.kill(second, "SIGKILL");
  expect(await running.exit).toBe(1);
  const why = "members died more than 1 times in a minute, the last of SIGKILL: the pool has stopped";
  expect(running.said.at(-1)).toBe(`closed ${why}`);
  expect(running.errors()).toContain(`hawser: ${why}\n`);
});

describe("R16: clocks that jump disturb nobody", () => {
  test("the time of day, by an hour either way", async () => {
    const running = await program({ timeouts: { keepalive: 200, pong: 1000 } });
    const ws = await client(running);
    for (const way of ["hour ahead", "hour back"]) {
      expect(await ask(ws, way)).toBe("done");
      // A whole round of keepalive, and of the members' beats.
      await ws.ping();
      expect(await ask(ws, "hello")).toBe("hello");
    }
    expect(running.pids).toContain(Number(await ask(ws, "pid")));
  });

  test("all of its processes stand still for longer than a member may be silent", async () => {
    const running = await program({ supervision: { silent: 1000, hang: 1200 } });
    const clients = [await client(running), await client(running)];
    const all = [...running.pids, running.child.pid!];
    for (const pid of all) process.kill(pid, "SIGSTOP");
    // The row is about time that passes.
    await setTimeout(1800);
    for (const pid of all) process.kill(pid, "SIGCONT");
    const answers = clients.map((ws) => ask(ws, "pid"));
    expect((await Promise.all(answers)).map(Number).sort((a, b) => a - b)).toEqual(running.pids);
    // And it goes on: two looks later nobody was replaced.
    await setTimeout(1000);
    expect(running.errors()).toBe("");
    expect(running.pids.every(alive)).toBe(true);
  });
});
