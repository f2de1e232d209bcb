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
  ["write, shutdown, close of the kernel", ({ name, place }) => place === "" && kernelCalls.has(name)],
  ["Hawser", ({ place }) => /^(hawser\/|wasm:)/.test(place)],
  ["Node's JavaScript, zlib included", ({ place }) => place.startsWith("node:")],
  ["garbage collector", ({ name }) => name === "(garbage collector)"],
  ["outside of JavaScript: reads, epoll, libuv", ({ name }) => name === "(program)"],
  ["the benchmark's program", ({ place }) => place.startsWith("bench/")],
  ["native code of Node and V8", () => true],
];

/** A table: share of the time, and whose. */
export function ownersOfTime(root) {
  const times = new Map(owners.map(([owner]) => [owner, 0]));
  const visit = (call) => {
    const [owner] = owners.find(([, fits]) => fits(call));
    times.set(owner, times.get(owner) + call.self);
    call.children.forEach(visit);
  };
  visit(root);
  return [...times]
    .filter(([, time]) => time > 0)
    .map(([owner, time]) => `${((100 * time) / root.total).toFixed(1)} %`.padStart(7) + `   ${owner}`)
    .join("\n");
}
