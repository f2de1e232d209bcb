// What signals ask of a pool.

/** What a pool does when it is asked. */
export interface Signalled {
  /** The first time gracefully, the second time at once. */
  shutdown(): unknown;
  reload(): unknown;
}

/** Ctrl-C reaches every process of a terminal, and npm passes it on once more: within this time it is one. Milliseconds. */
const SAME_PRESS = 150;

/** Obeys SIGTERM and SIGINT (close), and SIGHUP (restart). Returns how to stop obeying. */
export function obeySignals(pool: Signalled): () => void {
  let last = Number.NEGATIVE_INFINITY;
  const end = () => {
    const now = performance.now();
    const again = now - last < SAME_PRESS;
    last = now;
    if (!again) pool.shutdown();
  };
  const reload = () => void pool.reload();
  process.on("SIGTERM", end).on("SIGINT", end).on("SIGHUP", reload);
  return () => void process.off("SIGTERM", end).off("SIGINT", end).off("SIGHUP", reload);
}
