// What the tests of the pool share: pools that are ended with their test, of the built library, as members are processes.
import { fileURLToPath } from "node:url";
import type * as hawser from "hawser";
import { type AnyConnection, connect, type PoolOptions, type PrimaryPool } from "hawser";
import { expect, onTestFinished } from "vitest";
import * as built from "../../dist/index.js";

export type { PrimaryPool } from "hawser";
export { eventually } from "../serve/support/guard.ts";

/** The members run what was built, and so must whoever starts them: a source has no entry that Node can run. */
export const { startPool: start } = built as unknown as typeof hawser;

/** The module of a member, among those of the tests. */
export function memberModule(name: string): string {
  return fileURLToPath(new URL(`./members/${name}.mjs`, import.meta.url));
}

/** Starts a pool on a free port of 127.0.0.1. */
export async function startPool(module: string, options: Partial<PoolOptions> = {}): Promise<PrimaryPool> {
  const place = options.socketPath === undefined ? { port: 0, host: "127.0.0.1" } : {};
  const pool = await start({
    module: memberModule(module),
    workers: 2,
    signals: false,
    ...place,
    ...options,
  });
  if (!("shutdown" in pool)) throw new Error("this process is no member");
  onTestFinished(async () => {
    void pool.shutdown();
    // The second time at once.
    await pool.shutdown();
  });
  return pool;
}

/** Connects, and is gone with its test. */
export async function client(pool: PrimaryPool, path = "/"): Promise<AnyConnection> {
  const ws = await connect(`${pool.url}${path}`, { tls: { rejectUnauthorized: false } });
  onTestFinished(async () => void (await ws.terminate()));
  return ws;
}

/** Asks for one answer. */
export async function ask(ws: AnyConnection, question: string): Promise<string> {
  ws.send(question);
  const answer = await ws.receive();
  expect(answer, `the answer to ${question}`).toBeTypeOf("string");
  return String(answer);
}

/** The process that serves a connection. */
export async function pidOf(ws: AnyConnection): Promise<number> {
  return Number(await ask(ws, "pid"));
}
