// Listening to a signal of the application's: one signal may end thousands of waits, and Node takes more than ten listeners for a leak.

/** Who waits with a signal. Each has an object of its own, since two may wait with the same function. */
type Waiting = Set<{ readonly listener: () => void }>;

const waitingWith = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls the listener when the signal is aborted, which it is not yet.
 *
 * @returns a function that stops listening
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const waiting = waitingWith.get(signal) ?? attend(signal);
  const entry = { listener };
  waiting.add(entry);
  return () => {
    waiting.delete(entry);
    if (waiting.size > 0 || waitingWith.get(signal) !== waiting) return;
    waitingWith.delete(signal);
    signal.removeEventListener("abort", tellAll);
  };
}

function attend(signal: AbortSignal): Waiting {
  const waiting: Waiting = new Set();
  waitingWith.set(signal, waiting);
  signal.addEventListener("abort", tellAll, { once: true });
  return waiting;
}

function tellAll(this: AbortSignal): void {
  const waiting = waitingWith.get(this);
  waitingWith.delete(this);
  // A set that changes meanwhile leaves out who was deleted before their turn.
  for (const { listener } of waiting ?? []) listener();
}
