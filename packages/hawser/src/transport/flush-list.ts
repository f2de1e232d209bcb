// Who has output that nobody flushed: all of it goes out before the loop turns.

/** Something with output. */
export interface Flushable {
  /** Flush now: the turn in which you were listed is over. */
  flushListed(): void;
}

// One tick for all: a broadcast to a thousand connections costs a thousand entries in an array, not a thousand tick objects.
const listed: Flushable[] = [];

/** Has the output flushed on `process.nextTick`. It may be listed once at a time. */
export function flushThisTurn(output: Flushable): void {
  if (listed.push(output) === 1) process.nextTick(flushAll);
}

function flushAll(): void {
  // What a flush adds (by a stream that answers from inside `write`) belongs to the same tick: the loop sees it.
  for (const output of listed) output.flushListed();
  listed.length = 0;
}
