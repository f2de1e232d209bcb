// Patience: how long an attempt to connect may go on, and the one signal that ends all parts of it.
import { HandshakeError } from "../handshake/handshake-error.ts";
import { onAbort } from "../transport/abort-listening.ts";
import type { Clock } from "../transport/clock.ts";
import { Timer } from "../transport/clock.ts";
import { holdProcess } from "../transport/process-hold.ts";

/** Aborts `signal` when `timeouts.handshake` is over, or the application gives up. */
export class Patience extends Timer {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #late: string;
  readonly #release: (() => void) | undefined;
  readonly #ignore: (() => void) | undefined;

  /**
   * @param timeout `timeouts.handshake`, from now on
   * @param late what has not happened when that is over
   */
  constructor(clock: Clock, timeout: number, given: AbortSignal | undefined, late = "there was no answer") {
    super();
    this.#clock = clock;
    this.#timeout = timeout;
    this.#late = late;
    const giveUp = () => this.#controller.abort(given?.reason);
    if (given?.aborted === true) giveUp();
    else this.#ignore = given && onAbort(given, giveUp);
    if (timeout === Number.POSITIVE_INFINITY) return;
    clock.schedule(this, clock.now() + timeout);
    // There may be no socket yet that would: a lookup, a proxy's agent or the application's own function is waited for.
    this.#release = holdProcess();
  }

  /** Its reason is what `connect` rejects with. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  override expired(): void {
    const message = `${this.#late} within ${this.#timeout} ms (timeouts.handshake)`;
    this.#controller.abort(new HandshakeError(message, { status: 0 }));
  }

  /** It is over, one way or the other. */
  end(): void {
    this.#clock.cancel(this);
    this.#ignore?.();
    this.#release?.();
  }
}

/**
 * What a promise brings, unless the signal is aborted first.
 *
 * @param late gets what the promise brings when nobody waits for it any more
 * @throws (rejects with) the signal's reason, or what the promise rejects with
 */
export function unlessAborted<Value>(
  signal: AbortSignal,
  promise: PromiseLike<Value>,
  late: (value: Value) => void,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    promise.then(
      (value) => {
        signal.removeEventListener("abort", abort);
        if (signal.aborted) late(value);
        else resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener("abort", abort);
        reject(error);
      },
    );
  });
}
