// Counts messages: for so long to warm up, then for so long to print how many came in a second.
const [, , url, warmup, seconds] = process.argv;
let messages = 0;
let characters = 0;

export { url };

/** Called for each message. */
export function count(length) {
  messages += 1;
  characters += length;
}

setTimeout(() => {
  const before = messages;
  const since = performance.now();
  setTimeout(() => {
    if (characters !== messages * 128) throw new Error("a message has another length than was sent");
    console.log(((messages - before) / (performance.now() - since)) * 1000);
    process.exit();
  }, Number(seconds) * 1000);
}, Number(warmup) * 1000);
