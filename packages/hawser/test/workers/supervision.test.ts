// The pool looks after its members: R12 (killed), R13 (hanging), R14 (restarts), and when it gives up.
import { setTimeout } from "node:timers/promises";
import { type AnyConnection, connect, type HandshakeError } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask, client, eventually, type PrimaryPool, pidOf, startPool } from "./support.ts";

/** A connection to a member of this kind. */
async function until(pool: PrimaryPool, wanted: (pid: number) => boolean): Promise<AnyConnection> {
  for (;;) {
    const ws = await client(pool);
    if (wanted(await pidOf(ws))) return ws;
  }
}

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

test("R9: a handler that blocks its loop: its connections live, others go elsewhere, and the statistics show it", async () => {
  const timeouts = { keepalive: 300, pong: 300 };
  const pool = await startPool("echo", { timeouts, supervision: { silent: 1000, hang: 60_000 } });
  const blocking = await client(pool);
  const victim = await pidOf(blocking);
  const innocent = await until(pool, (pid) => pid === victim);
  blocking.send("block for a while");
  // The row is about time that passes: when it has been silent for long enough, it is handed no more.
  await setTimeout(1500);
  const others = await Promise.all(Array.from({ length: 6 }, async () => pidOf(await client(pool))));
  expect(others).not.toContain(victim);
  expect(await blocking.receive()).toBe("done");
  // For longer than a pong may take, nobody could answer: and nobody is blamed.
  expect(await ask(innocent, "hello")).toBe("hello");
  await eventually(
    () => Math.max(...pool.stats().members.map(({ loopDelay }) => loopDelay)) >= 1000,
    "the delay",
  );
  expect(pool.stats().restarts).toBe(0);
});

test("R17: members that run out of memory turn connections away, and live", async () => {
  const pool = await startPool("heavy", { execArgv: ["--max-old-space-size=64"] });
  const pids = pool.stats().members.map(({ pid }) => pid);
  const clients: AnyConnection[] = [];
  const statuses = new Set<number>();
  for (let count = 0; pool.stats().shed < 100 && count < 200; count += 1) {
    const coming = Array.from({ length: 20 }, () => connect(pool.url));
    for (const outcome of await Promise.allSettled(coming)) {
      if (outcome.status === "fulfilled") clients.push(outcome.value);
      else statuses.add((outcome.reason as HandshakeError).status);
    }
  }
  onTestFinished(async () => void (await Promise.all(clients.map((ws) => ws.terminate()))));
  expect([...statuses]).toEqual([503]);
  // Who is in stays in, and is served.
  expect(clients.length).toBeGreaterThan(50);
  expect(clients.filter(({ phase }) => phase !== "open")).toEqual([]);
  for (const ws of clients.slice(-3)) {
    await ws.receive();
    expect(await ask(ws, "hello")).toBe("hello");
  }
  expect(pool.stats().members.map(({ pid }) => pid)).toEqual(pids);
  // Whoever goes makes room.
  await Promise.all(clients.splice(0, clients.length / 2).map((ws) => ws.terminate()));
  for (;;) {
    const ws = await connect(pool.url).catch(() => undefined);
    if (ws === undefined) continue;
    clients.push(ws);
    break;
  }
  expect(pool.stats().restarts).toBe(0);
}, 60_000);

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
  const pool = await startPool("echo", { workers: 1, supervision: { restarts: 2 } });
  for (let count = 0; count < 3; count += 1) {
    // Those that do not live long are replaced after a while only: this waits for the next.
    const ws = await client(pool);
    ws.send("die");
    expect(await gone(ws)).toBe(1006);
  }
  expect(String((await pool.closed).error)).toBe(
    "Error: members died more than 2 times in a minute, the last of exit code 7: the pool has stopped",
  );
  expect(pool.stats()).toMatchObject({ restarts: 3, members: [] });
  await expect(connect(pool.url)).rejects.toMatchObject({ status: 0 });
});
