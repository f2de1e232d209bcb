// The middle and the spread of a few numbers.

/** @returns the median, the lowest and the highest */
export function spread(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return { median: median(sorted), low: sorted[0], high: sorted.at(-1) };
}

function median(sorted) {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The ratios of two candidates, round by round: what disturbs the machine for longer disturbs both. */
export function ratios(ours, theirs) {
  return spread(ours.map((value, round) => value / theirs[round]));
}
