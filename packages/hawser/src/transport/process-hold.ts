// Holding the process: for whoever waits with no socket open, since the timers of the system clock keep no process alive.

/** The longest that a timer of Node's may be set to, in milliseconds: 24.8 days. */
const longest = 2 ** 31 - 1;

/** Keeps the process alive until the function that it returns is called. */
export function holdProcess(): () => void {
  const hold = setInterval(() => undefined, longest);
  return () => clearInterval(hold);
}
