// The pool looks after its members: R12 (killed), R13 (hanging), R14 (restarts), and when it gives up.
import { type AnyConnection, connect } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";

type Pool = Awaited<ReturnType<typeof startPool>>;

import { ask, client, eventually, pidOf, startPool } from "./support.ts";

const gone = async (ws: AnyConnection) => (await ws.closed).code;

test("R12: a member that is killed is replaced; the port is open all the while, and the others do not notice", async () => {
  const pool = await startPool("echo");
  const clients = await Promise.all([client(pool), client(pool), client(pool), client(pool)]);
  const pids = await Promise.all(clients.map(pidOf));
  const victim = pids[0]!;
  process.kill(victim, "SIGKILL");
  // From this moment on, and until long after.
  for (let count = 0; count < 50; count += 1) {
    const ws = await client(pool);
    expect(await ask(ws, `hello ${count}`)).toBe(`hello ${count}`);
    await ws.close();
  }
  for (const [index, ws] of clients.entries()) {
    if (pids[index] === victim) expect(await gone(ws)).toBe(1006);
    else expect(await ask(ws, "still there?")).toBe("still there?");
  }
  await eventually(
    () => pool.stats().members.filter(({ phase }) => phase === "ready").length === 2,
    "two again",
  );
  expect(pool.stats().restarts).toBe(1);
});

test("R12: sockets that were on their way to a member when it died go to another", async () => {
  const pool = await startPool("echo");
  const [first] = pool.stats().members;
  process.kill(first!.pid!, "SIGSTOP");
  // Half of these are handed to the one that stands still, and wait in its channel.
  const coming = Array.from({ length: 20 }, () => connect(pool.url));
  for (const ws of coming) onTestFinished(async () => void (await (await ws).terminate()));
  await eventually(() => pool.stats().onTheWay > 0 && pool.stats().total.connections > 0, "both halves");
  process.kill(first!.pid!, "SIGKILL");
  const clients = await Promise.all(coming);
  expect(await Promise.all(clients.map((ws) => ask(ws, "hello")))).toEqual(Array(20).fill("hello"));
});

test("R13: a member that hangs gets no new connections, and is killed and replaced", async () => {
  const pool = await startPool("echo", { supervision: { silent: 1200, hang: 2500 } });
  const stuck = await client(pool);
  const victim = await pidOf(stuck);
  stuck.send("block");
  expect(await gone(stuck)).toBe(1006);
  await eventually(() => pool.stats().members.every(({ pid }) => pid !== victim), "another in its place");
  expect(pool.stats().restarts).toBe(1);
  expect(await ask(await client(pool), "hello")).toBe("hello");
});

describe("R14: restarts", () => {
  test("new members come before old ones go, and old connections get 1012", async () => {
    const pool = await startPool("echo");
    const clients = await Promise.all([client(pool), client(pool), client(pool)]);
    const before = pool.stats().members.map(({ pid }) => pid);
    let refused = 0;
    let going = true;
    const knocking = (async () => {
      while (going) {
        try {
          const ws = await connect(pool.url);
          expect(await ask(ws, "hello")).toBe("hello");
          await ws.close();
        } catch {
          refused += 1;
        }
      }
    })();
    await pool.reload({ spread: 100 });
    going = false;
    await knocking;
    expect(refused).toBe(0);
    expect(await Promise.all(clients.map(gone))).toEqual([1012, 1012, 1012]);
    const after = pool.stats().members.map(({ pid }) => pid);
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(pool.stats().restarts).toBe(0);
  });

  test("shutting down: 1001 to all, and the port is free", async () => {
    let draining = 0;
    const pool = await startPool("echo", { onDraining: () => draining++ });
    const clients = await Promise.all([client(pool), client(pool)]);
    expect(await pool.shutdown()).toEqual({ error: undefined });
    expect(await Promise.all(clients.map(gone))).toEqual([1001, 1001]);
    await expect(connect(pool.url)).rejects.toMatchObject({ status: 0 });
    expect(draining).toBe(1);
  });

  test("the second time at once, whatever a member does", async () => {
    const pool = await startPool("echo", { workers: 1 });
    const ws = await client(pool);
    ws.send("block");
    void pool.shutdown({ deadline: 60_000 });
    expect(await pool.shutdown()).toEqual({ error: undefined });
    expect(await gone(ws)).toBe(1006);
  });
});

test("members that die again and again end the pool, with an error that says so", async () => {
  const pool = await startPool("short-lived", { supervision: { restarts: 3 } }).catch(
    (error: unknown) => error,
  );
  // It may not even have come to be.
  const error = "closed" in (pool as object) ? (await (pool as Pool).closed).error : pool;
  expect(String(error)).toMatch(
    /members died more than 3 times in a minute, the last by exit code 3|before it was ready/,
  );
});
