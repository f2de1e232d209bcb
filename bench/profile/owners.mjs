// Whose time it was: that of the kernel, of Node, of Hawser, of the garbage collector.

/** Native calls that are little but a call of the kernel. */
const kernelCalls = new Set([
  "writeBuffer",
  "writev",
  "writeLatin1String",
  "writeUtf8String",
  "shutdown",
  "close",
  "getpeername",
]);

/** In the order in which they are shown; what no pattern fits is native code of Node and of V8. */
const owners = [
  {
    owner: "write, shutdown, close of the kernel",
    fits: ({ name, place }) => place === "" && kernelCalls.has(name),
  },
  { owner: "Hawser", fits: ({ place }) => /^(hawser\/|wasm:)/.test(place) },
  { owner: "Node's JavaScript, zlib included", fits: ({ place }) => place.startsWith("node:") },
  { owner: "garbage collector", fits: ({ name }) => name === "(garbage collector)" },
  { owner: "outside of JavaScript: reads, epoll, libuv", fits: ({ name }) => name === "(program)" },
  { owner: "the benchmark's program", fits: ({ place }) => place.startsWith("bench/") },
  { owner: "native code of Node and V8", fits: () => true },
];

/** A table: share of the time, and whose. */
export function ownersOfTime(root) {
  const times = new Map(owners.map(({ owner }) => [owner, 0]));
  const visit = (call) => {
    const { owner } = owners.find(({ fits }) => fits(call));
    times.set(owner, times.get(owner) + call.self);
    call.children.forEach(visit);
  };
  visit(root);
  return [...times]
    .filter(([, time]) => time > 0)
    .map(([owner, time]) => {
      const share = `${((100 * time) / root.total).toFixed(1)} %`;
      return `${share.padStart(7)}   ${owner}`;
    })
    .join("\n");
}
