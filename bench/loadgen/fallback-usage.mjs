// Processor time and memory of other processes, summed, where /proc tells; elsewhere 0.
import { readFileSync } from "node:fs";

/** The kernel counts in hundredths of a second. */
const ticks = 100;

/** Seconds of processor time since their start. */
export function processorSeconds(pids) {
  return sum(pids.map(secondsOf));
}

/** KiB of resident memory. */
export function residentKib(pids) {
  return sum(pids.map(kibOf));
}

function sum(numbers) {
  return numbers.reduce((total, one) => total + one, 0);
}

function secondsOf(pid) {
  const line = read(`/proc/${pid}/stat`);
  // The name of the program, in parentheses, may hold spaces: count fields from behind it.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticks;
}

function kibOf(pid) {
  return Number(/^VmRSS:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
