// Crew: the members of a pool that are there now, which of them is next, and which of them hang.
import { type MemberOwner, MemberProcess } from "./member-process.ts";
import type { PoolSettings } from "./options.ts";

/** How often members are looked after, in milliseconds. */
export const LOOK = 500;

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

  /** The one with the fewest sockets, of those that are ready, speak, and have room. */
  next(): MemberProcess | undefined {
    let best: MemberProcess | undefined;
    for (const member of this) {
      if (member.phase !== "ready" || member.tight || this.#silent(member)) continue;
      if (best === undefined || member.load < best.load) best = member;
    }
    return best;
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
