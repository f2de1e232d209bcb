// How the process ends, and what must not end it.

/**
 * Whoever reads our output may leave before we do (`hawser serve --demo | head -1`): a write then fails, which is an event
 * that kills a process where nobody listens to it. There is nobody left to be told.
 */
export function surviveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}

/** Ends the process when all that was printed is written, whatever else is still open. */
export function endWith(code: number): void {
  process.stdout.write("", () => {
    process.stderr.write("", () => process.exit(code));
  });
}
