// The targets: what Hawser is held to in each workload, as ratios within one run, or as KiB per connection.

/** @param ratio the least that counts as met */
const atLeast = (ratio, against) => ({ ratio, against, direction: "at least" });
/** @param ratio the most that counts as met */
const atMost = (ratio, against) => ({ ratio, against, direction: "at most" });

/** Of a pool, in place of the subject below. */
const ofPool = (target) => ({ ...target, subject: "hawser-pool" });

/** The candidate that is held against the targets. */
export const subject = "hawser";

/** Without `against`, the figure itself is meant. */
export const targets = {
  W1: [atLeast(1.15, "ws"), atLeast(0.93, "net")],
  W2: [atLeast(20, "ws"), atLeast(0.8, "bun")],
  W3: [atLeast(3.2, "ws"), atLeast(1.1, "net")],
  W3b: [atLeast(4, "ws"), atLeast(0.95, "bun")],
  W4: [atLeast(1.25, "ws"), atLeast(0.8, "bun")],
  W4p: [atLeast(15, "ws"), atLeast(0.8, "bun")],
  W5: [atMost(5), atMost(1.3, "net")],
  W5z: [atMost(7.5)],
  W6: [atLeast(2.65, "ws"), atLeast(0.65, "bun")],
  W7: [atLeast(1.7, "ws")],
  W8: [atLeast(2, "ws"), atLeast(3, "undici")],
  // A message in a member costs what it costs anywhere, and handing over no more than 0.3 of a handshake.
  P1: [ofPool(atLeast(0.95, "hawser"))],
  P2: [ofPool(atLeast(0.95, "hawser"))],
  P7: [ofPool(atLeast(0.77, "hawser"))],
};
