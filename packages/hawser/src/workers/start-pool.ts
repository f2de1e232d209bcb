// startPool: one port, served by many processes, each watched and replaced.
import { memberHere } from "./member.ts";
import { MemberPool } from "./member-pool.ts";
import { type PoolOptions, resolvePool } from "./options.ts";
import { PrimaryPool } from "./primary-pool.ts";

/**
 * Starts members that serve one port, and watches over them.
 *
 * Called in a member (by the module that it runs), it says what that member serves with, and returns the pool as it is seen there.
 *
 * @returns the pool, when it listens and every member is ready
 * @throws (rejects with) TypeError or RangeError for wrong options; Error with what a member could not load, as its `cause`; the
 *   system's error if it cannot listen (EADDRINUSE)
 */
export async function startPool(options: PoolOptions): Promise<PrimaryPool | MemberPool> {
  const settings = resolvePool(options);
  const member = memberHere();
  if (member !== undefined) {
    member.adopt(options);
    return new MemberPool(member);
  }
  const pool = new PrimaryPool(settings);
  await pool.start();
  return pool;
}

/**
 * The pool that this process is a member of, for a module that has not started it itself; undefined elsewhere.
 */
export function currentPool(): MemberPool | undefined {
  const member = memberHere();
  return member && new MemberPool(member);
}
