// Patience: how long an attempt to connect may go on, and the one signal that ends all parts of it.
import { HandshakeError } from "../handshake/handshake-error.ts";
import type { Clock } from "../transport/clock.ts";
import { Timer } from "../transport/clock.ts";

/** Aborts `signal` when `timeouts.handshake` is over, or the application gives up. */
export class Patience extends Timer {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #given: AbortSignal | undefined;
  readonly #giveUp = (): void => this.#controller.abort(this.#given?.reason);

  /** @param timeout `timeouts.handshake`, from now on */
  constructor(clock: Clock, timeout: number, given: AbortSignal | undefined) {
    super();
    this.#clock = clock;
    this.#timeout = timeout;
    this.#given = given;
    if (given?.aborted === true) this.#giveUp();
    else given?.addEventListener("abort", this.#giveUp, { once: true });
    if (timeout !== Number.POSITIVE_INFINITY) clock.schedule(this, clock.now() + timeout);
  }

  /** Its reason is what `connect` rejects with. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  override expired(): void {
    const message = `there was no answer within ${this.#timeout} ms (timeouts.handshake)`;
    this.#controller.abort(new HandshakeError(message, { status: 0 }));
  }

  /** It is over, one way or the other. */
  end(): void {
    this.#clock.cancel(this);
    this.#given?.removeEventListener("abort", this.#giveUp);
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
