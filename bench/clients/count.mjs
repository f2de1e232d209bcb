// Counts messages: for so long to warm up, then for so long to print how many came in a second, and what they cost.
import process from "node:process";

const [, , url, warmup, seconds] = process.argv;
const size = 128;
let messages = 0;
let characters = 0;

export { url };

/** Called for each message. */
export function count(length) {
  messages += 1;
  characters += length;
}

// For the profile to be written.
process.on("SIGTERM", () => process.exit());

setTimeout(() => {
  const before = messages;
  const since = performance.now();
  const usedBefore = process.cpuUsage();
  setTimeout(() => {
    if (characters !== messages * size) throw new Error("a message has another length than was sent");
    const passed = (performance.now() - since) / 1000;
    const { user, system } = process.cpuUsage(usedBefore);
    const counted = messages - before;
    const used = user + system;
    console.log(
      JSON.stringify({
        rate: counted / passed,
        serverLoad: used / 1e6 / passed,
        cpuPerMessage: counted > 0 ? used / counted : 0,
      }),
    );
    process.exit();
  }, Number(seconds) * 1000);
}, Number(warmup) * 1000);
