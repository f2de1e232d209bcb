// MemberPool: the pool, seen from one of its members.
import type { Sendable } from "../connection/bytes.ts";
import { calls } from "./calls.ts";
import type { Member } from "./member.ts";
import type { Pool } from "./pool.ts";

/** What `startPool` gives in a member. */
export class MemberPool implements Pool {
  readonly role = "member";
  readonly #member: Member;

  /** @internal Use `startPool`. */
  constructor(member: Member) {
    this.#member = member;
  }

  /** As it stands in `pool.stats()`. */
  get member(): number {
    return this.#member.number;
  }

  get url(): string {
    return this.#member.url;
  }

  async send(id: string, data: Sendable): Promise<boolean> {
    return this.#member.call(calls.send(id, data));
  }

  async notify(id: string, value: unknown): Promise<boolean> {
    return this.#member.call(calls.notify(id, value));
  }

  async close(id: string, code = 1000, reason = ""): Promise<boolean> {
    return this.#member.call(calls.close(id, code, reason));
  }
}
