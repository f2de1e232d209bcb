// The pool: sockets go to members evenly, members are found by the names of their connections, and what is wrong is said.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { connect, type MemberEvent, type PoolStats, type PrimaryPool } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { RawClient } from "../support/raw-client.ts";
import { ask, client, eventually, memberModule, pidOf, start, startPool } from "./support.ts";

test("connections go to the member with the fewest: of a thousand none of four has more than 300", async () => {
  const pool = await startPool("echo", { workers: 4 });
  const clients: RawClient[] = [];
  for (let count = 0; count < 1000; count += 50) {
    clients.push(...(await Promise.all(Array.from({ length: 50 }, () => RawClient.open(pool.port)))));
  }
  await eventually(() => pool.stats().total.connections === 1000, "a thousand connections");
  const counts = pool.stats().members.map(({ connections }) => connections);
  expect(Math.max(...counts)).toBeLessThanOrEqual(300);
  expect(counts).toHaveLength(4);
  for (const { socket } of clients) socket.destroy();
  await eventually(() => pool.stats().total.connections === 0, "nobody");
});

describe("TLS, Unix sockets, resources", () => {
  test("TLS is spoken by the members, and a new certificate holds for whoever comes then", async () => {
    const [first, second] = [certificateFor("first"), certificateFor("second")];
    const pool = await startPool("echo", { tls: first });
    const before = await client(pool);
    expect(await ask(before, "a")).toBe("a");
    pool.setTls(second);
    expect(await subjects(pool, 4)).toEqual(["second"]);
    expect(await ask(before, "b")).toBe("b");

    // So it does in members that come later.
    await pool.reload({ spread: 0 });
    expect((await before.closed).code).toBe(1012);
    expect(await subjects(pool, 4)).toEqual(["second"]);

    expect(() => pool.setTls({ key: "none", cert: "none" })).toThrow("PEM");
    expect(await subjects(pool, 4)).toEqual(["second"]);
  });

  test("without TLS there is no certificate to replace", async () => {
    const pool = await startPool("echo", { workers: 1 });
    expect(() => pool.setTls(certificateFor("late"))).toThrow("setTls() needs a pool");
  });

  test("a Unix socket", async () => {
    const pool = await startPool("echo", { socketPath: join(tmpdir(), `hawser-pool-${process.pid}.sock`) });
    expect(pool.url).toMatch(/^ws\+unix:/);
    expect(await ask(await client(pool, ":/"), "hello")).toBe("hello");
  });

  test("a map of resources, a behaviour among them", async () => {
    const pool = await startPool("resources");
    const ws = await client(pool, "/count");
    expect([await ask(ws, "a"), await ask(ws, "b")]).toEqual(["a 1", "b 2"]);
  });
});

test("an ES module that was compiled to CommonJS", async () => {
  const module = fileURLToPath(new URL("./members/transformed.cjs", import.meta.url));
  const pool = await startPool("echo", { module, workers: 1 });
  expect(await ask(await client(pool), "hello")).toBe("hello");
});

test("a list of handlers with paths", async () => {
  const pool = await startPool("list");
  expect(await (await client(pool, "/rooms/tea")).receive()).toBe("tea");
  expect(await ask(await client(pool, "/echo"), "hello")).toBe("hello");
  await expect(connect(`${pool.url}/elsewhere`)).rejects.toMatchObject({ status: 404 });
});

describe("limits", () => {
  test("beyond the pool's connections: 503 with Retry-After, before any member hears of it", async () => {
    const pool = await startPool("echo", { connections: 2 });
    const two = [await client(pool), await client(pool)];
    expect(await Promise.all(two.map((ws) => ask(ws, "hi")))).toEqual(["hi", "hi"]);
    const error = await connect(pool.url).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 503 });
    expect((error as { headers: { get(name: string): string } }).headers.get("retry-after")).toBe("1");
    expect(pool.stats().total.shed).toBe(0);
  });
});

