// Connections are found by their ids, from the primary and from any member, and what is under way is bounded.
import { type AnyConnection, currentPool, LimitError } from "hawser";
import { describe, expect, test } from "vitest";
import { CallsUnderWay, calls } from "../../src/workers/calls.ts";
import { ask, client, type PrimaryPool, startPool } from "./support.ts";

/** A connection that says its id, and the id. */
async function named(pool: PrimaryPool, path = "/id"): Promise<{ ws: AnyConnection; id: string }> {
  const ws = await client(pool, path);
  const id = String(await ws.receive());
  expect(id).toMatch(/^[12]-\d+$/);
  return { ws, id };
}

describe("from the primary", () => {
  test("send, close, and nobody there", async () => {
    const pool = await startPool("resources");
    const { ws, id } = await named(pool);
    expect(await pool.send(id, "from outside")).toBe(true);
    expect(await ws.receive()).toBe("from outside");
    expect(await pool.send(id, new Uint8Array([1, 2]))).toBe(true);
    expect(await ws.receive()).toEqual(new Uint8Array([1, 2]));
    // A view of a part, as whatever kind of view.
    expect(await pool.send(id, new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2))).toBe(true);
    expect(await ws.receive()).toEqual(new Uint8Array([2, 3]));
    await expect(pool.notify(id, "a")).rejects.toThrow("notify() needs a behaviour on this connection");
    expect(await pool.close(id, 4000, "enough")).toBe(true);
    expect(await ws.closed).toMatchObject({ code: 4000, reason: "enough" });
    for (const nobody of [id, "1-999", "77-1", "nonsense", ""]) {
      expect([nobody, await pool.send(nobody, "a")]).toEqual([nobody, false]);
    }
  });

  test("notify", async () => {
    const pool = await startPool("resources");
    const { ws, id } = await named(pool, "/notices");
    expect(await pool.notify(id, { list: [1, "two"] })).toBe(true);
    expect(await ws.receive()).toBe('{"list":[1,"two"]}');
  });

  test("what is wrong is said where it is called", async () => {
    const pool = await startPool("resources", { workers: 1 });
    await expect(pool.send("1-1", 7 as never)).rejects.toThrow("a message must be a string");
    await expect(pool.send(7 as never, "a")).rejects.toThrow("named by its id, a string, not number");
    await expect(pool.close("1-1", 999)).rejects.toThrow(RangeError);
    await expect(pool.close("1-1", 1000, "a".repeat(200))).rejects.toThrow(RangeError);
    await expect(pool.notify("1-1", () => undefined)).rejects.toThrow("could not be cloned");
  });
});

test("from a member: to itself, to another, and to nobody", async () => {
  const pool = await startPool("resources");
  const [caller, first, second] = [await client(pool, "/calls"), await named(pool), await named(pool)];
  const call = (...words: unknown[]) => ask(caller, JSON.stringify(words));
  expect(new Set([first, second].map(({ id }) => id.split("-")[0]))).toEqual(new Set(["1", "2"]));
  for (const { ws, id } of [first, second]) {
    expect(await call("send", id, `to ${id}`)).toBe("true");
    expect(await ws.receive()).toBe(`to ${id}`);
    expect(await call("close", id, 999)).toMatch(/^"RangeError: .*999/);
    expect(await call("close", id, 4001, "bye")).toBe("true");
    expect(await ws.closed).toMatchObject({ code: 4001, reason: "bye" });
    expect(await call("send", id, "too late")).toBe("false");
  }
  const { ws, id } = await named(pool, "/notices");
  expect(await call("notify", id, { a: 1 })).toBe("true");
  expect(await ws.receive()).toBe('{"a":1}');
});

test("a member that stands still is nobody else's trouble", async () => {
  const pool = await startPool("resources");
  const [first, second] = [await named(pool), await named(pool)];
  const of = ({ id }: { id: string }) =>
    pool.stats().members.find(({ member }) => member === Number(id.split("-")[0]))!.pid!;
  process.kill(of(first), "SIGSTOP");
  const asked = Array.from({ length: 10_000 }, () => pool.notify(first.id, 1).catch(() => "refused there"));
  await expect(pool.send(first.id, "one too many")).rejects.toMatchObject({
    code: "ERR_HAWSER_LIMIT",
  });
  expect(await pool.send(second.id, "hello")).toBe(true);
  expect(await second.ws.receive()).toBe("hello");
  process.kill(of(first), "SIGCONT");
  expect(new Set(await Promise.all(asked))).toEqual(new Set(["refused there"]));
  expect(await pool.send(first.id, "again")).toBe(true);
});

test("outside of a pool there is no current one", () => {
  expect(currentPool()).toBeUndefined();
});

describe("what is under way", () => {
  test("is at most ten thousand calls", async () => {
    const underWay = new CallsUnderWay();
    const begun = Array.from({ length: 10_000 }, () => underWay.begin(calls.close("1-1", 1000, "")));
    expect(() => underWay.begin(calls.close("1-1", 1000, ""))).toThrow(LimitError);
    underWay.answered({ hawser: "answer", number: begun[0]!.asked.number, found: true });
    expect(await begun[0]!.answer).toBe(true);
    underWay.begin(calls.close("1-1", 1000, ""));
    underWay.abandon();
    expect(await Promise.all(begun.slice(1).map(({ answer }) => answer))).toEqual(Array(9999).fill(false));
  });

  test("is at most 16 MiB, but for one that is larger by itself", () => {
    const underWay = new CallsUnderWay();
    const large = underWay.begin(calls.send("1-1", new Uint8Array(20 * 1024 * 1024)));
    expect(() => underWay.begin(calls.send("1-1", ""))).toThrow(/await them/);
    underWay.answered({ hawser: "answer", number: large.asked.number, found: true });
    underWay.begin(calls.send("1-1", "a".repeat(15 * 1024 * 1024)));
    expect(() => underWay.begin(calls.notify("1-1", "a".repeat(1024 * 1024)))).toThrow(LimitError);
  });

  test("what was thrown elsewhere is thrown here, a limit as a limit", async () => {
    const underWay = new CallsUnderWay();
    const [one, other] = [underWay.begin(calls.send("1-1", "a")), underWay.begin(calls.send("1-1", "a"))];
    const answer = { hawser: "answer", found: false, error: "on purpose" } as const;
    underWay.answered({ ...answer, number: one.asked.number });
    underWay.answered({ ...answer, number: other.asked.number, limited: true });
    await expect(one.answer).rejects.toThrow("on purpose");
    await expect(other.answer).rejects.toThrow(LimitError);
    // An answer that nobody waits for.
    underWay.answered({ hawser: "answer", number: 7, found: true });
  });
});
