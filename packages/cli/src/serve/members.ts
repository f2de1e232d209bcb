// What members do, followed from outside of the pool, and put into words where nobody told them to.
import { subscribe } from "node:diagnostics_channel";
import type { MemberEvent } from "hawser";

/** All members of this process's pool, from now on. */
export class Members {
  #tell: (text: string) => void = () => undefined;
  /** Those that are ready, by their numbers. */
  readonly #ready = new Set<number>();
  /** Those that a new crew replaces, while it starts. */
  #outgoing: ReadonlySet<number> | undefined;
  #onLeaving: (() => void) | undefined;

  constructor() {
    subscribe("hawser:pool:member", (event) => {
      if (isMemberEvent(event)) this.#changed(event);
    });
  }

  /** From now on, tells with a line that a member died, and that one is there in its place. */
  tellWith(tell: (text: string) => void): void {
    this.#tell = tell;
  }

  /**
   * Runs what starts a whole new crew: that its members do is no news.
   *
   * @returns once the new ones are ready and the old ones, if there are any, are told to go
   * @throws what it throws
   */
  async renewed(renew: () => Promise<unknown>): Promise<void> {
    this.#outgoing = new Set(this.#ready);
    const leaving = new Promise<void>((resolve) => {
      this.#onLeaving = resolve;
    });
    try {
      await Promise.race([renew(), leaving]);
    } finally {
      this.#outgoing = undefined;
    }
  }

  #changed({ member, pid, phase, why }: MemberEvent): void {
    const renewing = this.#outgoing !== undefined;
    const name = `member ${member} (pid ${pid ?? "none"})`;
    const wasReady = this.#ready.has(member);
    if (phase !== "ready") this.#ready.delete(member);
    switch (phase) {
      case "starting":
        if (why !== "") this.#tell(`${name} ${why}`);
        return;
      case "ready":
        this.#ready.add(member);
        if (why !== "") this.#tell(`${name} ${why}`);
        else if (!wasReady && !renewing) this.#tell(`${name} is there in its place`);
        return;
      case "leaving":
        if (this.#outgoing?.has(member) === true) this.#onLeaving?.();
        if (why !== "") this.#tell(`${name} ${why}`);
        return;
      case "gone":
        if (why === "" || (renewing && !wasReady)) return;
        this.#tell(wasReady ? `${name} ended: ${why}` : `${name} could not start: ${why}`);
        return;
      default:
        phase satisfies never;
    }
  }
}

function isMemberEvent(event: unknown): event is MemberEvent {
  return typeof event === "object" && event !== null && "member" in event && "phase" in event;
}
