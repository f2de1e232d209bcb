// Which functions took longest by themselves, whoever called them.

const shown = 40;

/** A table: share of the time spent in a function itself, share with all that it calls, its name and place. */
export function selfTimes(root) {
  const functions = new Map();
  collect(root, functions, new Set());
  const longest = [...functions.values()].toSorted((a, b) => b.self - a.self).slice(0, shown);
  const share = (time) => `${((100 * time) / root.total).toFixed(1)} %`.padStart(7);
  const lines = longest.map(({ self, total, name, place }) =>
    `${share(self)} ${share(total)}   ${name}   ${place}`.trimEnd(),
  );
  return ["   self   total   function", ...lines].join("\n");
}

/** @param above the functions that called this one: a recursion counts once */
function collect(call, functions, above) {
  const key = `${call.name} ${call.place}`;
  const known = functions.get(key) ?? { name: call.name, place: call.place, self: 0, total: 0 };
  functions.set(key, known);
  known.self += call.self;
  const recursion = above.has(key);
  if (!recursion) known.total += call.total;
  above.add(key);
  for (const child of call.children) collect(child, functions, above);
  if (!recursion) above.delete(key);
}
