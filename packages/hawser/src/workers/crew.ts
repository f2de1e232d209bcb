// Crew: the members of a pool that are there now, which of them is next, and which of them hang.
import { type MemberOwner, MemberProcess } from "./member-process.ts";
import type { PoolSettings } from "./options.ts";

/** How often members are looked after, in milliseconds. */
export const LOOK = 500;

/** What matters of a member for who is next. */
export type Fitness = Pick<MemberProcess, "phase" | "tight" | "lastHeard" | "load">;

/**
 * The one with the fewest sockets, of those that are ready, have room, and speak.
 *
 * @param since who was not heard since then does not
 */
export function fittest<Member extends Fitness>(
  members: Iterable<Member>,
  since: number,
): Member | undefined {
  let best: Member | undefined;
  for (const member of members) {
    if (member.phase !== "ready" || member.tight || member.lastHeard < since) continue;
    if (best === undefined || member.load < best.load) best = member;
  }
  return best;
}

export class Crew implements Iterable<MemberProcess> {
  /** Where clients connect to, for members to know. */
  url = "";
  readonly #settings: PoolSettings;
  readonly #owner: MemberOwner;
  readonly #members = new Set<MemberProcess>();
  #count = 0;
  #lastLook = performance.now();

  constructor(settings: PoolSettings, owner: MemberOwner) {
    this.#settings = settings;
    this.#owner = owner;
  }

  [Symbol.iterator](): Iterator<MemberProcess> {
    return this.#members.values();
  }

  /** Those who were not told to go. */
  get staying(): readonly MemberProcess[] {
    return [...this].filter(({ phase }) => phase === "starting" || phase === "ready");
  }

  /** Sockets that all of them have. */
  get load(): number {
    let load = 0;
    for (const member of this) load += member.load;
    return load;
  }

  /** Some are ready, and none of them has memory for more. */
  get tight(): boolean {
    const ready = [...this].filter(({ phase }) => phase === "ready");
    return ready.length > 0 && ready.every(({ tight }) => tight);
  }

  /** Those that load their module still, or have not been heard for long. */
  get deaf(): readonly MemberProcess[] {
    return [...this].filter((member) => member.phase === "starting" || this.#silent(member));
  }

  numbered(number: number): MemberProcess | undefined {
    return [...this].find((member) => member.number === number);
  }

  fork(): MemberProcess {
    this.#count += 1;
    const member = new MemberProcess(this.#count, this.url, this.#settings, this.#owner);
    this.#members.add(member);
    return member;
  }

  remove(member: MemberProcess): void {
    this.#members.delete(member);
  }

  /** Who gets the next socket. */
  next(): MemberProcess | undefined {
    return fittest(this, performance.now() - this.#settings.supervision.silent);
  }

  #silent({ lastHeard }: MemberProcess): boolean {
    return performance.now() - lastHeard > this.#settings.supervision.silent;
  }

  /** Kills those that hang. Where we are late ourselves, that they were not heard says nothing about them. */
  look(): void {
    const now = performance.now();
    const late = now - this.#lastLook > 2 * LOOK;
    this.#lastLook = now;
    if (late) return;
    const { hang, start } = this.#settings.supervision;
    for (const member of this) {
      if (member.phase === "leaving") continue;
      const silence = now - member.lastHeard;
      if (member.phase === "starting" && silence > start) member.kill(`${start} ms to start`);
      else if (member.phase === "ready" && silence > hang) member.kill(`${hang} ms to say that it lives`);
    }
  }
}