describe("what is wrong is said at once", () => {
  test.each([
    ["no-default", "the default export of"],
    ["misspelt", 'has no option "mesage"'],
    ["throws", "not today"],
    ["missing", "Cannot find module"],
    ["throws-nothing", "it threw an object"],
  ])("with the module %s", async (module, message) => {
    const error = await startPool(module).catch((reason: unknown) => reason);
    expect(String(error)).toContain(`a member could not start: `);
    expect(String(error)).toContain(message);
    // Where it was thrown, for whoever wants to know.
    const { stack } = (error as Error & { cause: Error }).cause;
    if (module !== "throws-nothing") expect(stack).toContain(module);
  });

  test.each([
    ["getter", "it threw an error that cannot be read"],
    ["parts", "() => "],
  ])("with an error that is strange in its %s", async (how, message) => {
    process.argv.splice(2, 0, how);
    onTestFinished(() => void process.argv.splice(2, 1));
    await expect(startPool("unreadable", { workers: 1 })).rejects.toThrow(message);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ module: "" }, "module must be a path or a URL"],
    [{ module: 7 }, "module must be a path or a URL"],
    [{ workers: 0 }, "workers must be a whole number above 0"],
    [{ workers: "many" }, "workers must be a number"],
    [{ port: undefined }, "exactly one of"],
    [{ listener: 1 }, 'has no option "listener"'],
    [{ clock: 1 }, 'has no option "clock"'],
    [{ supervision: { hang: -1 } }, "supervision.hang must be"],
    [{ supervision: { hung: 1 } }, 'no option "hung"'],
    [{ supervision: { silent: 999 } }, "supervision.silent must be at least 1000, not 999"],
    [{ supervision: { hang: 2999 } }, "supervision.hang must be at least supervision.silent, 3000, not 2999"],
    [{ execArgv: "--inspect" }, "execArgv must be an array of strings"],
    [{ connections: 0 }, "connections must be"],
    [{ onReady: 1 }, "onReady must be a function"],
    [{ signals: 1 }, "signals must be true or false"],
    [{ limits: { head: 0 } }, "limits.head"],
  ])("%j", async (changes, message) => {
    const options = { module: memberModule("echo"), port: 0, ...changes };
    await expect(start(options as never)).rejects.toThrow(message);
  });

  test("in a hook: startPool rejects with it, and leaves nothing behind", async () => {
    const onReady = () => {
      throw new Error("not today");
    };
    const before = new Set(children());
    let pids: readonly string[] = [];
    const noted = () => {
      pids = children().filter((pid) => !before.has(pid));
      onReady();
    };
    await expect(startPool("echo", { onReady: noted })).rejects.toThrow("not today");
    expect(pids).toHaveLength(2);
    await eventually(() => !children().some((pid) => pids.includes(pid)), "the end of the members");
  });

  test("at the start: then nobody takes the place of those who could not", async () => {
    const seen: MemberEvent[] = [];
    const note = (event: unknown) => void seen.push(event as MemberEvent);
    subscribe("hawser:pool:member", note);
    onTestFinished(() => void unsubscribe("hawser:pool:member", note));
    await expect(startPool("throws", { workers: 1 })).rejects.toThrow("not today");
    await eventually(() => seen.some(({ phase }) => phase === "gone"), "the end of the member");
    expect(seen.map(({ member, phase }) => [member, phase])).toEqual([[1, "gone"]]);
    expect(seen[0]?.why).toContain("not today");
  });

  test("a module that is never done loading", async () => {
    const pool = startPool("never", { workers: 1, supervision: { start: 600 } });
    await expect(pool).rejects.toThrow("a member ended before it was ready: killed: it had 600 ms to start");
  });

  test("a port that is taken", async () => {
    const pool = await startPool("echo", { workers: 1 });
    await expect(startPool("echo", { port: pool.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

/** The processes of this one. */
function children(): readonly string[] {
  return readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean);
}

/** Whose certificates so many clients are shown. */
async function subjects(pool: PrimaryPool, count: number): Promise<string[]> {
  const names = new Set<string>();
  for (let done = 0; done < count; done += 1) {
    const socket = connectTls({ port: pool.port, host: "127.0.0.1", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    names.add(String(socket.getPeerCertificate().subject.CN));
    socket.destroy();
  }
  return [...names];
}

test("says how its members fare", async () => {
  let ready = 0;
  const pool = await startPool("echo", { onReady: () => ready++ });
  const ws = await client(pool);
  const pid = await pidOf(ws);
  const other = await client(pool);
  await ask(other, "hello");
  await other.close();
  const { stats } = await settled(pool, ({ total }) => total.connections === 1 && total.messages.sent === 2);
  expect(stats).toMatchObject({
    restarts: 0,
    onTheWay: 0,
    shed: 0,
    total: { connections: 1, accepted: 2, refused: 0, shed: 0, messages: { sent: 2, received: 2 } },
  });
  // Masked frames of 3 and 5 bytes, a Close with a code; answers without masks.
  expect(stats.total.bytes).toEqual({
    received: 6 + 3 + (6 + 5) + (6 + 2),
    sent: 2 + String(pid).length + (2 + 5) + (2 + 2),
  });
  expect(stats.members.map(({ phase }) => phase)).toEqual(["ready", "ready"]);
  expect(stats.members.map((member) => member.pid)).toContain(pid);
  expect(stats.members.map((member) => member.messages.received)).toEqual([1, 1]);
  expect(stats.total.memory).toBeGreaterThan(1024 * 1024);
  expect(ready).toBe(1);
});

/** The statistics, once they are as expected: members tell them twice a second. */
async function settled(pool: PrimaryPool, expected: (stats: PoolStats) => boolean) {
  await eventually(
    () => expected(pool.stats()),
    () => JSON.stringify(pool.stats()),
  );
  return { stats: pool.stats() };
}
