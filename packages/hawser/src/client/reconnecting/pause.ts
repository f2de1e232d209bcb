// A pause between two attempts.
import type { Clock } from "../../transport/clock.ts";
import { Timer } from "../../transport/clock.ts";

/** Resolves `ms` from now by this clock, or as soon as the signal is aborted. Never rejects. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      signal.removeEventListener("abort", wake);
      clock.cancel(alarm);
      resolve();
    };
    const alarm = new Alarm(wake);
    signal.addEventListener("abort", wake, { once: true });
    clock.schedule(alarm, clock.now() + ms);
  });
}

class Alarm extends Timer {
  readonly #ring: () => void;

  constructor(ring: () => void) {
    super();
    this.#ring = ring;
  }

  override expired(): void {
    this.#ring();
  }
}
