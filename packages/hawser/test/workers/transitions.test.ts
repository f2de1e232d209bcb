// What happens to a pool while it changes: sockets on the way when it ends, deaths during a renewal, reloads one upon another.
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { connect } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { program } from "./program.ts";
import { ask, client, eventually, pidOf, startPool } from "./support.ts";

function descriptors(pid: number | undefined): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

describe("sockets that are on the way to members that stand still", () => {
  test("arrive when the pool is shut down, and are told so", async () => {
    const pool = await startPool("echo");
    const pids = pool.stats().members.map(({ pid }) => pid!);
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    const coming = Array.from({ length: 20 }, () => connect(pool.url).catch((error: unknown) => error));
    await eventually(() => pool.stats().onTheWay === 20, "twenty on the way");
    const ended = pool.shutdown();
    for (const pid of pids) process.kill(pid, "SIGCONT");
    for (const one of await Promise.all(coming)) {
      // Who had asked in time was let in first.
      if (one instanceof Error) expect(one).toMatchObject({ status: 503 });
      else expect((await (one as { closed: Promise<{ code: number }> }).closed).code).toBe(1001);
    }
    expect(await ended).toEqual({ error: undefined });
    expect(pool.stats().onTheWay).toBe(0);
  });

  test("do not keep members from saying 1001 when the primary is killed", async () => {
    const running = await program();
    const clients = [await connect(running.url), await connect(running.url)];
    for (const ws of clients) onTestFinished(async () => void (await ws.terminate()));
    for (const pid of running.pids) process.kill(pid, "SIGSTOP");
    const before = descriptors(running.child.pid);
    const coming = Array.from({ length: 10 }, () => connect(running.url).catch(() => undefined));
    await eventually(() => descriptors(running.child.pid) >= before + 10, "ten on the way");
    running.child.kill("SIGKILL");
    await once(running.child, "exit");
    for (const pid of running.pids) process.kill(pid, "SIGCONT");
    expect(await Promise.all(clients.map(async (ws) => (await ws.closed).code))).toEqual([1001, 1001]);
    for (const ws of await Promise.all(coming)) await ws?.terminate();
    expect(running.errors()).toBe("");
  });
});

test("peers that take all descriptors of the primary keep no member from being replaced", async () => {
  const supervision = { silent: 1000, hang: 1000 };
  const running = await program({ workers: 1, supervision }, 200);
  const [pid] = running.pids;
  process.kill(pid!, "SIGSTOP");
  const { port } = new URL(running.url);
  const crowd = Array.from({ length: 300 }, () => connectTcp(Number(port), "127.0.0.1"));
  for (const socket of crowd) socket.on("error", () => undefined).resume();
  onTestFinished(() => {
    for (const socket of crowd) socket.destroy();
  });
  await eventually(() => descriptors(running.child.pid) >= 195, "no descriptor left");
  // Killed for saying nothing, it cannot be replaced until those who wait have been turned away.
  await eventually(() => running.errors().includes("EMFILE"), "a fork that fails");
  for (const socket of crowd.splice(150)) socket.destroy();
  let ws = await connect(running.url).catch(() => undefined);
  while (ws === undefined) ws = await connect(running.url).catch(() => undefined);
  expect(await ask(ws, "hello")).toBe("hello");
  await ws.terminate();
});

describe("while a new crew starts", () => {
  test("an old member that dies is replaced", async () => {
    const pool = await startPool("slow", { workers: 1 });
    const [old] = pool.stats().members;
    // The new crew takes as long as this test wants it to.
    process.argv.splice(2, 0, JSON.stringify({ loading: 4000 }));
    const renewed = pool.reload({ spread: 0 });
    await eventually(() => pool.stats().members.length === 2, "the new crew");
    process.argv.splice(2, 1);
    process.kill(old!.pid!, "SIGKILL");
    const ws = await client(pool);
    const pid = await pidOf(ws);
    expect(pool.stats().members.map(({ phase }) => phase)).toContain("starting");
    expect(pid).not.toBe(old?.pid);
    await renewed;
    // It was there for the time between.
    expect((await ws.closed).code).toBe(1012);
    expect(pool.stats().members).toHaveLength(1);
  });

  test("any number of reloads is one more", async () => {
    const pool = await startPool("echo", { workers: 1 });
    await Promise.all(Array.from({ length: 10 }, () => pool.reload({ spread: 0 })));
    expect(pool.stats().members.map(({ member }) => member)).toEqual([2]);
  });

  test("a shutdown ends it", async () => {
    const pool = await startPool("echo");
    const renewed = pool.reload({ spread: 0 });
    await eventually(() => pool.stats().members.length === 4, "the new crew");
    const ended = pool.shutdown();
    await expect(renewed).rejects.toThrow("the pool is shutting down");
    expect(await ended).toEqual({ error: undefined });
    await expect(pool.reload()).rejects.toThrow("the pool is shutting down");
  });

  test("who asks for long is let in by the old one, and then told to come again", async () => {
    const pool = await startPool("slow", { workers: 1 });
    const coming = client(pool);
    await pool.reload({ spread: 0 });
    expect((await (await coming).closed).code).toBe(1012);
  });
});

test("a certificate with functions beside it is refused at the call, and nothing has changed", async () => {
  const tls = certificateFor("first");
  const pool = await startPool("echo", { tls, workers: 1 });
  const withFunction = { ...tls, SNICallback: () => undefined };
  expect(() => pool.setTls(withFunction)).toThrow("key, cert and the like, and no functions");
  await pool.reload({ spread: 0 });
  expect(await ask(await client(pool), "hello")).toBe("hello");
});

describe("startPool in a member", () => {
  test("a second time is refused", async () => {
    await expect(startPool("twice", { workers: 1 })).rejects.toThrow("a module serves one pool");
  });

  test("when it serves already is refused", async () => {
    const pool = await startPool("late", { workers: 1 });
    expect(await ask(await client(pool), "start")).toMatch(
      /^a member serves already: startPool\(\) has to be/,
    );
  });
});
