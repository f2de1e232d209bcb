// A .cpuprofile of V8 as a tree of calls with times.

/** Nothing ran. */
const resting = new Set(["(idle)"]);

/**
 * Times are in microseconds; that of the root is all that was spent, without idling.
 *
 * @param seconds of the end of the profile: before that the program started and warmed up
 * @returns the root: { name, place, self, total, children }
 */
export function callTree({ nodes, samples, timeDeltas, startTime, endTime }, seconds) {
  const calls = new Map(nodes.map((node) => [node.id, callOf(node)]));
  const from = endTime - seconds * 1e6;
  let time = startTime;
  samples.forEach((id, index) => {
    time += timeDeltas[index];
    if (time >= from) calls.get(id).self += timeDeltas[index];
  });
  for (const { id, children = [] } of nodes) {
    calls.get(id).children = children
      .map((child) => calls.get(child))
      .filter(({ name }) => !resting.has(name));
  }
  const root = calls.get(nodes[0].id);
  sum(root);
  return root;
}

function callOf({ callFrame: { functionName, url, lineNumber } }) {
  return {
    name: functionName || "(anonymous)",
    place: placeOf(url, lineNumber),
    self: 0,
    total: 0,
    children: [],
  };
}

/** The file below the package that it belongs to. */
function placeOf(url, line) {
  if (url === "") return "";
  const file = url
    .replace(/^.*\/node_modules\//, "")
    .replace(/^.*\/packages\/(\w+)\/dist\//, "$1/")
    .replace(/^.*\/bench\//, "bench/");
  return `${file}:${line + 1}`;
}

function sum(call) {
  call.total = call.self + call.children.reduce((total, child) => total + sum(child), 0);
  return call.total;
}
