// Who has output that nobody flushed: all of it goes out before the loop turns.

/** Something with output. */
export interface Flushable {
  /** Flush now: the turn in which you were listed is over. */
  flushListed(): void;
}

// One tick for all: a broadcast to a thousand connections costs a thousand entries in an array, not a thousand tick objects.
let listed: Flushable[] = [];

/** Has the output flushed on `process.nextTick`. It may be listed once at a time. */
export function flushThisTurn(output: Flushable): void {
  if (listed.push(output) === 1) process.nextTick(flushAll);
}

function flushAll(): void {
  // First, so that whatever happens below the list is fit for use: what a flush adds (by a stream that answers from inside
  // `write`) gets a tick of its own, before the loop turns.
  const outputs = listed;
  listed = [];
  for (const output of outputs) {
    try {
      output.flushListed();
    } catch (error) {
      // An uncaught exception like any other, but not at the cost of those behind it, whose streams did nothing.
      process.nextTick(rethrow, error);
    }
  }
}

function rethrow(error: unknown): void {
  throw error;
}
